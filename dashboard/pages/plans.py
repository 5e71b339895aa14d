"""Plans: targets by store and month, notes on days, the chain's own calendar."""

from datetime import date
from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from chain.days import Period
from chain.errors import TillboardError
from dashboard import skeletons
from dashboard.answers import kept
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.loose import records
from dashboard.plans import calendar, changes, files, notes, targets
from dashboard.pressed import pressed

CHANGED = "plans-changed"


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    files.install(app.server, board)
    _lists(app, board)
    _targets(app, board)
    _notes(app, board)
    _calendar(app, board)
    return Page("plans", "/plans", layout, icon="calendar", filters=(), order=35)


def layout(here: Here, /, **_: str) -> Component:
    """Return the page: three cards, each with its form and its list."""
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            html.Div(
                [
                    *targets.tools(here),
                    html.Div(skeletons.table(targets.MOST_ROWS), id="plans-targets"),
                ],
                className="card",
            ),
            html.Div(
                [
                    html.Div(
                        [*notes.form(here), html.Div(skeletons.table(3), id="plans-notes")],
                        className="card tb-6",
                    ),
                    html.Div(
                        [*calendar.form(here), html.Div(skeletons.table(3), id="plans-calendar")],
                        className="card tb-6",
                    ),
                ],
                className="tb-grid12",
            ),
        ],
        className="tb-stack plans",
    )


def _lists(app: Dash, board: Board) -> None:
    @app.callback(
        Output("plans-targets", "children"), Input("plans-year", "value"), Input(CHANGED, "data")
    )
    @kept
    def fill_targets(year: str | None, _changed: int) -> list[Component]:
        here = board.here()
        return targets.grid(here, changes.checked_year(here, int(year or 0)))

    @app.callback(Output("plans-notes", "children"), Input(CHANGED, "data"))
    @kept
    def fill_notes(_changed: int) -> list[Component]:
        return notes.listing(board.here())

    @app.callback(Output("plans-calendar", "children"), Input(CHANGED, "data"))
    @kept
    def fill_calendar(_changed: int) -> list[Component]:
        return calendar.listing(board.here())


def _targets(app: Dash, board: Board) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("plans", "year"),
        Output("plans-template-csv", "href"),
        Output("plans-template-xlsx", "href"),
        Input("plans-year", "value"),
    )

    @app.callback(
        Output("plans-grid", "rowTransaction"),
        Input("plans-grid", "cellValueChanged"),
        prevent_initial_call=True,
    )
    def typed(cells: list[dict[str, Any]] | None) -> Any:
        if not cells:
            return no_update
        here = board.here()
        try:
            changes.set_cells(board, here, cells)
        except TillboardError as error:
            tell(error.say(here.lang))  # and what is kept is shown again
        # The rows alone, so that whoever goes on typing keeps the place.
        years = [int(year) for cell in cells if (year := str(cell["colId"])[:4]).isdecimal()]
        touched = {str(cell["rowId"]) for cell in cells} | {"0"}
        rows = targets.rows_of(board.here(), changes.checked_year(here, min(years, default=0)))
        return {"update": [row for row in rows if row["id"] in touched]}

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input("plans-copy", "n_clicks"),
        State("plans-year", "value"),
        State("plans-copy-from", "value"),
        State("plans-copy-percent", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def copy(
        clicks: int | None,
        year: str | None,
        source: str | None,
        percent: str | None,
        count: int | None,
    ) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        done = changes.copy(board, here, int(year or 0), source or "", percent or "")
        tell(here.say("plans.targets.copied", count=done))
        return (count or 0) + 1


def _notes(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("plans-note-id", "data"),
        Output("plans-note-text", "value"),
        Input("plans-note-save", "n_clicks"),
        State("plans-note-id", "data"),
        State("plans-note-from", "value"),
        State("plans-note-to", "value"),
        State("plans-note-store", "value"),
        State("plans-note-text", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        note: int | None,
        first: str | None,
        last: str | None,
        store: str | None,
        text: str | None,
        count: int | None,
    ) -> Any:
        if not clicks:
            return no_update, no_update, no_update
        here = board.here()
        changes.save_note(board, here, note or 0, (first, last), store, text or "")
        tell(here.say("plans.notes.saved"))
        return (count or 0) + 1, 0, ""

    @app.callback(
        Output("plans-note-id", "data", allow_duplicate=True),
        Output("plans-note-from", "value"),
        Output("plans-note-to", "value"),
        Output("plans-note-store", "value"),
        Output("plans-note-text", "value", allow_duplicate=True),
        Input({"type": "plans-note-edit", "note": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def edit(_clicks: list[int | None]) -> Any:
        if pressed() is None:
            return (no_update,) * 5
        here = board.here()
        changes.allow(here, "note")
        found = here.reads.notes(Period(date(1900, 1, 1), date(2999, 1, 1)))
        rows = records(found[found["note_id"] == int(ctx.triggered_id["note"])])
        if not rows:
            return (no_update,) * 5
        row = rows[0]
        days = row["starts_on"].isoformat(), row["ends_on"].isoformat()
        return int(row["note_id"]), *days, str(row["store_id"]), row["note"]

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input({"type": "plans-note-remove", "note": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def remove(_clicks: list[int | None], count: int | None) -> Any:
        if pressed() is None:
            return no_update
        here = board.here()
        changes.remove_note(board, here, int(ctx.triggered_id["note"]))
        tell(here.say("plans.notes.removed"))
        return (count or 0) + 1


def _calendar(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("plans-day-name", "value"),
        Input("plans-day-save", "n_clicks"),
        State("plans-day-from", "value"),
        State("plans-day-to", "value"),
        State("plans-day-kind", "value"),
        State("plans-day-store", "value"),
        State("plans-day-name", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        first: str | None,
        last: str | None,
        kind: str | None,
        store: str | None,
        name: str | None,
        count: int | None,
    ) -> Any:
        if not clicks:
            return no_update, no_update
        here = board.here()
        days = changes.add_days(board, here, (first, last), kind or "", store, name or "")
        tell(here.say("plans.calendar.saved", count=days.days))
        return (count or 0) + 1, ""

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input({"type": "plans-day-remove", "days": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def remove(_clicks: list[int | None], count: int | None) -> Any:
        if pressed() is None:
            return no_update
        here = board.here()
        ids = [int(each) for each in str(ctx.triggered_id["days"]).split("-") if each.isdecimal()]
        changes.remove_days(board, here, ids)
        tell(here.say("plans.calendar.removed"))
        return (count or 0) + 1
