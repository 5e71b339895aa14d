"""The guide of the first run: step after step to the first own figure; any may wait."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update
from dash.development.base_component import Component

from dashboard import storelist
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.start import changes, steps
from figures.countries import usual
from warehouse.chains import GUIDE


def page(app: Dash, board: Board) -> Page:
    """Register the guide's callbacks and return its declaration."""
    _ways(app, board)
    _chain(app, board)
    _stores(app, board)
    return Page("start", "/start", layout, filters=(), order=72, right="import")


def step_page(_app: Dash, _board: Board) -> Page:
    """Return the declaration of the guide at one step."""
    return Page("start_step", "/start/<step>", layout, filters=(), order=73, right="import")


def layout(here: Here, /, **variables: str) -> Component:
    """Return the guide at the step of the address, else where the chain is in it."""
    asked = variables.get("step", "")
    found = asked if asked in GUIDE else here.reads.chain().guide
    return steps.frame(here, found if found in GUIDE else GUIDE[0])


def _ways(app: Dash, board: Board) -> None:
    @app.callback(
        Output("start-went", "href"),
        Input("start-next", "n_clicks"),
        State("start-step", "data"),
        prevent_initial_call=True,
    )
    def further(clicks: int | None, step: str) -> Any:
        if not clicks:
            return no_update
        following = changes.after(step)
        changes.go(board, board.here(), following)
        return f"/start/{following}" if following else "/"

    @app.callback(
        Output("start-went", "href", allow_duplicate=True),
        Input("start-leave", "n_clicks"),
        prevent_initial_call=True,
    )
    def leave(clicks: int | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        changes.go(board, here, "")
        tell(here.say("start.left"))
        return "/"


def _chain(app: Dash, board: Board) -> None:
    @app.callback(
        Output("start-went", "href", allow_duplicate=True),
        Input("start-save", "n_clicks"),
        *(State(f"start-{name.replace('_', '-')}", "value") for name in steps.FIELDS),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, *values: str | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        changes.save_chain(board, here, dict(zip(steps.FIELDS, values, strict=True)))
        changes.go(board, here, changes.after("chain"))
        return f"/start/{changes.after('chain')}"

    @app.callback(
        Output("start-currency", "value"),
        Output("start-time-zone", "value"),
        Input("start-country", "value"),
        State("start-currency", "disabled"),
        prevent_initial_call=True,
    )
    def suggest(country: str | None, fixed: bool | None) -> Any:
        currency, zone = usual(country or "")
        if fixed:
            return no_update, no_update
        return currency or no_update, zone or no_update

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "speak"),
        Output("start-language", "disabled"),
        Input("start-language", "value"),
        prevent_initial_call=True,
    )


def _stores(app: Dash, board: Board) -> None:
    @app.callback(
        Output("setup-changed", "data", allow_duplicate=True),
        *(Output(f"start-quick-{name}", "value") for name in steps.QUICK),
        Input("start-add", "n_clicks"),
        State("setup-changed", "data"),
        *(State(f"start-quick-{name}", "value") for name in steps.QUICK),
        prevent_initial_call=True,
    )
    def add(clicks: int | None, changed: int, *values: str | None) -> tuple[Any, ...]:
        if not clicks:
            return no_update, *(no_update for _ in values)
        fields = dict(zip(steps.QUICK, [text or "" for text in values], strict=True))
        storelist.save_store(board, board.here(), fields, new=True)
        return changed + 1, *("" for _ in values)

    @app.callback(
        Output("start-stores", "children"),
        Input("setup-changed", "data"),
        prevent_initial_call=True,
    )
    def there(_changed: int) -> list[Component]:
        return steps.stores_there(board.here())
