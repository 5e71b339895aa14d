"""The bridge drawn: each bar starts where the last one ended, on the board and on paper."""

import xml.etree.ElementTree as ET

import plotly.graph_objects as go
import pytest

from figures.look import Look
from figures.vector import svg
from figures.waterfall import Step, height_of, waterfall

WORDS = {"measure": "Net sales", "than": "the week before", "total": "In all"}
STEPS = [Step("Orders", 50_000, "more"), Step("Ticket", -80_000), Step("Fees", 0), Step("New", 9)]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_plotly_takes_it_and_each_bar_goes_on_where_the_last_ended(lang: str, dark: bool) -> None:
    look = Look("zh" if lang == "zh" else "en", dark=dark, currency="CNY", narrow=dark)
    drawn = waterfall(STEPS, (300_000, 270_009), WORDS, look=look)
    go.Figure(drawn.figure)
    (trace,) = drawn.figure["data"]
    assert trace["base"] == [0, 500, -300, 0]
    assert trace["x"] == [500, -800, 0.09, -299.91]
    assert drawn.figure["layout"]["height"] == height_of(3)
    assert drawn.title
    assert "Orders" in drawn.alt


def test_what_made_nothing_is_left_out_and_nothing_at_all_is_said() -> None:
    look = Look("en", dark=False, currency="CNY")
    drawn = waterfall(STEPS, (300_000, 270_009), WORDS, look=look)
    assert "Fees" not in drawn.figure["layout"]["yaxis"]["ticktext"]
    assert drawn.title == "Net sales ¥2.7K: ¥300 (10\u00a0%) less than the week before"
    level = waterfall([Step("Orders", 0)], (5, 5), WORDS, look=look)
    assert level.empty
    assert "the same as" in level.title


def test_on_paper_the_bars_lie_where_plotly_puts_them() -> None:
    look = Look("zh", dark=False, currency="CNY")
    drawn = waterfall(STEPS, (300_000, 270_009), WORDS, look=look)
    paper = ET.fromstring(svg(drawn.figure, 600, 180, "zh"))
    first, second, _, last = paper.findall(f"{SVG}rect")
    left = [float(bar.attrib["x"]) for bar in (first, second, last)]
    width = [float(bar.attrib["width"]) for bar in (first, second, last)]
    assert left[0] + width[0] == pytest.approx(left[1] + width[1], abs=0.05)
    assert width[1] / width[0] == pytest.approx(8 / 5, rel=0.01)
    assert left[2] == pytest.approx(left[1], abs=0.5)
    assert left[2] + width[2] == pytest.approx(left[0], abs=0.05)
