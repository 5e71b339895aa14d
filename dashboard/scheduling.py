"""Exports that are made regularly, on the page of exports: a list in words, and a form."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.errors import tell
from dashboard.exporting import allowed
from dashboard.frame import Board, Here
from dashboard.loose import attributes
from dashboard.pressed import pressed
from dashboard.schedulespage.form import FIELDS, FRESH, form, saved_of
from dashboard.schedulespage.listing import DO, button, listing
from warehouse import export_schedules

CHANGED = "schedules-changed"
WHICH = "schedules-which"
"""``dcc.Store``: the schedule that the form is of, 0 for a new one."""


def section(here: Here, board: Board) -> Component:
    """Return the part of the page, with what is made regularly."""
    close = attributes(aria_label=here.say("dashboard.imports.close"))
    return html.Section(
        [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id=WHICH, data=0),
            html.Div(
                [
                    html.H2(here.say("reports.schedule.title"), className="tb-finding",
                            id="schedules-h"),
                    button("make", 0, here.say("reports.schedule.make"), ""),
                ],
                className="alert-top",
            ),
            html.Div(listing(here, board), id="schedules-list"),
            html.Div(
                dmc.Drawer(
                    html.Div(id="schedules-form", className="alert-form"),
                    id="schedules-drawer", position="right", size="md", closeButtonProps=close,
                    title="", transitionProps={"duration": 150},
                )
            ),
        ],
        className="card",
        **attributes(aria_labelledby="schedules-h"),
    )  # fmt: skip


def register(app: Dash, board: Board) -> None:
    """Register its callbacks."""

    @app.callback(Output("schedules-list", "children"), Input(CHANGED, "data"))
    def fill(_changed: int) -> list[Component]:
        return listing(board.here(), board)

    @app.callback(
        Output("schedules-has-kind", "hidden"),
        Output("schedules-has-weekday", "hidden"),
        Output("schedules-has-month_day", "hidden"),
        Input("schedules-what", "value"),
        Input("schedules-rhythm", "value"),
        prevent_initial_call=True,
    )
    def explain(what: str, rhythm: str) -> tuple[bool, bool, bool]:
        return what == "reports", rhythm != "weekly", rhythm != "monthly"

    @app.callback(
        Output(CHANGED, "data"),
        Output("schedules-drawer", "opened"),
        Output("schedules-drawer", "title"),
        Output("schedules-form", "children"),
        Output(WHICH, "data"),
        Input({"type": DO, "what": ALL, "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def act(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return (no_update,) * 5
        here = board.here()
        allowed(here)
        what, number = str(asked["what"]), int(asked["number"])
        if what in {"make", "change"}:
            saved = FRESH
            if what == "change":
                with board.warehouse.begin(here.scope) as connection:
                    saved = export_schedules.get(connection, here.scope.chain_id, number)
            title = here.say(f"reports.schedule.{what}")
            return no_update, True, title, form(here, board, saved), saved.schedule_id
        change(here, board, what, number)
        return (count or 0) + 1, *(no_update,) * 4

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("schedules-drawer", "opened", allow_duplicate=True),
        Input("schedules-save", "n_clicks"),
        State(CHANGED, "data"),
        State(WHICH, "data"),
        *(State(f"schedules-{name}", "value") for name in FIELDS),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, count: int | None, which: int | None, *given: Any
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        allowed(here)
        with board.warehouse.begin(here.scope) as connection:
            export_schedules.save(connection, here.scope, saved_of(here, given, int(which or 0)))
        tell(here.say("reports.schedule.saved"))
        return (count or 0) + 1, False


def change(here: Here, board: Board, what: str, number: int) -> None:
    """Pause a schedule of the reader's, let it go on, or take it away."""
    chain_id = here.scope.chain_id
    with board.warehouse.begin(here.scope) as connection:
        if what == "remove":
            export_schedules.remove(connection, chain_id, number)
            tell(here.say("reports.schedule.removed"))
        else:
            export_schedules.pause(connection, chain_id, number, paused=what == "pause")
