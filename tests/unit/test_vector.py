"""Pictures without a browser: what Plotly would draw, as plain SVG."""

import xml.etree.ElementTree as ET
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from chain.days import Period
from chain.metrics import METRICS
from figures import daily, hours, landing, mix
from figures.look import Look, Mark, Picture
from figures.vector import svg

LOOK = Look("zh", dark=False, currency="CNY")
PERIOD = Period(date(2026, 10, 26), date(2026, 11, 22))
SVG = "{http://www.w3.org/2000/svg}"


def _trend(skip: tuple[int, ...] = ()) -> Picture:
    days = [PERIOD.start + timedelta(at) for at in range(PERIOD.days) if at not in skip]
    frame = pd.DataFrame({"day": days, "value": [100_000 + 1000 * day.day for day in days]})
    return daily.daily_sales(
        frame,
        frame.iloc[:0],
        metric=METRICS["net_sales"],
        period=PERIOD,
        before_period=PERIOD.before(),
        look=LOOK,
        than="上周",
        marks=[Mark(date(2026, 11, 1), date(2026, 11, 2), "<节>")],
    )


def _drawn(picture: Picture) -> ET.Element:
    return ET.fromstring(svg(picture.figure, 600, 240, "zh"))


def test_a_gap_stays_a_gap() -> None:
    assert len(_drawn(_trend()).findall(f"{SVG}polyline")) == 1
    assert len(_drawn(_trend((9, 10))).findall(f"{SVG}polyline")) == 2
    # A day alone between two gaps is still seen.
    alone = _drawn(_trend((9, 11)))
    assert len(alone.findall(f"{SVG}circle")) == 1


def test_a_line_lies_where_its_values_are() -> None:
    (line,) = _drawn(_trend()).findall(f"{SVG}polyline")
    points = [tuple(map(float, each.split(","))) for each in line.attrib["points"].split()]
    xs, ys = zip(*points, strict=True)
    assert np.diff(xs) == pytest.approx([xs[1] - xs[0]] * (len(xs) - 1), abs=0.02)
    values = [1000 + 10 * (PERIOD.start + timedelta(at)).day for at in range(PERIOD.days)]
    slope, offset = np.polyfit(values, ys, 1)
    assert list(np.polyval([slope, offset], values)) == pytest.approx(list(ys), abs=0.02)
    assert slope < 0


def test_words_are_text_and_cannot_break_the_picture() -> None:
    said = ["".join(each.itertext()) for each in _drawn(_trend()).iter(f"{SVG}text")]
    assert "<节>" in said
    assert "¥0" in said


def test_a_stack_fills_its_day_and_names_keep_their_colour() -> None:
    frame = pd.DataFrame(
        {"day": [PERIOD.start] * 2, "platform": ["alipay", "wechat"], "gross": [300, 100]}
    )
    drawn = _drawn(mix.platform_mix(frame, look=LOOK))
    bars = [float(each.attrib["height"]) for each in drawn.iter(f"{SVG}rect")]
    assert bars[0] == pytest.approx(3 * bars[1], abs=0.05)
    fills = {each.attrib["fill"] for each in drawn.iter(f"{SVG}rect")}
    assert fills == {each.attrib["fill"] for each in drawn.iter(f"{SVG}tspan")}


def test_the_busiest_hour_is_darkest_and_an_empty_one_is_none() -> None:
    frame = pd.DataFrame(
        {"weekday": [0, 0, 6], "hour": [8, 9, 12], "gross": [1e4, 2e4, 9e4], "orders": [1.0] * 3}
    )
    cells = list(_drawn(hours.hour_of_week(frame, look=LOOK)).iter(f"{SVG}rect"))
    assert len(cells) == 3
    assert cells[2].attrib["fill"] == LOOK.tokens.ramp[-1]


def test_what_it_cannot_draw_is_never_left_out_in_silence() -> None:
    month = landing.Month(date(2026, 11, 1), 5, 9, 8, 10, 9, None, None)
    with pytest.raises(ValueError, match="no way to draw"):
        svg({**_trend().figure, "data": [{"type": "pie", "x": [], "y": []}]}, 9, 9, "zh")
    assert landing.title(month, LOOK)
