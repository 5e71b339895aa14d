"""Promises of the pictures: valid for Plotly, gaps kept, one hover box, words in both languages."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from chain.days import Period
from chain.metrics import METRICS, metric
from chain.words import Lang
from figures.daily import daily_sales, sparkline
from figures.hours import BY, MEASURES, hour_of_week
from figures.look import Look, Mark, Picture, day_ticks, key_colour, platform_colour
from figures.mix import APART, platform_mix
from figures.ranks import rank_bump
from figures.ticket import ticket_and_orders
from figures.tokens import contrast

PERIOD = Period(date(2026, 10, 19), date(2026, 11, 22))
GAP = date(2026, 11, 3)
LOOKS = [Look(lang, dark, "CNY") for lang in ("en", "zh") for dark in (False, True)]
LOOK = LOOKS[0]


def days(period: Period, *, gap: date | None = None) -> pd.DataFrame:
    """Return ``day``, ``value``, ``gross``, ``orders`` of a period with one day missing."""
    every = [period.start + timedelta(days=i) for i in range(period.days)]
    kept = [day for day in every if day != gap]
    gross = [100_000_00 + 1_000_00 * i for i in range(len(kept))]
    frame = pd.DataFrame({"day": kept, "value": [float(g) for g in gross], "gross": gross})
    return frame.assign(orders=5_000)


MARK = Mark(date(2026, 11, 10), date(2026, 11, 12), "Double 11")


def daily(look: Look, **more: Any) -> Picture:
    past = PERIOD.year_before()
    given = {"value": 110.0, "value_before": 100.0, "gaps": [GAP], "marks": [MARK], **more}
    return daily_sales(
        days(PERIOD, gap=GAP),
        days(past),
        metric=metric("net_sales"),
        period=PERIOD,
        before_period=past,
        look=look,
        than="the year before",
        **given,
    )


def mix(look: Look) -> Picture:
    codes = "alipay wechat meituan jd eleme card cash adyen paypal".split()
    rows = [
        {"day": PERIOD.start + timedelta(days=i), "platform": code, "gross": 1000 * (9 - k)}
        for i in range(5)
        for k, code in enumerate(codes)
    ]
    return platform_mix(pd.DataFrame(rows), look=look)


def hours(look: Look) -> Picture:
    rows = [
        {"weekday": d, "hour": h, "gross": 1000.0 * (d + h), "orders": 3.4}
        for d in range(7)
        for h in range(9, 22)
        if (d, h) != (1, 15)
    ]
    return hour_of_week(pd.DataFrame(rows), look=look)


def ticket(look: Look) -> Picture:
    return ticket_and_orders(
        days(PERIOD, gap=GAP), period=PERIOD, look=look, than="the 5 weeks before",
        before=(1_000_000.0, 50_000.0),
    )  # fmt: skip


def ranks(look: Look) -> Picture:
    rows = [
        {
            "start": date(2026, 10, 5) + timedelta(weeks=w),
            "store_id": store,
            "value": 1.0,
            "rank": (store + w) % 10 + 1,
            "partial": w == 6,
        }
        for w in range(7)
        for store in range(10)
    ]
    names = {store: f"万象城店 {store}" for store in range(10)}
    return rank_bump(pd.DataFrame(rows), names, metric=metric("net_sales"), look=look)


PICTURES = pytest.mark.parametrize("draw", [daily, mix, hours, ticket, ranks])


@PICTURES
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.lang}-{look.dark}")
def test_plotly_accepts_every_attribute_and_every_picture_has_its_words(
    draw: Any, look: Look
) -> None:
    picture = draw(look)
    go.Figure(picture.figure)
    assert picture.title
    assert picture.subtitle
    assert picture.alt
    assert not picture.empty


@PICTURES
def test_no_picture_has_more_than_seven_categories_and_the_rest(draw: Any) -> None:
    assert len(draw(LOOK).figure["data"]) <= 8


def test_a_day_with_no_data_stays_a_gap_and_is_shaded() -> None:
    figure = daily(LOOK).figure
    now = figure["data"][1]
    index = now["x"].index(GAP.isoformat())
    assert now["y"][index] is None
    assert now["connectgaps"] is False
    band = figure["layout"]["shapes"][0]
    assert band["x0"] < GAP.isoformat() + "T06" < band["x1"]


def test_one_hover_box_shows_every_series_of_a_day_to_the_cent() -> None:
    figure = daily(LOOK).figure
    assert figure["layout"]["template"]["layout"]["hovermode"] == "x unified"
    assert figure["data"][1]["customdata"][0] == "¥100,000.00"
    assert figure["data"][0]["customdata"][0] == "¥100,000.00 · Mon 20 Oct 2025"
    assert figure["data"][0]["x"] == figure["data"][1]["x"]


def test_values_are_drawn_from_zero_with_few_ticks() -> None:
    axis = daily(LOOK).figure["layout"]["yaxis"]
    assert axis["range"][0] == 0
    assert 3 <= len(axis["tickvals"]) <= 6
    assert axis["ticktext"][0] == "¥0"


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        (108_000_00.0, "Net sales 8\u00a0% above the year before"),
        (92_000_00.0, "Net sales 8\u00a0% below the year before"),
        (100_000_00.0, "Net sales the same as the year before"),
    ],
)
def test_the_title_is_the_finding(value: float, finding: str) -> None:
    assert daily(LOOK, value=value, value_before=100_000_00.0).title == finding


def test_a_store_and_a_platform_keep_their_colour_whatever_else_is_shown() -> None:
    assert key_colour(12, LOOK) == key_colour(12, LOOK)
    alone = platform_mix(
        pd.DataFrame({"day": [PERIOD.start], "platform": ["meituan"], "gross": [5]}), look=LOOK
    )
    among = {trace["name"]: trace["marker"]["color"] for trace in mix(LOOK).figure["data"]}
    assert alone.figure["data"][0]["marker"]["color"] == among["Meituan"]
    china = "alipay wechat meituan jd eleme card cash".split()
    assert len({platform_colour(code, LOOK) for code in china}) == 7


def test_platforms_past_the_seventh_are_other_and_shares_add_up() -> None:
    traces = mix(LOOK).figure["data"]
    assert traces[-1]["name"] == "Other"
    assert sum(trace["y"][0] for trace in traces) == pytest.approx(100, abs=0.1)


def test_every_platform_is_named_beside_its_part_and_no_name_covers_another() -> None:
    picture = mix(LOOK)
    labels = picture.figure["layout"]["annotations"]
    assert len(labels) == len(picture.figure["data"])
    places = [label["y"] for label in labels]
    assert all(above - below >= APART - 1e-9 for below, above in pairwise(places))
    assert places[0] > 0
    assert places[-1] < 100


def test_a_place_too_deep_to_draw_is_said_so_on_the_axis() -> None:
    rows = [
        {"start": date(2026, 10, 5) + timedelta(weeks=week), "store_id": store, "value": 1.0,
         "rank": rank, "partial": False}
        for week, order in enumerate(([30, *range(1, 30)], range(1, 31)))
        for store, rank in enumerate(order)
    ]  # fmt: skip
    names = {store: str(store) for store in range(30)}
    drawn = rank_bump(pd.DataFrame(rows), names, metric=metric("net_sales"), look=LOOK)
    axis = drawn.figure["layout"]["yaxis"]
    assert axis["ticktext"] == ["1", "5", "10", "14+"]
    assert max(y for trace in drawn.figure["data"] for y in trace["y"]) == axis["tickvals"][-1]


def test_what_is_written_in_a_picture_can_be_read_on_its_card() -> None:
    """Letters have 4.5 to 1 (WCAG 2.2, AA), which the colours of lines need not have."""
    for look in LOOKS:
        for draw in (daily, mix, ticket, ranks):
            for note in draw(look).figure["layout"]["annotations"]:
                assert contrast(note["font"]["color"], look.tokens.surface) >= 4.5


def test_the_unfinished_week_is_left_out_of_the_ranks() -> None:
    assert len(ranks(LOOK).figure["data"][0]["x"]) == 6


@pytest.mark.parametrize("look", LOOKS[::2], ids=lambda look: look.lang)
def test_no_data_is_a_sentence_and_not_a_broken_picture(look: Look) -> None:
    empty = pd.DataFrame(columns=["day", "value", "gross", "orders", "platform", "weekday", "hour"])
    ranking = pd.DataFrame(columns=["start", "store_id", "rank", "value", "partial"])
    pictures = [
        daily_sales(
            empty, empty, metric=metric("orders"), period=PERIOD,
            before_period=PERIOD.before(), look=look, than="x",
        ),
        platform_mix(empty, look=look),
        hour_of_week(empty, look=look),
        ticket_and_orders(empty, period=PERIOD, look=look, than="x"),
        rank_bump(ranking, {}, metric=metric("orders"), look=look),
    ]  # fmt: skip
    for picture in pictures:
        assert picture.empty
        assert picture.title
        go.Figure(picture.figure)


def test_a_sparkline_breaks_at_a_gap_and_shows_zero_at_the_bottom() -> None:
    svg = sparkline([0.0, 10.0, None, 10.0], [[5.0, 5.0]], width=30, height=24)
    now = svg.split("d='")[1].split("'")[0]
    assert now == "M0.0 22.0L10.0 2.0M30.0 2.0"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_platform_without_a_word_is_shown_as_it_is(lang: Lang) -> None:
    look = Look(lang, dark=False, currency="CNY")
    assert look.platform("generic-kiosk") == "kiosk"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_days_are_labelled_by_day_by_monday_or_by_month(lang: Lang) -> None:
    start = date(2026, 10, 20)  # a Tuesday
    look = Look(lang, dark=False, currency="CNY")

    def ticks(count: int) -> list[date]:
        found = day_ticks([start + timedelta(days=i) for i in range(count)], look)["tickvals"]
        return [date.fromisoformat(one) for one in found]

    assert len(ticks(7)) == 7
    assert {day.weekday() for day in ticks(35)} == {0}
    assert {day.day for day in ticks(364)} == {1}
    assert all(3 <= len(ticks(count)) <= 7 for count in (5, 7, 28, 35, 91, 200, 364))
    label = day_ticks([date(2026, 11, 23)], look)["ticktext"]
    assert label == (["11月23日"] if lang == "zh" else ["23 Nov"])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_months_are_named_and_those_the_period_only_touches_are_no_fall(lang: Lang) -> None:
    period = Period(date(2025, 11, 26), date(2026, 11, 24))
    months = [date(2025, 11, 1), *(date(2026 - (m == 12), m, 1) for m in (12, *range(1, 12)))]
    frame = pd.DataFrame({"day": months, "value": [5_00.0, *[100_00.0] * 11, 80_00.0]})
    empty = pd.DataFrame({"day": [], "value": []})
    drawn = daily_sales(
        frame, empty, metric=metric("net_sales"), period=period, grain="month",
        before_period=period.before(), look=Look(lang, dark=False, currency="CNY"), than="x",
    )  # fmt: skip
    values = drawn.figure["data"][-1]["y"]
    assert values == [None, *[100.0] * 11, None]
    assert drawn.title.endswith("每月 ¥100" if lang == "zh" else "¥100 a month")
    words = drawn.figure["layout"]["xaxis"]["ticktext"]
    assert words[0] == ("2025年11月" if lang == "zh" else "Nov 2025")
    assert words[1] == ("2026年1月" if lang == "zh" else "Jan 2026")
    assert words[2] == ("3月" if lang == "zh" else "Mar")


def test_the_box_of_a_day_is_headed_by_its_weekday_and_year() -> None:
    for draw in (daily, mix, ticket, ranks):
        heading = draw(LOOK).figure["layout"]["xaxis"]["unifiedhovertitle"]
        assert heading == {"text": "%{x|%a %-d %b %Y}"}


def test_a_campaign_is_on_the_axis_and_named_in_the_hover_of_its_days() -> None:
    first, last = PERIOD.start + timedelta(days=2), PERIOD.start + timedelta(days=4)
    look = Look("en", dark=False, currency="CNY")
    marks = [Mark(first, last, "Half price", campaign=True), Mark(last, last, "1+1", campaign=True)]
    drawn = daily(look, marks=marks)
    trace = next(one for one in drawn.figure["data"] if one["name"] == "Campaign")
    named = {day: name for day, name in zip(trace["x"], trace["customdata"], strict=True) if name}
    assert list(named) == [(first + timedelta(days=i)).isoformat() for i in range(3)]
    assert named[last.isoformat()] == "Half price, 1+1"
    go.Figure(drawn.figure)


def test_the_week_by_hour_is_of_the_metric_chosen() -> None:
    rows = [
        {"weekday": 0, "hour": 9, "gross": 9000.0, "orders": 3.0},
        {"weekday": 2, "hour": 12, "gross": 6000.0, "orders": 12.0},
        {"weekday": 4, "hour": 23, "gross": 4900.0, "orders": 0.5},
    ]
    drawn = {by: hour_of_week(pd.DataFrame(rows), look=LOOKS[0], by=by) for by in MEASURES}
    assert drawn["gross"].title == "Busiest on Monday from 9:00 to 10:00"
    assert drawn["orders"].title == "Most orders on Wednesday from 12:00 to 13:00"
    # Half an order an hour: its ticket would be that of single customers.
    assert drawn["ticket"].title == "Largest tickets on Monday from 9:00 to 10:00"
    assert "30" in drawn["ticket"].alt
    assert "12" in drawn["orders"].alt
    for name, by in BY.items():
        assert name in METRICS
        assert by in MEASURES
    assert hour_of_week(pd.DataFrame(rows[2:]), look=LOOKS[0], by="ticket").empty
