"""A picture on a card: the finding, measure and unit, the graph, and a text for the blind."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component
from flask import has_request_context, request

from chain.days import Period
from dashboard.frame import Here
from dashboard.loose import attributes
from figures.look import Look, Mark, Picture, locale_config
from reports import marks as marked
from warehouse.reads.protocol import ChainInfo

NARROW_COOKIE = "tillboard_narrow"
"""Set by the browser to 1 on a phone, whose pictures have room for fewer ticks."""


def look(here: Here, chain: ChainInfo, theme: str | None = None) -> Look:
    """Return how pictures are drawn for this reader; ``theme`` is the value of its store."""
    return Look(
        here.lang,
        dark=(theme or here.theme) == "dark",
        currency=chain.currency,
        narrow=narrow(),
    )


def narrow() -> bool:
    """Return whether the reader holds a phone."""
    return has_request_context() and request.cookies.get(NARROW_COOKIE) == "1"


def marks(here: Here, chain: ChainInfo, period: Period, store: int | None = None) -> list[Mark]:
    """Return holidays, campaigns and notes of ``period`` (at ``store``), as the reader says."""
    return marked.marks(here.reads, chain, here.lang, period, store)


def picture(drawn: Picture, name: str, here: Here) -> list[Component]:
    """Return the inside of a card that shows ``drawn``; ``name`` is the id of its graph."""
    head = html.Div(
        [html.H2(drawn.title, className="tb-finding"), html.P(drawn.subtitle, className="muted")],
        className="tb-card-head",
    )
    height = drawn.figure["layout"]["height"]
    if drawn.empty:
        return [head, html.Div(className="tb-nothing", style={"height": height})]
    # The drawing code comes after the page, so the place is kept for it.
    place = {"height": height}
    graph = dcc.Graph(
        id=name,
        figure=drawn.figure,
        config=config(here),
        responsive=True,
        style=place,
    )
    return [head, html.Div(graph, role="figure", style=place, **attributes(aria_label=drawn.alt))]


def config(here: Here) -> Any:
    """Return a graph's configuration: nothing to press but the button that saves the picture."""
    return {
        "displaylogo": False,
        "displayModeBar": "hover",
        "modeBarButtons": [["toImage"]],
        "toImageButtonOptions": {"scale": 2, "filename": "tillboard"},
        "showTips": False,
        "responsive": True,
        **locale_config(here.lang),
    }
