"""The form of one person: whom to invite, or what somebody sees from now on."""

from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.roles import ROLES
from dashboard.components.names import store_names
from dashboard.frame import Here
from dashboard.loose import records
from warehouse.directory.members import Member, Place

LANGUAGES = {"en": "English", "zh": "简体中文"}


def fields(here: Here, person: Member | None) -> list[Component]:
    """Return the boxes, filled with what ``person`` is; empty for a new one."""
    place = person.place if person else Place("store")
    roles = [{"value": role, "label": here.say(f"people.role.{role}")} for role in ROLES]
    regions = [
        {"value": str(row["region_id"]), "label": here.name(row)}
        for row in records(here.reads.regions())
    ]
    stores = here.reads.stores()
    named = store_names(here, stores[~stores["unassigned"]])
    choices = [{"value": str(number), "label": name} for number, name in named.items()]
    return [
        html.Div(_who(here, person), hidden=person is not None, className="people-who"),
        dmc.Select(
            id="people-role",
            label=here.say("people.page.role"),
            data=roles,
            value=place.role,
            allowDeselect=False,
            comboboxProps=_OVER,
        ),
        html.P(here.say(f"people.may.{place.role}"), id="people-may", className="muted people-may"),
        html.Div(
            [
                _many(here, "regions", regions, place.region_ids),
                _many(here, "stores", choices, place.store_ids),
            ],
            id="people-bounds",
            hidden=place.role == "owner",
            className="people-who",
        ),
        dmc.Button(
            here.say("people.page.save" if person else "people.page.send"),
            id="people-save",
            mt="md",
        ),
    ]


_OVER = {"zIndex": 400}
"""Above the drawer that the form is in."""


def _who(here: Here, person: Member | None) -> list[Component]:
    return [
        dmc.TextInput(
            id="people-email",
            label=here.say("people.page.email"),
            value=person.email if person else "",
            attributes={"input": {"type": "email", "autocomplete": "off"}},
        ),
        dmc.TextInput(
            id="people-name",
            label=here.say("people.page.name"),
            value=person.name if person else "",
            attributes={"input": {"autocomplete": "off", "maxLength": 80}},
        ),
        dmc.Select(
            id="people-lang",
            label=here.say("people.page.lang"),
            data=[{"value": code, "label": name} for code, name in LANGUAGES.items()],
            value=here.lang,
            allowDeselect=False,
            comboboxProps=_OVER,
        ),
    ]


def _many(
    here: Here, name: str, choices: list[dict[str, Any]], chosen: tuple[int, ...] | None
) -> Component:
    return dmc.MultiSelect(  # type: ignore[no-any-return]
        id=f"people-{name}",
        label=here.say(f"people.page.{name}"),
        data=choices,
        value=[str(number) for number in chosen or ()],
        searchable=True,
        clearable=True,
        comboboxProps=_OVER,
    )
