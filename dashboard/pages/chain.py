"""The chain itself: its name and money, taking all of it along, removing it."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import keeping, wholechain
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.imports.words import moment
from dashboard.loose import attributes
from figures.countries import countries, currencies


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    keeping.register(app, board)

    @app.callback(
        Output("chain-went", "href"),
        Input("chain-export", "n_clicks"),
        State("chain-export-name", "value"),
        State("chain-export-password", "value"),
        prevent_initial_call=True,
    )
    def export(clicks: int | None, name: str | None, password: str | None) -> Any:
        if not clicks:
            return no_update
        wholechain.take_along(board, board.here(), name, password)
        return "/exports"

    @app.callback(
        Output("chain-removal", "children"),
        Input("chain-remove", "n_clicks"),
        State("chain-remove-name", "value"),
        State("chain-remove-password", "value"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None, name: str | None, password: str | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        wholechain.remove(board, here, name, password)
        return _removal(board, here)

    @app.callback(
        Output("chain-removal", "children", allow_duplicate=True),
        Input("chain-keep", "n_clicks"),
        prevent_initial_call=True,
    )
    def keep(clicks: int | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        wholechain.keep(board, here)
        tell(here.say("wholechain.kept"))
        return _removal(board, here)

    def layout(here: Here, /, **_: str) -> Component:
        return html.Div(
            [
                dcc.Location(id="chain-went", refresh="callback-nav"),
                _facts(here),
                keeping.card(board, here),
                _along(board, here),
                html.Section(
                    _removal(board, here),
                    id="chain-removal",
                    className="card chain-card",
                    **attributes(aria_live="polite"),
                ),
            ],
            className="start",
        )

    return Page("chain", "/chain", layout, filters=(), order=85, right="people")


def _facts(here: Here) -> Component:
    chain = here.reads.chain()
    country = chain.country.partition("-")[0]
    facts = {
        "name": chain.name,
        "country": countries(here.lang).get(country, chain.country),
        "currency": currencies(here.lang).get(chain.currency, chain.currency),
        "time_zone": chain.time_zone,
    }
    rows = [
        part
        for name, value in facts.items()
        for part in (html.Dt(here.say(f"start.field.{name}")), html.Dd(value))
    ]
    return html.Section(
        [
            html.H2(here.say("wholechain.facts"), className="tb-finding"),
            html.Dl(rows, className="chain-facts"),
            dcc.Link(here.say("wholechain.change"), href="/start/chain", className="button-quiet"),
        ],
        className="card chain-card",
    )


def _along(board: Board, here: Here) -> Component:
    return html.Section(
        [
            html.H2(here.say("wholechain.along.title"), className="tb-finding"),
            html.P(here.say("wholechain.along.lead", hours=board.settings.export_hours)),
            _confirmed(here, "export", dmc.Button(here.say("wholechain.along.do"),
                                                  id="chain-export")),
        ],
        className="card chain-card",
    )  # fmt: skip


def _removal(board: Board, here: Here) -> list[Component]:
    title = html.H2(here.say("wholechain.removal.title"), className="tb-finding")
    asked = wholechain.asked(board, here)
    if asked is None:
        days = board.settings.removal_days
        do = dmc.Button(
            here.say("wholechain.removal.do"),
            id="chain-remove",
            color="red",
            className="button-danger",
        )
        lead = html.P(here.say("wholechain.removal.lead", count=days))
        return [title, lead, _confirmed(here, "remove", do)]
    when = moment(asked.due_at, here.reads.chain().time_zone, here.lang)
    return [
        title,
        html.P(here.say("wholechain.removal.asked", when=when), className="chain-due"),
        dmc.Button(here.say("wholechain.removal.keep"), id="chain-keep", variant="default"),
    ]


def _confirmed(here: Here, what: str, button: Component) -> Component:
    name = here.reads.chain().name
    return html.Div(
        [
            dmc.TextInput(
                id=f"chain-{what}-name",
                label=here.say("wholechain.type_name", name=name),
                value="",
                attributes={"input": {"autoComplete": "off"}},
            ),
            dmc.PasswordInput(
                id=f"chain-{what}-password",
                label=here.say("wholechain.type_password"),
                value="",
                visibilityToggleButtonProps={"aria-label": here.say("wholechain.see_password")},
                attributes={"input": {"autoComplete": "current-password"}},
            ),
            button,
        ],
        className="chain-sure",
    )
