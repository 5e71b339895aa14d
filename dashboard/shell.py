"""The frame around every page: rail, header, filter bar; on a phone a bar of five at the bottom."""

from collections.abc import Sequence
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import request

from dashboard import filterbar, series
from dashboard.errors import NOTES
from dashboard.frame import THEME, Here, Page
from dashboard.icons import icon
from dashboard.imports.words import moment
from dashboard.loose import as_button, attributes
from figures.tokens import mantine_theme

RAIL_COOKIE = "tillboard_rail"
HEADER, BOTTOM = 56, 60
WIDE, NARROW = 216, 68
OTHER_LANG = {"en": ("zh", "中文"), "zh": ("en", "English")}


def layout(here: Here, pages: Sequence[Page]) -> Component:
    """Return the whole document's components for one visit."""
    narrow = request.cookies.get(RAIL_COOKIE) == "narrow"
    menu = [page for page in pages if page.icon and (not page.right or here.may(page.right))]
    frame = dmc.AppShell(
        [
            dmc.AppShellHeader(_header(here), className="head"),
            dmc.AppShellNavbar(
                _rail(here, menu),
                id="rail",
                className=_rail_class(narrow),
                visibleFrom="sm",
            ),
            dmc.AppShellMain(_main(here, pages), id="main"),
            dmc.AppShellFooter(_bottom(here, menu), className="bottom", hiddenFrom="sm"),
        ],
        id="shell",
        layout="alt",
        header={"height": HEADER},
        navbar=navbar(narrow),
        footer={"height": {"base": BOTTOM, "sm": 0}},
        padding=0,
        transitionDuration=150,
    )
    return dmc.MantineProvider(  # type: ignore[no-any-return]
        [
            html.A(here.say("dashboard.frame.skip"), href="#main", className="skip"),
            dmc.NotificationContainer(id=NOTES, position="top-right", autoClose=6000),
            dcc.Store(id=THEME, data=here.theme),
            dcc.Store(id="other-lang", data=OTHER_LANG[here.lang][0]),
            frame,
        ],
        id="mantine",
        theme=mantine_theme(),
        forceColorScheme=here.theme,
    )


def navbar(narrow: bool) -> dict[str, Any]:
    """Return AppShell's settings of the rail."""
    return {
        "width": NARROW if narrow else WIDE,
        "breakpoint": "sm",
        "collapsed": {"mobile": True},
    }


def register(app: Dash) -> None:
    """Make the switches of the frame work; all of them in the browser."""
    filterbar.register(app)
    series.register(app)
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "theme"),
        Output(THEME, "data"),
        Output("mantine", "forceColorScheme"),
        Input("theme-switch", "n_clicks"),
        Input("more-theme", "n_clicks"),
        State(THEME, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "rail"),
        Output("shell", "navbar"),
        Output("rail", "className"),
        Input("rail-switch", "n_clicks"),
        State("shell", "navbar"),
        prevent_initial_call=True,
    )
    for trigger in ("language-switch", "more-language"):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("board", "language"),
            Output(trigger, "n_clicks"),
            Input(trigger, "n_clicks"),
            State("other-lang", "data"),
            prevent_initial_call=True,
        )
    for trigger in ("leave", "more-leave"):
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("board", "leave"),
            Output(trigger, "n_clicks"),
            Input(trigger, "n_clicks"),
            prevent_initial_call=True,
        )


def _rail_class(narrow: bool) -> str:
    return "rail rail-narrow" if narrow else "rail"


def _brand() -> Component:
    return html.Div(
        [
            html.Img(src="/assets/mark.svg", alt="", width=28, height=28),
            html.Span("Tillboard", className="rail-word"),
        ],
        className="brand",
    )


def _link(here: Here, page: Page, kind: str) -> Component:
    word = here.say(f"dashboard.page.{page.key}")
    return dmc.NavLink(  # type: ignore[no-any-return]
        label=word,
        leftSection=icon(page.icon or "overview", 22),
        href=page.path,
        active="exact" if page.path == "/" else "partial",
        className=f"{kind}-link",
        attributes={"root": {"title": word}},
    )


def _rail(here: Here, menu: Sequence[Page]) -> Component:
    links = html.Nav(
        [_link(here, page, "rail") for page in menu],
        className="rail-links",
        **attributes(aria_label=here.say("dashboard.frame.pages")),
    )
    switch = html.Button(
        [icon("rail"), html.Span(here.say("dashboard.frame.narrow"), className="rail-word")],
        id="rail-switch",
        className="rail-switch",
        type="button",
        **attributes(aria_label=here.say("dashboard.frame.narrow")),
    )
    return html.Div([_brand(), links, switch], className="rail-inner")


