"""Notes on days: the form, and the list of the last year's."""

from datetime import timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from chain.days import Period
from dashboard.components.names import store_names
from dashboard.frame import Here
from dashboard.imports.words import moment
from dashboard.loose import records
from dashboard.plans.changes import may_keep
from dashboard.plans.parts import action, day_field, head, store_field, store_name
from figures import formats
from warehouse.notes import LONGEST

BACK, AHEAD = 365, 365
MOST = 40


def form(here: Here) -> list[Component]:
    """Return the card's head, and the form for who may write."""
    parts = head(here, "notes")
    if not here.may("note"):
        return parts
    today = here.reads.chain().today
    fields = [
        day_field(here, "plans-note-from", "from", today),
        day_field(here, "plans-note-to", "to", today),
        store_field(here, "plans-note-store", "note"),
        dmc.TextInput(
            id="plans-note-text",
            label=here.say("plans.notes.text"),
            placeholder=here.say("plans.notes.example"),
            value="",
            attributes={"input": {"maxLength": str(LONGEST), "autoComplete": "off"}},
            className="plans-wide",
        ),
        dmc.Button(here.say("plans.notes.save"), id="plans-note-save", variant="default"),
    ]
    return [
        *parts,
        dcc.Store(id="plans-note-id", data=0),
        html.Div(fields, className="plans-form"),
    ]


def listing(here: Here) -> list[Component]:
    """Return the notes, latest first."""
    chain = here.reads.chain()
    period = Period(chain.today - timedelta(days=BACK), chain.today + timedelta(days=AHEAD))
    rows = records(here.reads.notes(period))
    if not rows:
        return [html.P(here.say("plans.notes.none"), className="muted")]
    names = store_names(here, here.reads.stores())
    items = [_line(here, chain.time_zone, row, names) for row in rows[:MOST]]
    return [html.Ul(items, className="plans-list")]


def _line(here: Here, time_zone: str, row: dict[str, Any], names: dict[int, str]) -> Component:
    span = formats.days_year(row["starts_on"], row["ends_on"], here.lang)
    made = here.say(
        "plans.notes.made",
        name=str(row["author"] or "–"),
        at=moment(row["made_at"], time_zone, here.lang),
    )
    parts: list[Component] = [
        html.Div(
            [
                html.Strong(str(row["note"])),
                html.Span(f"{span} · {store_name(here, names, int(row['store_id']))}"),
                html.Span(made, className="muted tb-sub"),
            ],
            className="plans-what",
        )
    ]
    if may_keep(here, row["made_by"]):
        number = int(row["note_id"])
        parts.append(
            html.Div(
                [
                    action(here.say("plans.change"), {"type": "plans-note-edit", "note": number}),
                    action(here.say("plans.remove"), {"type": "plans-note-remove", "note": number}),
                ],
                className="plans-do",
            )
        )
    return html.Li(parts)
