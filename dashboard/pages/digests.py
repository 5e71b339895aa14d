"""Digests: what comes by mail or into a group, when and in which language, and what was sent."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import skeletons
from dashboard.digestspage import changes, form, listing, words
from dashboard.digestspage.changes import Typed
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.loose import attributes
from dashboard.pressed import pressed

CHANGED = "digests-changed"
DO = {"type": "digests-do", "what": ALL, "number": ALL}
EVERY = 15_000
"""Milliseconds after which the page looks how what it shows has gone on."""


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(
        Output("digests-list", "children"),
        Input(CHANGED, "data"),
        Input("digests-search", "value"),
        Input("digests-tick", "n_intervals"),
    )
    def fill(_changed: int, search: str, _tick: int) -> list[Component]:
        return listing.contents(board, board.here(), search or "")

    @app.callback(Output("digests-robots", "children"), Input("digests-robots-changed", "data"))
    def fill_robots(_changed: int) -> list[Component]:
        here = board.here()
        return listing.groups(board, here) if here.may("tell") else []

    @app.callback(
        Output("digests-for-daily", "hidden"),
        Output("digests-for-weekly", "hidden"),
        Output("digests-for-monthly", "hidden"),
        Input("digests-rhythm", "value"),
        prevent_initial_call=True,
    )
    def explain(rhythm: str) -> tuple[bool, ...]:
        return tuple(rhythm != one for one in ("daily", "weekly", "monthly"))

    _form(app, board)
    _rows(app, board)
    _robots(app, board)
    _domains(app, board)
    return Page("digests", "/digests", _layout(board), icon="mail", filters=(), order=75)


def _layout(board: Board) -> Any:
    def layout(here: Here, /, **_: str) -> Component:
        """Return the page: a button, the lists, and what opens over them."""
        may_tell, owner = here.may("tell"), here.may("people")
        add = dmc.Button(here.say("digests.page.add"), id="digests-add")
        shown = [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id="digests-robots-changed", data=0),
            dcc.Store(id="digests-number", data=0),
            dcc.Interval(id="digests-tick", interval=EVERY),
            html.Div([add, _search(here, owner=owner)], className="setup-do digest-head"),
            html.Div(skeletons.table(4), id="digests-list", className="tb-stack"),
            html.Div(_group_card(here), hidden=not may_tell, className="card digest-card"),
            html.Div(_domain_card(board, here) if owner else [], hidden=not owner,
                     className="card digest-card"),
            _drawer(here, "digests-drawer", html.Div(id="digests-form")),
            _drawer(here, "digests-robot-drawer", html.Div(id="digests-robot-form")),
            _box(here, "digests-sure-box", html.Div(id="digests-sure-words")),
            _box(here, "digests-preview-box", html.Div(id="digests-preview"), size="xl"),
        ]  # fmt: skip
        return html.Div(shown, className="imports")

    return layout


def _search(here: Here, *, owner: bool) -> Component:
    box = dmc.TextInput(
        id="digests-search",
        value="",
        debounce=300,
        placeholder=here.say("digests.page.search"),
        attributes={"input": attributes(aria_label=here.say("digests.page.search"))},
    )
    return html.Div(box, hidden=not owner)


def _group_card(here: Here) -> list[Component]:
    return [
        html.H2(here.say("digests.page.robots"), className="tb-finding"),
        html.P(here.say("digests.page.robots_lead"), className="muted tb-sub"),
        html.Div(id="digests-robots"),
        dmc.Button(here.say("digests.page.robot_add"), id="digests-robot-add", variant="default"),
    ]


def _domain_card(board: Board, here: Here) -> list[Component]:
    ours = board.settings.digest_domains
    said = here.say("digests.page.domains_ours", domains=", ".join(ours)) if ours else ""
    return [
        html.H2(here.say("digests.page.domains"), className="tb-finding"),
        html.P(f"{here.say('digests.page.domains_lead')} {said}".strip(), className="muted tb-sub"),
        html.Div(
            [
                dmc.TextInput(
                    id="digests-domains",
                    value=", ".join(changes.domains(board, here)),
                    placeholder="example.com",
                    attributes={
                        "input": {
                            "maxLength": 1000,
                            **attributes(aria_label=here.say("digests.page.domains")),
                        }
                    },
                ),
                dmc.Button(
                    here.say("digests.page.domains_save"),
                    id="digests-domains-save",
                    variant="default",
                ),
            ],
            className="digest-domains",
        ),
    ]


def _close(here: Here) -> dict[str, Any]:
    return attributes(aria_label=here.say("dashboard.imports.close"))


def _drawer(here: Here, name: str, content: Component) -> Component:
    drawer = dmc.Drawer(
        content,
        id=name,
        position="right",
        title="",
        closeButtonProps=_close(here),
        transitionProps={"duration": 150},
    )
    return html.Div(drawer)


def _box(here: Here, name: str, content: Component, *, size: str = "md") -> Component:
    modal = dmc.Modal(
        content,
        id=name,
        title="",
        size=size,
        centered=True,
        closeButtonProps=_close(here),
        transitionProps={"duration": 150},
    )
    return html.Div(modal)


def _form(app: Dash, board: Board) -> None:
    @app.callback(
        Output("digests-drawer", "opened"),
        Output("digests-drawer", "title"),
        Output("digests-form", "children"),
        Output("digests-number", "data"),
        Input("digests-add", "n_clicks"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None) -> tuple[Any, ...]:
        if not clicks:
            return (no_update,) * 4
        here = board.here()
        boxes = form.fields(here, None, changes.people(board, here), changes.groups(board, here))
        return True, here.say("digests.page.form_new"), boxes, 0

    @app.callback(
        Output(CHANGED, "data"),
        Output("digests-drawer", "opened", allow_duplicate=True),
        Input("digests-save", "n_clicks"),
        State("digests-number", "data"),
        State("digests-who", "value"),
        State("digests-rhythm", "value"),
        State("digests-days", "value"),
        State("digests-weekday", "value"),
        State("digests-month-day", "value"),
        State("digests-at", "value"),
        State("digests-zone", "value"),
        State("digests-lang", "value"),
        State("digests-target", "value"),
        State("digests-only-changed", "checked"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, number: int, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        *typed, count = given
        found = changes.save(board, here, Typed(number or 0, *typed))
        tell(here.say("digests.page.saved", when=words.following(here, found, words.now())))
        return (count or 0) + 1, False


def _rows(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("digests-drawer", "opened", allow_duplicate=True),
        Output("digests-drawer", "title", allow_duplicate=True),
        Output("digests-form", "children", allow_duplicate=True),
        Output("digests-number", "data", allow_duplicate=True),
        Output("digests-sure-box", "opened"),
        Output("digests-sure-words", "children"),
        Output("digests-preview-box", "opened"),
        Output("digests-preview-box", "title"),
        Output("digests-preview", "children"),
        Input(DO, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def act(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return (no_update,) * 10
        here = board.here()
        return _act(board, here, str(asked["what"]), int(asked["number"]), (count or 0) + 1)

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("digests-sure-box", "opened", allow_duplicate=True),
        Input({"type": "digests-sure", "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def remove(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        changes.remove(board, here, int(asked["number"]))
        tell(here.say("digests.page.removed"))
        return (count or 0) + 1, False


def _act(board: Board, here: Here, what: str, number: int, count: int) -> tuple[Any, ...]:
    """Do what a button of a row says; the outputs are those of ``act``."""
    form_still, box_still, preview_still = (no_update,) * 4, (no_update,) * 2, (no_update,) * 3
    if what == "again":
        changes.again(board, here, number)
        tell(here.say("digests.page.asked"))
        return count, *form_still, *box_still, *preview_still
    one = changes.one(board, here, number)
    rhythm, who = changes.label(here, one)
    if what == "change":
        boxes = form.fields(here, one, changes.people(board, here), changes.groups(board, here))
        title = here.say("digests.page.form_change")
        return no_update, True, title, boxes, number, *box_still, *preview_still
    if what == "remove":
        return no_update, *form_still, True, _sure(here, number, rhythm, who), *preview_still
    if what == "preview":
        title = here.say("digests.page.preview_title", what=rhythm, who=who)
        return no_update, *form_still, *box_still, True, title, _preview(title, number)
    tell(_do(board, here, what, number))
    return count, *form_still, *box_still, *preview_still


def _do(board: Board, here: Here, what: str, number: int) -> str:
    """Do what needs no more than the button; return what is told."""
    if what == "test":
        changes.test(board, here, number)
        return here.say("digests.page.asked")
    if what == "pause":
        changes.pause(board, here, number)
        return here.say("digests.page.is_paused")
    if what == "resume":
        found = changes.resume(board, here, number)
        return here.say("digests.page.is_resumed", when=words.following(here, found, words.now()))
    changes.trust(board, here, number)
    return here.say("digests.page.trusted")


def _sure(here: Here, number: int, what: str, who: str) -> list[Component]:
    gone = dmc.Button(
        here.say("digests.page.remove"),
        id={"type": "digests-sure", "number": number},
        color="red",
        className="button-danger",
    )
    return [
        html.P(here.say("digests.page.sure", what=what, who=who)),
        dmc.Group([gone], justify="flex-end"),
    ]


def _preview(title: str, number: int) -> list[Component]:
    # No script and nothing of ours: its own page says so too (dashboard.digestroutes).
    return [
        html.Iframe(
            src=f"/digests/{number}/preview",
            title=title,
            sandbox="allow-popups allow-popups-to-escape-sandbox",
            className="digest-frame",
        )
    ]


def _robots(app: Dash, board: Board) -> None:
    @app.callback(
        Output("digests-robot-drawer", "opened"),
        Output("digests-robot-drawer", "title"),
        Output("digests-robot-form", "children"),
        Input("digests-robot-add", "n_clicks"),
        prevent_initial_call=True,
    )
    def add(clicks: int | None) -> tuple[Any, ...]:
        if not clicks:
            return (no_update,) * 3
        here = board.here()
        return True, here.say("digests.page.robot_add"), form.robot_fields(here)

    @app.callback(
        Output("digests-robots-changed", "data"),
        Output("digests-robot-drawer", "opened", allow_duplicate=True),
        Input("digests-robot-save", "n_clicks"),
        State("digests-robot-platform", "value"),
        State("digests-robot-name", "value"),
        State("digests-robot-address", "value"),
        State("digests-robot-secret", "value"),
        State("digests-robots-changed", "data"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        *typed, count = given
        changes.add_robot(board, here, *(str(each or "") for each in typed))
        tell(here.say("digests.page.robot_saved"))
        return (count or 0) + 1, False

    @app.callback(
        Output("digests-robots-changed", "data", allow_duplicate=True),
        Input({"type": "digests-robot-do", "number": ALL}, "n_clicks"),
        State("digests-robots-changed", "data"),
        prevent_initial_call=True,
    )
    def remove(_clicks: list[int | None], count: int | None) -> Any:
        asked = pressed()
        if asked is None:
            return no_update
        here = board.here()
        changes.remove_robot(board, here, int(asked["number"]))
        tell(here.say("digests.page.robot_removed"))
        return (count or 0) + 1


def _domains(app: Dash, board: Board) -> None:
    @app.callback(
        Output("digests-domains", "value"),
        Input("digests-domains-save", "n_clicks"),
        State("digests-domains", "value"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, typed: str | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        changes.set_domains(board, here, typed or "")
        tell(here.say("digests.page.domains_saved"))
        return ", ".join(changes.domains(board, here))
