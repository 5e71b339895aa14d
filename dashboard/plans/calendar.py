"""The chain's own calendar: the form, and the days there are, those in a row as one line."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.days import Period
from dashboard.components.names import store_names
from dashboard.frame import Here
from dashboard.loose import records
from dashboard.plans.changes import may_whole
from dashboard.plans.parts import action, day_field, head, store_field, store_name
from figures import formats
from warehouse.tables.forecasts import CALENDAR_KINDS

BACK, AHEAD = 730, 730
MOST = 60


def form(here: Here) -> list[Component]:
    """Return the card's head, and the form for who may plan."""
    parts = head(here, "calendar")
    if not here.may("plan"):
        return parts
    today = here.reads.chain().today
    fields = [
        day_field(here, "plans-day-from", "from", today),
        day_field(here, "plans-day-to", "to", today),
        dmc.Select(
            id="plans-day-kind",
            label=here.say("plans.calendar.kind"),
            data=[
                {"value": kind, "label": here.say(f"plans.calendar.{kind}")}
                for kind in CALENDAR_KINDS
            ],
            value="event",
            allowDeselect=False,
        ),
        store_field(here, "plans-day-store", "plan"),
        dmc.TextInput(
            id="plans-day-name",
            label=here.say("plans.calendar.name"),
            placeholder=here.say("plans.calendar.example"),
            value="",
            attributes={"input": {"maxLength": "80", "autoComplete": "off"}},
            className="plans-wide",
        ),
        dmc.Button(here.say("plans.calendar.save"), id="plans-day-save", variant="default"),
    ]
    return [*parts, html.Div(fields, className="plans-form")]


def listing(here: Here) -> list[Component]:
    """Return the days of two years back and ahead, the latest first."""
    today = here.reads.chain().today
    period = Period(today - timedelta(days=BACK), today + timedelta(days=AHEAD))
    runs = list(_runs(records(here.reads.calendar_days(period))))
    if not runs:
        return [html.P(here.say("plans.calendar.none"), className="muted")]
    names = store_names(here, here.reads.stores())
    runs.sort(key=lambda run: run[0]["day"], reverse=True)
    return [html.Ul([_line(here, run, names) for run in runs[:MOST]], className="plans-list")]


def _runs(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Give days in a row of one kind, name and store together."""
    open_: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["day"]):
        key = row["kind"], row["name"], int(row["store_id"])
        run = open_.get(key)
        last: date | None = run[-1]["day"] if run else None
        if run and last and row["day"] - last <= timedelta(days=1):
            run.append(row)
        else:
            if run:
                yield run
            open_[key] = [row]
    yield from open_.values()


def _line(here: Here, run: list[dict[str, Any]], names: dict[int, str]) -> Component:
    first, store = run[0], int(run[0]["store_id"])
    span = formats.days_year(first["day"], run[-1]["day"], here.lang)
    kind = here.say(f"plans.calendar.{first['kind']}")
    parts: list[Component] = [
        html.Div(
            [
                html.Strong(str(first["name"])),
                html.Span(f"{span} · {kind} · {store_name(here, names, store)}"),
            ],
            className="plans-what",
        )
    ]
    if here.may("plan") if store else may_whole(here, "plan"):
        ids = "-".join(str(row["calendar_id"]) for row in run)
        button = action(here.say("plans.remove"), {"type": "plans-day-remove", "days": ids})
        parts.append(html.Div(button, className="plans-do"))
    return html.Li(parts)
