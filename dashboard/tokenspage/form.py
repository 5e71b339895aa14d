"""The form of a new token."""

from typing import Any

import dash_mantine_components as dmc
from dash.development.base_component import Component

from chain.roles import API_SCOPES
from dashboard.components.names import store_names
from dashboard.frame import Here
from dashboard.loose import records
from dashboard.tokenspage.changes import DAYS, NAME_MAX

_OVER = {"zIndex": 400}
"""Above the drawer that the form is in."""


def fields(here: Here) -> list[Component]:
    """Return the boxes of a new token, most of them empty."""
    regions = [
        {"value": str(row["region_id"]), "label": here.name(row)}
        for row in records(here.reads.regions())
    ]
    stores = here.reads.stores()
    named = store_names(here, stores[~stores["unassigned"]])
    choices = [{"value": str(number), "label": name} for number, name in named.items()]
    return [
        dmc.TextInput(
            id="tokens-name",
            label=here.say("tokens.page.name"),
            description=here.say("tokens.page.name_hint"),
            value="",
            inputWrapperOrder=["label", "input", "description", "error"],
            attributes={"input": {"autocomplete": "off", "maxLength": NAME_MAX}},
        ),
        dmc.CheckboxGroup(
            dmc.Stack(
                [
                    dmc.Checkbox(label=here.say(f"tokens.scope.{scope}"), value=scope)
                    for scope in API_SCOPES
                ],
                gap=8,
                mt=8,
            ),
            id="tokens-scopes",
            label=here.say("tokens.page.reads"),
            value=["stores", "figures"],
        ),
        _many(here, "regions", regions),
        _many(here, "stores", choices),
        dmc.Select(
            id="tokens-days",
            label=here.say("tokens.page.lasts"),
            data=[{"value": days, "label": here.say(f"tokens.page.days_{days}")} for days in DAYS],
            value=DAYS[-1],
            allowDeselect=False,
            comboboxProps=_OVER,
        ),
        dmc.Button(here.say("tokens.page.make"), id="tokens-save", mt="md"),
    ]


def _many(here: Here, name: str, choices: list[dict[str, Any]]) -> Component:
    hint = here.say("tokens.page.stores_hint") if name == "stores" else None
    return dmc.MultiSelect(  # type: ignore[no-any-return]
        id=f"tokens-{name}",
        label=here.say(f"tokens.page.{name}"),
        description=hint,
        data=choices,
        value=[],
        searchable=True,
        clearable=True,
        comboboxProps=_OVER,
        inputWrapperOrder=["label", "input", "description", "error"],
    )
