"""The bar that says what is forecast: the store, region or chain, and how many days ahead."""

from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from dashboard.components.names import store_names
from dashboard.filterbar import LOCATION
from dashboard.forecasts.asked import AHEADS, DEFAULT_AHEAD, LEVELS
from dashboard.frame import Here
from dashboard.loose import attributes, records
from warehouse.reads.forecast_protocol import Unit

ASKED = "forecast-asked"
"""``dcc.Store``: what is asked, as ``Asked.data``."""
SHOWN = 100
"""Options listed at once; the rest are found by typing."""


def bar(here: Here) -> Component:
    """Return the bar and the store that it fills from the address."""
    return html.Div(
        [
            dcc.Store(id=ASKED),
            dmc.Select(
                id="forecast-unit",
                data=units(here),
                searchable=True,
                allowDeselect=False,
                limit=SHOWN,
                nothingFoundMessage=here.say("forecast.choose.none"),
                attributes={"input": {"aria-label": here.say("forecast.choose.unit")}},
                className="forecast-unit",
            ),
            dmc.SegmentedControl(
                id="forecast-ahead",
                data=[
                    {"value": str(days), "label": here.say("forecast.choose.days", count=days)}
                    for days in AHEADS
                ],
                value=str(DEFAULT_AHEAD),
                **attributes(aria_label=here.say("forecast.choose.ahead")),
            ),
        ],
        className="forecast-bar",
        role="group",
    )


def units(here: Here) -> list[dict[str, Any]]:
    """Return what may be chosen; the first is the default.

    The chain is offered to who may see all of it.
    """
    stores = here.reads.stores()
    open_stores = stores[~stores["unassigned"]]
    names = store_names(here, open_stores)
    found: dict[str, list[dict[str, str]]] = {level: [] for level in LEVELS}
    if here.scope.store_ids is None:
        found["chain"] = [{"value": "chain", "label": here.say("forecast.choose.chain")}]
    found["region"] = [
        {"value": f"region-{row['region_id']}", "label": here.name(row)}
        for row in records(here.reads.regions())
        if row["region_id"]
    ]
    found["store"] = [{"value": f"store-{store}", "label": name} for store, name in names.items()]
    if here.scope.store_ids is not None:
        found = {level: found[level] for level in ("store", "region")}
    return [
        {"group": here.say(f"forecast.choose.group_{level}"), "items": items}
        for level, items in found.items()
        if items
    ]


def label(here: Here, unit: Unit) -> str:
    """Return what the unit is called; empty for one that the reader does not see."""
    if unit.level == "chain":
        return here.say("forecast.choose.chain")
    rows = records(here.reads.stores() if unit.level == "store" else here.reads.regions())
    found = [row for row in rows if row[f"{unit.level}_id"] == unit.unit_id]
    return here.name(found[0]) if found else ""


def register(app: Dash) -> None:
    """Tie bar, address and store together; all of it in the browser."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("forecast", "choose"),
        Output(ASKED, "data"),
        Output("forecast-unit", "value"),
        Output("forecast-ahead", "value"),
        Input(LOCATION, "search"),
        Input("forecast-unit", "value"),
        Input("forecast-ahead", "value"),
        State("forecast-unit", "data"),
        State(ASKED, "data"),
    )
