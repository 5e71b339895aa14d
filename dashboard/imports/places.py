"""Places whose money is bound to no store yet, each with a store to choose."""

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.imports import words
from dashboard.loose import records
from figures.formats import count_full, money_short

LIKELY = 0.5
"""A suggestion below this likeness is not preselected: a wrong store is worse than none."""
SHOWN = 30


def places(here: Here, unbound: pd.DataFrame, stores: pd.DataFrame, currency: str) -> Component:
    """Return the card, hidden where every place is bound."""
    if unbound.empty:
        return html.Div(hidden=True)
    options = [
        {"value": str(row["store_id"]), "label": f"{row['code']} {here.name(row)}"}
        for row in records(stores)
        if not row["unassigned"]
    ]
    rows = [_place(here, row, options, currency) for row in records(unbound.head(SHOWN))]
    return html.Section(
        [
            html.H2(here.say("dashboard.places.title", count=len(unbound)), className="tb-finding"),
            html.P(here.say("dashboard.places.lead"), className="muted"),
            *rows,
        ],
        id="bind",
        className="card places",
    )


def _place(
    here: Here, row: dict[str, Any], options: list[dict[str, str]], currency: str
) -> Component:
    place = int(row["place_id"])
    refs = [
        f"{here.say(f'dashboard.places.{kind}')} {row[f'{kind}_ref']}"
        for kind in ("store", "terminal", "operator")
        if row[f"{kind}_ref"]
    ]
    title = str(row["label"] or (refs[0] if refs else here.say("dashboard.places.account")))
    money = here.say(
        "dashboard.places.money",
        count=count_full(float(row["payments"]), here.lang),
        gross=money_short(float(row["gross"]), currency, here.lang),
    )
    platform = words.source(here.lang, str(row["platform"]))
    likely = float(row["likeness"]) >= LIKELY and int(row["suggested_store_id"])
    # The references say which binding is meant; they come back with the click.
    ref = {"type": "places-bind", "place": place}
    return html.Div(
        [
            html.Div(
                [
                    html.Strong(title),
                    html.Span(
                        " · ".join([platform, *(ref for ref in refs if ref != title)]),
                        className="muted",
                    ),
                    html.Span(money, className="muted"),
                ],
                className="place-words",
            ),
            dmc.Select(
                id={"type": "places-store", "place": place},
                data=options,
                value=str(row["suggested_store_id"]) if likely else None,
                label=here.say("dashboard.places.store_label"),
                placeholder=here.say("dashboard.places.choose"),
                searchable=True,
                size="sm",
                className="place-store",
            ),
            dmc.TextInput(
                id={"type": "places-since", "place": place},
                value="",
                label=here.say("dashboard.places.since"),
                size="sm",
                attributes={"input": {"type": "date"}},
                className="place-since",
            ),
            dmc.Button(here.say("dashboard.places.bind"), id=ref, className="place-bind"),
        ],
        className="place",
    )