def _header(here: Here) -> Component:
    other, word = OTHER_LANG[here.lang]
    tools = html.Div(
        [
            *_switch(here),
            html.Button(
                word,
                id="language-switch",
                className="head-tool head-word",
                type="button",
                lang=other,
            ),
            html.Button(
                [html.Span(icon("moon"), className="to-dark"), _sun()],
                id="theme-switch",
                className="head-tool",
                type="button",
                **attributes(aria_label=here.say("dashboard.frame.theme")),
            ),
            _person(here),
        ],
        className="head-tools",
    )
    mark = html.Img(src="/assets/mark.svg", alt="", width=26, height=26, className="head-mark")
    return html.Div(
        [mark, html.H1("", id="page-title", className="head-title"), tools], className="head-inner"
    )


def _switch(here: Here) -> list[Component]:
    """Return the choice of a chain, for who is in several."""
    person = here.person
    if len(person.chains) < 2:
        return []
    names = dict(person.chains)
    ways = [
        html.Button(
            [html.Span(name), icon("check", 16)] if number == person.scope.chain_id else name,
            name="chain",
            value=str(number),
            type="submit",
            className="chain-way",
            **attributes(aria_current=str(number == person.scope.chain_id).lower()),
        )
        for number, name in person.chains
    ]
    menu = dmc.Popover(
        [
            dmc.PopoverTarget(
                html.Span(names[person.scope.chain_id], className="chain-name"),
                boxWrapperProps=as_button(
                    "head-tool head-chain", here.say("dashboard.frame.chain")
                ),
            ),
            dmc.PopoverDropdown(
                # A form and no callback: the whole page is of the other chain then.
                html.Form(ways, action="/chain/switch", method="POST", className="chain-ways")
            ),
        ],
        position="bottom-end",
        width=240,
    )
    return [html.Div(menu)]


def _sun() -> Component:
    return html.Span(icon("sun"), className="to-light")


def _person(here: Here) -> Component:
    name = here.person.name or here.person.email
    leave = dmc.MenuItem(
        here.say("dashboard.frame.leave"), id="leave", leftSection=icon("leave", 18)
    )
    return html.Div(
        dmc.Menu(
            [
                dmc.MenuTarget(
                    html.Span(name[:1].upper(), className="avatar"),
                    boxWrapperProps=as_button("head-tool", here.say("dashboard.frame.account")),
                ),
                dmc.MenuDropdown(
                    [
                        dmc.MenuLabel(here.person.email),
                        _account(here),
                        *_chain(here),
                        dmc.MenuDivider(),
                        leave,
                    ]
                ),
            ],
            position="bottom-end",
            width=240,
        ),
        className="head-person",
    )


def _account(here: Here) -> Component:
    return dmc.MenuItem(  # type: ignore[no-any-return]
        here.say("people.account.title"),
        href="/account",
        refresh=True,
        leftSection=icon("person", 18),
    )


def _chain(here: Here) -> list[Component]:
    if not here.may("people"):
        return []
    word = here.say("wholechain.title")
    return [dmc.MenuItem(word, href="/chain", leftSection=icon("stores", 18))]


def _bottom(here: Here, menu: Sequence[Page]) -> Component:
    word = OTHER_LANG[here.lang][1]
    # What has no place of its own on a phone.
    further = [
        dmc.MenuItem(
            here.say(f"dashboard.page.{page.key}"),
            href=page.path,
            leftSection=icon(page.icon or "overview", 18),
        )
        for page in menu[4:]
    ]
    items = [
        *further,
        dmc.MenuLabel(here.person.email),
        _account(here),
        *_chain(here),
        dmc.MenuItem(word, id="more-language", leftSection=icon("language", 18)),
        dmc.MenuItem(
            here.say("dashboard.frame.theme"), id="more-theme", leftSection=icon("sun", 18)
        ),
        dmc.MenuItem(
            here.say("dashboard.frame.leave"), id="more-leave", leftSection=icon("leave", 18)
        ),
    ]
    more = [icon("more", 22), html.Span(here.say("dashboard.frame.more"))]
    links: list[Component] = [_link(here, page, "bottom") for page in menu[:4]]
    menu_more = html.Div(
        dmc.Menu(
            [
                dmc.MenuTarget(html.Span(more), boxWrapperProps=as_button("bottom-more")),
                dmc.MenuDropdown(items),
            ],
            position="top-end",
            width=240,
        ),
        className="bottom-box",
    )
    return html.Nav(
        [*links, menu_more],
        className="bottom-inner",
        **attributes(aria_label=here.say("dashboard.frame.pages")),
    )


def _leaving(here: Here) -> list[Component]:
    if here.person.leaves_at is None:
        return []
    when = moment(here.person.leaves_at, here.reads.chain().time_zone, here.lang)
    return [html.P(here.say("wholechain.leaving", when=when), className="leaving", role="status")]


def _main(here: Here, pages: Sequence[Page]) -> list[Component]:
    return [
        *_leaving(here),
        filterbar.bar(here, pages),
        series.place(),
        html.Div(dash.page_container, className="page"),
    ]
