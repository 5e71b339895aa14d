"""The card of the Set-up page where the chain's rates of value-added tax are typed."""

from datetime import date
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from chain.errors import PermanentError
from chain.terms import CHINA, EVER, parse_rate, rate_text
from dashboard.errors import tell
from dashboard.frame import Board, Here
from dashboard.imports.changes import allow
from dashboard.loose import attributes
from dashboard.pressed import pressed
from figures import formats
from warehouse import terms

LIST = "setup-vat"


def register(app: Dash, board: Board) -> None:
    """Make the card's buttons work."""

    @app.callback(
        Output(LIST, "children"),
        Input("setup-vat-save", "n_clicks"),
        State("setup-vat-rate", "value"),
        State("setup-vat-from", "value"),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, rate: str | None, since: str | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        set_rate(board, here, rate or "", since or "")
        tell(here.say("dashboard.terms.saved"))
        return rates(here)

    @app.callback(
        Output(LIST, "children", allow_duplicate=True),
        Input({"type": "setup-vat-drop", "since": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def drop(_clicks: list[int | None]) -> Any:
        asked = pressed()
        if asked is None:
            return no_update
        here = board.here()
        set_rate(board, here, None, str(asked["since"]))
        tell(here.say("dashboard.terms.dropped"))
        return rates(here)


def card(here: Here) -> Component:
    """Return the card: what is in force, and boxes for a rate from a day on."""
    typical = [rate_text(rate) for rate in CHINA] if here.reads.chain().country == "CN" else []
    boxes = [
        dmc.Autocomplete(
            id="setup-vat-rate",
            label=here.say("dashboard.terms.rate"),
            description=here.say("dashboard.terms.rate_about") if typical else None,
            data=typical,
            value="",
            inputWrapperOrder=["label", "input", "description", "error"],
        ),
        dmc.TextInput(
            id="setup-vat-from",
            label=here.say("dashboard.terms.since"),
            description=here.say("dashboard.terms.since_about"),
            value="",
            inputWrapperOrder=["label", "input", "description", "error"],
            attributes={"input": {"type": "date"}},
        ),
    ]
    return html.Section(
        [
            html.H2(here.say("dashboard.terms.vat"), className="tb-card-title"),
            html.P(here.say("dashboard.terms.vat_about"), className="muted"),
            html.Div(rates(here), id=LIST, **attributes(aria_live="polite")),
            html.Div(boxes, className="map-columns setup-form"),
            dmc.Button(here.say("dashboard.terms.save"), id="setup-vat-save", mt="md"),
        ],
        className="card setup-terms",
    )


def rates(here: Here) -> list[Component]:
    """Return the chain's rates, the latest first, each with a button that takes it away."""
    known = [rate for rate in here.reads.vat_rates() if rate.store_id == 0]
    if not known:
        return [html.P(here.say("dashboard.terms.no_vat"))]
    rows = []
    for rate in sorted(known, key=lambda one: one.from_date, reverse=True):
        since = _since(here, rate.from_date)
        word = here.say("dashboard.terms.drop")
        label = f"{word}: {rate_text(rate.rate)} {since}"
        button = html.Button(
            word,
            id={"type": "setup-vat-drop", "since": rate.from_date.isoformat()},
            className="people-do",
            type="button",
            **attributes(aria_label=label),
        )
        rows.append(
            html.Li(
                [html.B(rate_text(rate.rate)), html.Span(since, className="muted"), button],
                className="setup-rate",
            )
        )
    return [html.Ul(rows, className="setup-rates")]


def set_rate(board: Board, here: Here, rate: str | None, since: str) -> None:
    """Set the chain's rate from a day on; a ``rate`` of None takes it away.

    Raises PermanentError for what is no rate or no day, and for who may not, or sees some stores.
    """
    allow(here)
    if here.scope.store_ids is not None:
        raise PermanentError("dashboard.terms.whole")
    try:
        share = None if rate is None else parse_rate(rate)
    except ValueError as error:
        raise PermanentError("dashboard.terms.bad_rate") from error
    try:
        day = date.fromisoformat(since) if since else EVER
    except ValueError as error:
        raise PermanentError("dashboard.terms.bad_day") from error
    with board.warehouse.begin(here.scope) as connection:
        terms.set_vat(connection, here.scope.chain_id, 0, day, share, here.person.user_id)


def _since(here: Here, day: date) -> str:
    if day == EVER:
        return here.say("dashboard.terms.ever")
    return here.say("dashboard.terms.from", day=formats.day_year(day, here.lang))
