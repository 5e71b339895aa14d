"""Marketing: what each channel brings back, how to split the budget, what would settle the rest."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard import skeletons
from dashboard.budget import files, listing, plan
from dashboard.budget.known import Known, channel_name, known
from dashboard.errors import tell
from dashboard.frame import THEME, Board, Here, Page
from dashboard.imports.changes import allow
from dashboard.loose import attributes, records
from dashboard.pressed import pressed
from figures import formats
from figures.response import HEIGHT
from warehouse import budgets
from warehouse.reads.marketing_protocol import Advice

CHANGED = "marketing-changed"
TICK_MS = 3000
AT_WORK = frozenset({"waiting", "running"})


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    files.install(app.server, board)
    _shown(app, board)
    _asked(app, board)
    return Page(
        "marketing", "/marketing", layout, icon="marketing", filters=(), order=45, right="import"
    )


def layout(_: Here, /, **__: str) -> Component:
    """Return the page: what was found, the split, the lists of spend."""
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id="marketing-state", data=""),
            dcc.Interval(id="marketing-tick", interval=TICK_MS),
            html.Div(skeletons.block(40), id="marketing-head", className="tb-head"),
            html.Div(id="marketing-work", **attributes(aria_live="polite")),
            html.Div(
                [html.Div(skeletons.block(HEIGHT + 120), className="card tb-6") for _ in range(2)],
                id="marketing-channels",
                className="tb-grid12",
            ),
            html.Div(
                [
                    html.Div(skeletons.block(260), id="marketing-form"),
                    html.Div(id="marketing-plan", **attributes(aria_live="polite")),
                ],
                className="card",
            ),
            html.Div(skeletons.table(4), id="marketing-spend", className="card"),
        ],
        className="tb-stack",
    )


def _shown(app: Dash, board: Board) -> None:
    @app.callback(
        Output("marketing-head", "children"),
        Output("marketing-channels", "children"),
        Output("marketing-form", "children"),
        Input(CHANGED, "data"),
        Input(THEME, "data"),
    )
    def fill(_changed: int, theme: str) -> tuple[list[Component], list[Component], list[Component]]:
        here = board.here()
        allow(here)
        found = known(here)
        if found is None:
            return _nothing(here), [], []
        head = [listing.sentence(here, found), *_made(here, found)]
        return head, listing.cards(here, found, theme), plan.form(here, found)

    @app.callback(Output("marketing-spend", "children"), Input(CHANGED, "data"))
    def fill_spend(_changed: int) -> list[Component]:
        here = board.here()
        allow(here)
        return _spend(here)

    @app.callback(
        Output("marketing-work", "children"),
        Output("marketing-state", "data"),
        Output(CHANGED, "data"),
        Input("marketing-tick", "n_intervals"),
        State("marketing-state", "data"),
        State(CHANGED, "data"),
    )
    def watch(ticks: int | None, before: str, count: int | None) -> Any:
        here = board.here()
        allow(here)
        asked = here.reads.marketing_asked()
        state = f"{asked.plan_id} {asked.state}" if asked else ""
        if state == before and ticks:
            return no_update, no_update, no_update
        over = bool(before) and asked is not None and asked.state not in AT_WORK
        # What waits for the first answer here is not called where there is none.
        return _work(here, asked), state, (count or 0) + int(over)


def _asked(app: Dash, board: Board) -> None:
    @app.callback(
        Output("marketing-state", "data", allow_duplicate=True),
        Input({"type": "marketing-ask", "at": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    def ask(_clicks: list[int | None]) -> Any:
        if pressed() is None:
            return no_update
        here = board.here()
        allow(here)
        with board.warehouse.begin(here.scope) as connection:
            plan_id = budgets.ask(connection, here.scope.chain_id)
        board.jobs.advise_marketing(here.scope.chain_id, plan_id)
        tell(here.say("budget.asked"))
        return "asked"

    @app.callback(
        Output("marketing-plan", "children"),
        Input("marketing-split", "n_clicks"),
        State("marketing-total", "value"),
        State("marketing-margin", "value"),
        State({"type": "marketing-bounds", "channel": ALL}, "value"),
        State({"type": "marketing-bounds", "channel": ALL}, "id"),
        prevent_initial_call=True,
    )
    def split(
        clicks: int | None,
        total: str | None,
        margin: float | None,
        values: list[list[float]],
        ids: list[dict[str, str]],
    ) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        allow(here)
        found = known(here)
        if found is None:
            return []
        bounds = {
            one["channel"]: (float(value[0]), float(value[1]))
            for one, value in zip(ids, values, strict=True)
        }
        return plan.split(here, found, total or "", margin, bounds)


def _made(here: Here, found: Known) -> list[Component]:
    first, last = found.response.first, found.response.last
    said = here.say("budget.made", first=first, last=last, stores=len(found.response.stores))
    return [html.P(said, className="muted")]


def _nothing(here: Here) -> list[Component]:
    return [
        html.Div(
            [
                html.H2(here.say("budget.empty.title"), className="tb-finding"),
                html.P(here.say("budget.empty.lead")),
            ],
            className="card",
        )
    ]


def _work(here: Here, asked: Advice | None) -> list[Component]:
    if asked is None:
        return []
    if asked.state in AT_WORK:
        said = here.say("budget.at_work")
        bar: Any = dmc.Progress(
            value=100, striped=True, animated=True, size="sm", **attributes(aria_label=said)
        )
        return [html.Div([html.P(said), bar], className="card")]
    if asked.state == "failed":
        why = here.say(asked.error_key, **asked.error_params)
        return [html.Div(html.P(why), className="card forecast-failed")]
    return []


def _spend(here: Here) -> list[Component]:
    say, chain = here.say, here.reads.chain()
    rows = records(here.reads.spend())
    send = html.Button(
        say("budget.spend.send"),
        className="drop-choose",
        type="button",
        **attributes(
            data_send="/marketing/spend",
            data_said="marketing-said",
            data_done=CHANGED,
            data_broken=say("dashboard.drop.broken"),
        ),
    )
    sheet = html.A(say("budget.spend.template"), href="/marketing/spend.csv", className="tb-act")
    ask = dmc.Button(
        say("budget.ask"), id={"type": "marketing-ask", "at": "spend"}, disabled=not rows
    )
    said = html.P("", id="marketing-said", **attributes(role="status"))
    parts: list[Component] = [
        html.H2(say("budget.spend.title"), className="tb-finding"),
        html.P(say("budget.spend.lead"), className="muted tb-sub"),
        html.Div([send, sheet, ask, said], className="setup-do"),
    ]
    if rows:
        heads = ("channel", "recent", "whole", "weeks")
        head = [html.Th(say(f"budget.spend.{name}"), className="number" if at else "")
                for at, name in enumerate(heads)]  # fmt: skip
        body = [
            html.Tr(
                [
                    html.Td(channel_name(here, str(row["channel"]))),
                    html.Td(_money(here, row["recent"], chain.currency), className="number"),
                    html.Td(_money(here, row["amount"], chain.currency), className="number"),
                    html.Td(
                        formats.days_year(row["first_week"], row["last_week"], here.lang),
                        className="number",
                    ),
                ]
            )
            for row in rows
        ]
        table = html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="plain-table")
        parts.append(html.Div(table, className="forecast-wide"))
    return parts


def _money(here: Here, amount: float, currency: str) -> str:
    return formats.money_short(amount, currency, here.lang)
