"""What a figure is made of: its terms, its split, and the payments themselves.

The address is ``/made-of/<split>`` with the query of ``dashboard.choice``; every tile leads here.
"""

from typing import Any

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import skeletons
from dashboard.answers import kept
from dashboard.components.empty import empty
from dashboard.drill import payments, splits, terms
from dashboard.drill.asked import Asked
from dashboard.frame import FILTERS, Board, Here, Page

Data = dict[str, Any] | None


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(
        Output("made-of-head", "children"),
        Output("made-of-terms", "children"),
        Input(FILTERS, "data"),
    )
    @kept
    def fill_terms(data: Data) -> tuple[Component, list[Component]]:
        asked = Asked.of(board.here(), data)
        return terms.head(asked), terms.table(asked)

    @app.callback(
        Output("made-of-split", "children"),
        Output("made-of-split", "hidden"),
        Input(FILTERS, "data"),
        State("made-of-by", "data"),
    )
    @kept
    def fill_split(data: Data, by: str) -> tuple[list[Component], bool]:
        made = splits.card(Asked.of(board.here(), data), by)
        return made, not made

    @app.callback(Output("made-of-behind", "children"), Input(FILTERS, "data"))
    @kept
    def fill_payments(data: Data) -> list[Component]:
        return payments.card(Asked.of(board.here(), data))

    @app.callback(
        Output("made-of-payments", "getRowsResponse"),
        Output(payments.PLACES, "data"),
        Input("made-of-payments", "getRowsRequest"),
        State(FILTERS, "data"),
        State(payments.PLACES, "data"),
    )
    def more(request: Data, data: Data, places: Data) -> tuple[Any, Any]:
        if not request:
            return no_update, no_update
        return payments.page(Asked.of(board.here(), data), request, places or {})

    return Page("made_of", "/made-of/<split>", layout, every_metric=True)


def layout(here: Here, /, **variables: str) -> Component:
    """Return the page's frame, with grey shapes where figures come."""
    if here.reads.chain().yesterday is None:
        return empty(here, "overview")
    return html.Div(
        [
            dcc.Store(id="made-of-by", data=variables.get("split", "")),
            html.Div(skeletons.block(58), id="made-of-head"),
            html.Div(skeletons.block(190), id="made-of-terms", className="card"),
            html.Div(skeletons.table(8), id="made-of-split", className="card"),
            html.Div(skeletons.table(8), id="made-of-behind", className="card"),
        ],
        className="tb-stack",
    )
