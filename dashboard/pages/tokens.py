"""Tokens: which programs read this chain's figures, made and revoked here by owner or finance."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import skeletons
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.loose import attributes
from dashboard.pressed import pressed
from dashboard.tokenspage import changes, form, listing
from dashboard.tokenspage.changes import Typed
from warehouse.directory import tokens

CHANGED = "tokens-changed"


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(Output("tokens-list", "children"), Input(CHANGED, "data"))
    def fill(_changed: int) -> list[Component]:
        changes.allow(board.here())
        return listing.contents(board, board.here())

    @app.callback(
        Output("tokens-drawer", "opened"),
        Output("tokens-form", "children"),
        Input("tokens-make", "n_clicks"),
        prevent_initial_call=True,
    )
    def begin(clicks: int | None) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        changes.allow(board.here())
        return True, form.fields(board.here())

    @app.callback(
        Output(CHANGED, "data"),
        Output("tokens-drawer", "opened", allow_duplicate=True),
        Output("tokens-once-box", "opened"),
        Output("tokens-once-box", "title"),
        Output("tokens-once", "children"),
        Input("tokens-save", "n_clicks"),
        State("tokens-name", "value"),
        State("tokens-scopes", "value"),
        State("tokens-regions", "value"),
        State("tokens-stores", "value"),
        State("tokens-days", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return (no_update,) * 5
        name, scopes, regions, stores, days, count = given
        here = board.here()
        typed = Typed(name or "", scopes or [], regions or [], stores or [], str(days or ""))
        secret = changes.make(board, here, typed)
        title = here.say("tokens.page.once_title", name=typed.name.strip())
        return (count or 0) + 1, False, True, title, _once(here, secret)

    _rows(app, board)
    return Page("tokens", "/tokens", layout, icon="link", filters=(), order=85, right="tokens")


def _rows(app: Dash, board: Board) -> None:
    @app.callback(
        Output("tokens-sure-box", "opened"),
        Output("tokens-sure-words", "children"),
        Input({"type": "tokens-do", "number": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(_clicks: list[int | None]) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        changes.allow(here)
        number = int(asked["number"])
        known = {one.token_id: one.name for one in tokens.tokens(board.warehouse, here.scope)}
        return True, _sure(here, number, known.get(number, ""))

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("tokens-sure-box", "opened", allow_duplicate=True),
        Input({"type": "tokens-sure", "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def revoke(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        name = changes.revoke(board, here, int(asked["number"]))
        tell(here.say("tokens.page.revoked", name=name))
        return (count or 0) + 1, False


def layout(here: Here, /, **_: str) -> Component:
    """Return the page: what tokens are, a button, the list, and what opens over it."""
    doing = [
        dmc.Button(here.say("tokens.page.make"), id="tokens-make"),
        html.A(here.say("tokens.page.docs"), href="/api/docs", className="tb-action"),
    ]
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            html.P(here.say("tokens.page.lead"), className="lead"),
            html.Div(doing, className="setup-do"),
            html.Div(skeletons.table(4), id="tokens-list", className="tb-stack"),
            html.Div(
                dmc.Drawer(
                    html.Div(id="tokens-form", className="people-who"),
                    id="tokens-drawer",
                    position="right",
                    title=here.say("tokens.page.make"),
                    closeButtonProps=_close(here),
                    transitionProps={"duration": 150},
                )
            ),
            _box(here, "tokens-sure-box", html.Div(id="tokens-sure-words")),
            _box(here, "tokens-once-box", html.Div(id="tokens-once")),
        ],
        className="imports",
    )


def _close(here: Here) -> dict[str, Any]:
    return attributes(aria_label=here.say("dashboard.imports.close"))


def _box(here: Here, name: str, content: Component) -> Component:
    modal = dmc.Modal(
        content,
        id=name,
        title="",
        centered=True,
        closeButtonProps=_close(here),
        transitionProps={"duration": 150},
    )
    return html.Div(modal)


def _sure(here: Here, number: int, name: str) -> list[Component]:
    gone = dmc.Button(
        here.say("tokens.page.revoke"),
        id={"type": "tokens-sure", "number": number},
        color="red",
        className="button-danger",
    )
    return [
        html.P(here.say("tokens.page.sure", name=name)),
        dmc.Group([gone], justify="flex-end"),
    ]


def _once(here: Here, secret: str) -> list[Component]:
    copy = dcc.Clipboard(
        target_id="tokens-secret", title=here.say("tokens.page.copied"), className="people-copy"
    )
    return [
        html.P(here.say("tokens.page.once"), className="muted"),
        html.Div([html.Code(secret, id="tokens-secret"), copy], className="people-link"),
    ]
