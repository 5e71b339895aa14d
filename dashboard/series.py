"""The bar above every page while a series of files, such as the demo's history, is coming in."""

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.guard import here
from dashboard.loose import attributes
from figures.formats import count_full

TICK_MS = 3000


def place() -> Component:
    """Return where the bar comes; it asks how far the series is for as long as there is one."""
    return html.Div(
        [
            dcc.Interval(id="series-tick", interval=TICK_MS),
            dcc.Store(id="series-empty"),
            html.Div(id="series-bar", **attributes(aria_live="polite")),
        ]
    )


def register(app: Dash) -> None:
    """Fill the bar, and load the page again once the first figures of an empty chain are there."""

    @app.callback(
        Output("series-bar", "children"),
        Output("series-tick", "disabled"),
        Output("series-empty", "data"),
        Input("series-tick", "n_intervals"),
    )
    def fill(_ticks: int) -> tuple[Any, ...]:
        return state(here())

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "filled"),
        Output("series-empty", "clear_data"),
        Input("series-empty", "data"),
        prevent_initial_call=True,
    )


def state(current: Here) -> tuple[Component | None, bool, bool]:
    """Return the bar, whether to stop asking, and whether the chain has no figures yet."""
    series, empty = current.reads.series(), current.reads.chain().yesterday is None
    if series is None:
        return None, not empty, empty
    done, of = (count_full(number, current.lang) for number in (series.done, series.of))
    said = current.say("dashboard.series", done=done, of=of)
    progress = dmc.Progress(
        value=round(100 * series.done / series.of), size="sm", **attributes(aria_label=said)
    )
    return html.Div([html.Span(said), progress], className="series"), False, empty
