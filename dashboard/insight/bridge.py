"""The bridge on a card: what made the difference, and same-store growth."""

from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from advice.bridge import STEPS, Bridge, Measure
from chain.metrics import METRICS
from dashboard import skeletons
from dashboard.components.picture import look, picture
from dashboard.frame import Here
from dashboard.loose import attributes
from figures import formats
from figures.waterfall import Step, height_of, waterfall
from reports import insight
from reports.sentence import than_of
from warehouse.reads.protocol import Filters

MEASURES: tuple[Measure, ...] = ("net_sales", "after_fees")


def place(here: Here, key: str, width: str = "") -> Component:
    """Return the card that a callback fills: its switch, and a grey shape; ids begin with key."""
    switch = dmc.SegmentedControl(
        id=f"{key}-measure",
        data=[{"value": name, "label": _measure(here, name)} for name in MEASURES],
        value=MEASURES[0],
        size="xs",
        className="insight-switch",
        **attributes(aria_label=here.say("insight.bridge.measure")),
    )
    switch = html.Div(switch, id=f"{key}-switch")
    filled = html.Div(skeletons.block(height_of(6) + 60), id=f"{key}-bridge")
    return html.Div([switch, filled], className=f"card insight-bridge {width}".strip())


def card(
    here: Here, filters: Filters, measure: str | None, theme: str, graph: str
) -> list[Component]:
    """Return the picture of the bridge of ``filters``, and what it says of stores alike.

    Compared with nothing there is no change to explain, and that is said instead.
    """
    if filters.alone:
        return [
            html.H2(here.say("insight.bridge.title"), className="tb-finding"),
            html.P(here.say("insight.bridge.alone"), className="muted tb-sub"),
        ]
    chosen: Measure = "after_fees" if measure == "after_fees" else "net_sales"
    chain = here.reads.chain()
    made = insight.bridge(here.reads, filters, chosen)
    steps = [
        Step(here.say(f"advice.step.{name}"), made.steps[name], here.say(f"advice.about.{name}"))
        for name in STEPS
    ]
    words = {
        "measure": _measure(here, chosen),
        "than": than_of(here, filters.period, filters.before),
        "total": here.say("insight.bridge.total"),
    }
    drawn = waterfall(steps, (made.before, made.now), words, look=look(here, chain, theme))
    parts = picture(drawn, graph, here)
    narrowed = filters.platforms or filters.channels
    said = [here.say("insight.whole") if narrowed else "", _growth(here, made, chosen)]
    return [*parts, *(html.P(one, className="muted tb-sub") for one in said if one)]


def _measure(here: Here, name: Measure) -> str:
    if name == "net_sales":
        return METRICS["net_sales"].label(here.lang)
    return here.say("insight.bridge.after_fees")


def _growth(here: Here, made: Bridge, measure: Measure) -> str:
    """Say how stores that were there in both periods did; nothing where there is only one."""
    same = int((made.stores["group"] == "same").sum())
    if made.growth is None or same < 2:
        return ""
    change = ("+" if made.growth >= 0 else "−") + formats.percent(abs(made.growth))
    told: dict[str, Any] = {"count": same, "change": change, "measure": _measure(here, measure)}
    return here.say("insight.bridge.same", **told)
