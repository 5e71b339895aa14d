"""Cash: what the tills took in cash is typed in, a week of a store at once."""

from datetime import date, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from chain.days import Period
from dashboard import skeletons, takings
from dashboard.components.names import store_names
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.icons import icon
from dashboard.loose import attributes, records
from figures import formats

DAYS = 7


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and return its declaration."""

    @app.callback(
        Output("cash-days", "children"),
        Output("cash-earlier", "data"),
        Input("cash-store", "value"),
        Input("cash-last", "value"),
    )
    def fill(store: str | None, last: str | None) -> tuple[Any, ...]:
        return week(board.here(), int(store or 0), last)

    @app.callback(
        Output("cash-earlier", "data", allow_duplicate=True),
        Output("cash-note", "value"),
        Input("cash-save", "n_clicks"),
        State("cash-store", "value"),
        State({"type": "cash-amount", "day": ALL}, "value"),
        State({"type": "cash-amount", "day": ALL}, "id"),
        State("cash-earlier", "data"),
        State("cash-note", "value"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        store: str | None,
        amounts: list[str | None],
        ids: list[dict[str, str]],
        earlier: dict[str, int],
        note: str | None,
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        typed = [
            takings.Typed(date.fromisoformat(each["day"]), text or "", earlier.get(each["day"]))
            for each, text in zip(ids, amounts, strict=True)
        ]
        here = board.here()
        sent = takings.save(board, here, int(store or 0), typed, note or "")
        tell(here.say("dashboard.cash.saved", count=len(sent)))
        return {**earlier, **{day.isoformat(): amount for day, amount in sent.items()}}, ""

    return Page("cash", "/cash/<store_id>", layout, filters=(), order=60, right="import")


def layout(here: Here, /, **variables: str) -> Component:
    """Return the form: store, week, a box a day, a note."""
    given = variables.get("store_id", "")
    stores = here.reads.stores()
    open_stores = stores[~stores["unassigned"]]
    names = store_names(here, open_stores)
    choices = [{"value": str(key), "label": name} for key, name in names.items()]
    chosen = given if given in {choice["value"] for choice in choices} else None
    today = here.reads.chain().today.isoformat()
    back: list[Any] = [icon("left", 16), here.say("dashboard.cash.back")]
    return html.Div(
        [
            dcc.Link(back, href="/imports", className="tb-back"),
            html.P(here.say("dashboard.cash.lead"), className="lead"),
            html.Div([*_asked(here, choices, chosen, today), *_typed(here)], className="card cash"),
        ],
        className="imports",
    )


def _asked(
    here: Here, choices: list[dict[str, str]], chosen: str | None, today: str
) -> list[Component]:
    return [
        html.Div(
            [
                dmc.Select(
                    id="cash-store",
                    label=here.say("dashboard.cash.store"),
                    placeholder=here.say("dashboard.places.choose"),
                    data=choices,
                    value=chosen,
                    searchable=True,
                    allowDeselect=False,
                ),
                dmc.TextInput(
                    id="cash-last",
                    label=here.say("dashboard.cash.last"),
                    value=today,
                    attributes={"input": {"type": "date", "max": today}},
                ),
            ],
            className="cash-asked",
        )
    ]


def _typed(here: Here) -> list[Component]:
    return [
        dcc.Store(id="cash-earlier", data={}),
        html.Div(
            skeletons.block(DAYS * 52),
            id="cash-days",
            className="cash-days",
            role="group",
            **attributes(aria_label=here.say("dashboard.page.cash")),
        ),
        dmc.TextInput(
            id="cash-note",
            label=here.say("dashboard.cash.note"),
            attributes={"input": {"maxLength": takings.NOTE_MAX}},
        ),
        html.P(here.say("dashboard.cash.about"), className="muted"),
        dmc.Button(here.say("dashboard.cash.save"), id="cash-save"),
    ]


def week(here: Here, store: int, last: str | None) -> tuple[Any, ...]:
    """Return a row for each of the seven days up to ``last``, and what was typed for them."""
    chain = here.reads.chain()
    end = date.fromisoformat(last) if last else chain.today
    if not store:
        return html.P(here.say("dashboard.cash.choose"), className="muted"), {}
    period = Period(end - timedelta(days=DAYS - 1), end)
    rows = records(here.reads.cash_typed(store, period))
    earlier = {row["day"].isoformat(): int(row["amount"]) for row in rows}
    days = [end - timedelta(days=back) for back in range(DAYS)]
    return [_day(here, day, earlier.get(day.isoformat()), chain.currency) for day in days], earlier


def _day(here: Here, day: date, amount: int | None, currency: str) -> Component:
    name = formats.day(day, here.lang)
    return html.Div(
        [
            html.Span(name),
            dmc.TextInput(
                id={"type": "cash-amount", "day": day.isoformat()},
                value="" if amount is None else takings.shown(amount, currency),
                leftSection=formats.symbol(currency, here.lang),
                attributes={
                    "input": {"inputMode": "decimal", "autoComplete": "off", "aria-label": name}
                },
                className="cash-amount",
            ),
        ],
        className="cash-day",
    )
