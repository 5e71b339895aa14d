"""How long a chain keeps personal data, as its owner sets it; and who is to be forgotten."""

from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from chain.errors import PermanentError
from chain.retention import KINDS, MOST
from dashboard.errors import tell
from dashboard.frame import Board, Here
from dashboard.peoplepage.changes import allow as owners_only
from dashboard.wholechain import allow
from warehouse import retention


def card(board: Board, here: Here) -> Component:
    """Return the part of the page with a number of days for each kind."""
    with board.warehouse.begin(here.scope) as connection:
        days = retention.rules(connection, here.scope.chain_id)
    boxes = [
        dmc.NumberInput(
            id=f"keeping-{kind}",
            label=here.say(f"privacy.kind.{kind}"),
            description=here.say(f"privacy.about.{kind}"),
            value=days[kind],
            min=known.least,
            max=MOST,
            allowDecimal=False,
            inputWrapperOrder=["label", "input", "description", "error"],
        )
        for kind, known in KINDS.items()
    ]
    return html.Section(
        [
            html.H2(here.say("privacy.title"), className="tb-finding"),
            html.P(here.say("privacy.lead")),
            html.Div(boxes, className="map-columns setup-form"),
            html.P(here.say("privacy.files", count=board.settings.inbox_days), className="muted"),
            dmc.Button(here.say("privacy.save"), id="keeping-save"),
        ],
        className="card chain-card",
    )


def register(app: Dash, board: Board) -> None:
    """Make the numbers of days save."""

    @app.callback(
        Output("keeping-save", "n_clicks"),
        Input("keeping-save", "n_clicks"),
        *(State(f"keeping-{kind}", "value") for kind in KINDS),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, *values: Any) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        allow(here)
        days = {kind: whole(value) for kind, value in zip(KINDS, values, strict=True)}
        retention.set_rules(board.warehouse, here.scope, days)
        tell(here.say("privacy.saved"))
        return no_update


def whole(value: Any) -> int:
    """Return what a box for days holds, 0 for what is no whole number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return 0
    return int(value)


def forget(board: Board, here: Here, user_id: int) -> None:
    """Delete a person who is in this chain alone, on an owner's word.

    Raises PermanentError for the reader themselves, and for who is in another chain too.
    """
    owners_only(here)
    if user_id == here.person.user_id:
        raise PermanentError("privacy.yourself")
    with board.warehouse.directory() as connection:
        email = retention.only_here(connection, here.scope, user_id)
    if email is None:
        raise PermanentError("privacy.elsewhere")
    retention.forget(board.warehouse, email)
