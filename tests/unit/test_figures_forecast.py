"""Promises of the pictures of the future: fan, landing, drivers, what would be."""

from datetime import date, timedelta
from typing import Any, get_args

import pandas as pd
import plotly.graph_objects as go
import pytest

from chain.words import Lang
from figures.drivers import driver_parts
from figures.fan import fan
from figures.landing import Month, landing_bar
from figures.look import Look, Mark, Picture
from figures.what_if import what_if

LOOK = Look("en", dark=False, currency="CNY")
LOOKS = [
    Look(lang, dark=dark, currency="CNY", narrow=dark)
    for lang in get_args(Lang)
    for dark in (False, True)
]
FIRST = date(2026, 11, 23)
CLOSED = 4
MONTH = Month(date(2026, 11, 1), 22_000_00, 30_000_00, 29_000_00, 31_500_00, 29_500_00, 32_000_00)


def history(days: int = 56) -> pd.DataFrame:
    value = [10_000_00.0] * days
    value[10] = float("nan")
    back = [FIRST - timedelta(days=days - i) for i in range(days)]
    return pd.DataFrame({"day": back, "value": value, "open": [True] * days})


def ahead(days: int = 30, changed: tuple[int, ...] = ()) -> pd.DataFrame:
    rows = []
    for index in range(days):
        is_open = index != CLOSED
        base = 10_000_00 * is_open
        mean = base * 2 if index in changed else base
        row: dict[str, Any] = {f"q0.{q}": mean * (0.75 + 0.05 * q) for q in range(1, 10)}
        row |= {"day": FIRST + timedelta(days=index), "mean": mean, "base": base}
        rows.append(row | {"overridden": index in changed, "open": is_open})
    return pd.DataFrame(rows)


def drawn_fan(look: Look) -> Picture:
    marks = [
        Mark(FIRST, FIRST + timedelta(days=2), "元旦"),
        Mark(FIRST, FIRST + timedelta(days=6), "Half price", campaign=True),
    ]
    return fan(history(), ahead(changed=(9, 10)), look=look, marks=marks)


def drawn_landing(look: Look) -> Picture:
    return landing_bar(MONTH, look=look)


def drawn_drivers(look: Look) -> Picture:
    weekday = pd.DataFrame({"weekday": range(7), "effect": [-0.1, -0.1, -0.1, 0, 0, 0.2, 0.1]})
    days = [FIRST + timedelta(days=i) for i in range(30)]
    season = pd.DataFrame({"day": days, "effect": [i / 300 for i in range(30)]})
    events = pd.DataFrame({"name": ["a", "b"], "effect": [0.3, -0.4], "days": [3, 1]})
    return driver_parts(weekday, season, events, ["Holiday", "Closure"], look=look)


def drawn_what_if(look: Look) -> Picture:
    frame = ahead(7)[["day", "mean"]].assign(changed=12_000_00, low=9_000_00, high=14_000_00)
    return what_if(frame, look=look, name="Promotion")


@pytest.mark.parametrize("draw", [drawn_fan, drawn_landing, drawn_drivers, drawn_what_if])
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.lang}-{look.dark}")
def test_plotly_accepts_every_attribute_and_every_picture_has_its_words(
    draw: Any, look: Look
) -> None:
    picture = draw(look)
    go.Figure(picture.figure)
    assert picture.title
    assert picture.subtitle
    assert picture.alt


def test_the_range_is_named_in_plain_words_and_its_exact_term_is_in_the_hover() -> None:
    picture = fan(history(), ahead(), look=LOOK)
    assert picture.title == "A day ahead usually brings between ¥8K and ¥12K"
    band = next(trace for trace in picture.figure["data"] if trace.get("name") == "Usually between")
    assert band["customdata"][0] == "¥8,000.00 – ¥12,000.00 (80 % prediction interval)"
    assert "interval" not in picture.title + picture.subtitle


