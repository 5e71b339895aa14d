"""Fields that forms of the Plans page share: the store, and days."""

from datetime import date
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.roles import Right
from dashboard.components.names import store_names
from dashboard.frame import Here
from dashboard.plans.changes import may_whole

SHOWN = 100


def store_field(here: Here, name: str, right: Right) -> Component:
    """Return the choice of a store, or of all where the reader may."""
    stores = here.reads.stores()
    known = stores[~stores["unassigned"].astype(bool)]
    data = [
        {"value": str(store), "label": label} for store, label in store_names(here, known).items()
    ]
    if may_whole(here, right):
        data.insert(0, {"value": "0", "label": here.say("plans.all_stores")})
    return dmc.Select(  # type: ignore[no-any-return]
        id=name,
        label=here.say("plans.store"),
        data=data,
        value=data[0]["value"] if data else None,
        searchable=True,
        allowDeselect=False,
        limit=SHOWN,
        nothingFoundMessage=here.say("forecast.choose.none"),
    )


def day_field(here: Here, name: str, key: str, value: date | None = None) -> Component:
    """Return the browser's own field of a day."""
    return dmc.TextInput(  # type: ignore[no-any-return]
        id=name,
        label=here.say(f"plans.{key}"),
        value=value.isoformat() if value else "",
        attributes={"input": {"type": "date"}},
    )


def store_name(here: Here, names: dict[int, str], store: int) -> str:
    """Return the name of a store; 0 is all of them."""
    return names.get(store, "–") if store else here.say("plans.all_stores")


def head(here: Here, key: str) -> list[Component]:
    """Return a card's title and what it is for."""
    return [
        html.H2(here.say(f"plans.{key}.title"), className="tb-finding"),
        html.P(here.say(f"plans.{key}.lead"), className="muted tb-sub"),
    ]


def action(text: str, key: dict[str, Any]) -> Component:
    """Return a small button of a row."""
    return html.Button(text, id=key, className="tb-action forecast-button", type="button")
