"""People: who sees this chain, as what, since when; an owner invites, changes and revokes here."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component
from flask import request

from dashboard import keeping, skeletons
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.loose import attributes
from dashboard.peoplepage import changes, form, listing
from dashboard.peoplepage.changes import Link, Typed
from dashboard.pressed import pressed
from warehouse.directory import members
from warehouse.directory.links import INVITATION_DAYS

CHANGED = "people-changed"
DO = {"type": "people-do", "what": ALL, "number": ALL}


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(Output("people-list", "children"), Input(CHANGED, "data"))
    def fill(_changed: int) -> list[Component]:
        changes.allow(board.here())
        return listing.contents(board, board.here())

    @app.callback(
        Output("people-may", "children"),
        Output("people-bounds", "hidden"),
        Input("people-role", "value"),
        prevent_initial_call=True,
    )
    def explain(role: str) -> tuple[str, bool]:
        return board.here().say(f"people.may.{role}"), role == "owner"

    _form(app, board)
    _rows(app, board)
    return Page("people", "/people", layout, icon="person", filters=(), order=80, right="people")


def layout(here: Here, /, **_: str) -> Component:
    """Return the page: a button, the lists, and what opens over them."""
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id="people-who", data=0),
            html.Div(
                dmc.Button(here.say("people.page.invite"), id="people-invite"),
                className="setup-do",
            ),
            html.Div(skeletons.table(6), id="people-list", className="tb-stack"),
            html.Div(
                dmc.Drawer(
                    html.Div(id="people-form"),
                    id="people-drawer",
                    position="right",
                    title="",
                    closeButtonProps=_close(here),
                    transitionProps={"duration": 150},
                )
            ),
            _box(here, "people-sure-box", html.Div(id="people-sure-words")),
            _box(here, "people-link-box", html.Div(id="people-link")),
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


def _form(app: Dash, board: Board) -> None:
    @app.callback(
        Output("people-drawer", "opened"),
        Output("people-drawer", "title"),
        Output("people-form", "children"),
        Output("people-who", "data"),
        Input("people-invite", "n_clicks"),
        prevent_initial_call=True,
    )
    def invite(clicks: int | None) -> tuple[Any, ...]:
        if not clicks:
            return (no_update,) * 4
        here = board.here()
        changes.allow(here)
        return True, here.say("people.page.invite"), form.fields(here, None), 0

    @app.callback(
        Output(CHANGED, "data"),
        Output("people-drawer", "opened", allow_duplicate=True),
        Output("people-link-box", "opened"),
        Output("people-link-box", "title"),
        Output("people-link", "children"),
        Input("people-save", "n_clicks"),
        State("people-who", "data"),
        State("people-email", "value"),
        State("people-name", "value"),
        State("people-role", "value"),
        State("people-regions", "value"),
        State("people-stores", "value"),
        State("people-lang", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, who: int, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return (no_update,) * 5
        email, name, role, regions, stores, lang, count = given
        here = board.here()
        typed = Typed(who or 0, email or "", name or "", role or "", regions or [], stores or [],
                      lang or "")  # fmt: skip
        link = changes.save(board, here, typed)
        if typed.user_id:
            tell(here.say("people.page.saved", name=typed.name or typed.email))
        elif link is None:
            tell(here.say("people.page.sent", email=typed.email.strip(), count=INVITATION_DAYS))
        return (count or 0) + 1, False, *shown(here, link)


def _rows(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("people-drawer", "opened", allow_duplicate=True),
        Output("people-drawer", "title", allow_duplicate=True),
        Output("people-form", "children", allow_duplicate=True),
        Output("people-who", "data", allow_duplicate=True),
        Output("people-link-box", "opened", allow_duplicate=True),
        Output("people-link-box", "title", allow_duplicate=True),
        Output("people-link", "children", allow_duplicate=True),
        Output("people-sure-box", "opened"),
        Output("people-sure-words", "children"),
        Input(DO, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def act(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return (no_update,) * 10
        here = board.here()
        changes.allow(here)
        return _act(board, here, str(asked["what"]), int(asked["number"]), (count or 0) + 1)

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("people-sure-box", "opened", allow_duplicate=True),
        Input({"type": "people-sure", "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def revoke(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        name = _name(board, here, int(asked["number"]))
        changes.revoke(board, here, int(asked["number"]))
        tell(here.say("people.page.revoked", name=name))
        return (count or 0) + 1, False

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("people-sure-box", "opened", allow_duplicate=True),
        Input({"type": "people-forget", "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def forget(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        keeping.forget(board, here, int(asked["number"]))
        tell(here.say("privacy.forgotten"))
        return (count or 0) + 1, False


def _act(board: Board, here: Here, what: str, number: int, count: int) -> tuple[Any, ...]:
    """Do what a button of a row says; the outputs are those of ``act``."""
    still, drawer, box = (no_update,) * 4, (no_update,) * 3, (no_update,) * 2
    if what == "change":
        found = {one.user_id: one for one in members.members(board.warehouse, here.scope)}
        person = found[number]
        title = person.name or person.email
        return no_update, True, title, form.fields(here, person), number, *drawer, *box
    if what == "revoke":
        return no_update, *still, *drawer, True, _sure(here, number, _name(board, here, number))
    if what == "withdraw":
        changes.withdraw(board, here, number)
        tell(here.say("people.page.withdrawn"))
        return count, *still, *drawer, *box
    send = changes.send if what == "link" else changes.new_password
    link = send(board, here, number)
    if link is None:
        tell(here.say("people.page.mailing"))
    return count, *still, *shown(here, link), *box


def _name(board: Board, here: Here, user_id: int) -> str:
    found = {one.user_id: one for one in members.members(board.warehouse, here.scope)}
    return (found[user_id].name or found[user_id].email) if user_id in found else ""


def _sure(here: Here, number: int, name: str) -> list[Component]:
    gone = dmc.Button(
        here.say("people.page.revoke"),
        id={"type": "people-sure", "number": number},
        color="red",
        className="button-danger",
    )
    forgotten = dmc.Button(
        here.say("privacy.forget"),
        id={"type": "people-forget", "number": number},
        variant="default",
    )
    return [
        html.P(here.say("people.page.sure", name=name)),
        dmc.Group([forgotten, gone], justify="flex-end"),
    ]


def shown(here: Here, link: Link | None) -> tuple[Any, ...]:
    """Return whether the box with a link opens, its title, and the link to copy."""
    if link is None:
        return no_update, no_update, no_update
    address = f"{request.host_url.rstrip('/')}{link.address}"
    box = html.Div(
        [
            html.P(here.say("people.page.copy"), className="muted"),
            html.Div(
                [
                    html.Code(address, id="people-address"),
                    dcc.Clipboard(
                        target_id="people-address",
                        title=here.say("people.page.copied"),
                        className="people-copy",
                    ),
                ],
                className="people-link",
            ),
        ]
    )
    return True, here.say("people.page.copy_title", email=link.email), [box]