def test_the_middle_of_the_fan_is_dotted_and_the_past_is_not() -> None:
    traces = {
        trace.get("name"): trace for trace in fan(history(), ahead(), look=LOOK).figure["data"]
    }
    assert traces["Expected"]["line"]["dash"] == "dot"
    assert "dash" not in traces["Came in"]["line"]


def test_closed_days_and_gaps_are_shaded() -> None:
    figure = fan(history(), ahead(), look=LOOK).figure
    closed = (FIRST + timedelta(days=CLOSED)).isoformat()
    gap = (FIRST - timedelta(days=46)).isoformat()
    bands = [shape for shape in figure["layout"]["shapes"] if shape["type"] == "rect"]
    assert [band["x1"][:10] for band in bands] == [gap, closed]
    past = next(trace for trace in figure["data"] if trace.get("name") == "Came in")
    assert past["y"][10] is None
    expected = next(trace for trace in figure["data"] if trace.get("name") == "Expected")
    assert expected["y"][CLOSED] is None
    drawn = [trace for trace in figure["data"] if trace.get("fill") == "toself"]
    assert len(drawn) == 2
    assert all(closed not in trace["x"] for trace in drawn)
    assert past["connectgaps"] is False


def test_both_versions_of_an_overridden_day_are_shown_and_only_there() -> None:
    figure = fan(history(), ahead(changed=(9, 10)), look=LOOK).figure
    lines = {trace.get("name"): trace for trace in figure["data"]}
    without, expected = lines["Without your changes"]["y"], lines["Expected"]["y"]
    assert [index for index, value in enumerate(without) if value is not None] == [9, 10]
    assert without[9] == 10_000
    assert expected[9] == 20_000
    plain = fan(history(), ahead(), look=LOOK).figure["data"]
    assert "Without your changes" not in [trace.get("name") for trace in plain]


def test_a_store_that_is_closed_throughout_is_drawn_and_says_so() -> None:
    shut = ahead(CLOSED + 1).tail(1).reset_index(drop=True)
    assert fan(history(), shut, look=LOOK).title == "Closed on all of these days"


def test_nothing_ahead_is_an_empty_picture() -> None:
    assert fan(history(), ahead(0).reindex(columns=ahead(1).columns), look=LOOK).empty


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (None, "Nov 2026 will end at about ¥30K"),
        (32_000_00, "Nov 2026 will end at about ¥30K, 6.2\u00a0% below the target"),
        (25_000_00, "Nov 2026 will end at about ¥30K, 20\u00a0% above the target"),
        (30_010_00, "Nov 2026 will end at about ¥30K, on target"),
    ],
)
def test_the_landing_is_said_against_its_target(target: int | None, said: str) -> None:
    month = Month(MONTH.month, MONTH.to_date, MONTH.mean, MONTH.low, MONTH.high, 0, target)
    assert landing_bar(month, look=LOOK).title == said


def test_the_two_parts_of_the_landing_add_up_and_the_target_is_a_line() -> None:
    figure = drawn_landing(LOOK).figure
    assert sum(trace["x"][0] for trace in figure["data"]) == 30_000
    assert figure["data"][1]["error_x"]["array"] == [1500]
    assert figure["layout"]["shapes"][0]["x0"] == 32_000
    assert figure["layout"]["xaxis"]["range"][1] > 32_000


def test_drivers_that_are_not_known_leave_no_empty_axes() -> None:
    none = pd.DataFrame(columns=["weekday", "effect", "day", "name", "days"])
    assert driver_parts(none, none, none, [], look=LOOK).empty
    weekday = pd.DataFrame({"weekday": range(7), "effect": [0.0] * 6 + [0.5]})
    only = driver_parts(weekday, none, none, [], look=LOOK)
    assert only.title == "Sunday is the strongest day: +50\u00a0%"
    assert [key for key in only.figure["layout"] if key.startswith("xaxis")] == ["xaxis"]


def test_what_would_be_says_the_difference_over_all_days() -> None:
    assert drawn_what_if(LOOK).title == "Promotion: ¥24K more"
