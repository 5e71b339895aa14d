"""The form of a schedule: what is exported, how often, and what narrows it; filled for a change."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any, cast

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.errors import PermanentError
from chain.metrics import shown
from chain.schedule import LAST_MONTH_DAY, RHYTHMS, Rhythm
from dashboard.choice import OWNERSHIP, UNKNOWN, codes_of
from dashboard.filterbar import channel_name, owners
from dashboard.frame import Board, Here
from dashboard.loose import records
from dashboard.schedulespage.listing import KINDS, name_of
from figures import formats
from figures.look import Look
from reports.contents import TABLES, fitting
from reports.mail import mail_server
from reports.names import store_names
from warehouse.export_schedules import SPANS, Saved

WHERE = ("regions", "cities", "ownership", "stores", "platforms", "channels")
"""What narrows, by its name in ``Filters``; nothing chosen is all."""
FIELDS = (
    "what", "kind", "metric", "span", "rhythm", "weekday", "month_day", "at", *WHERE,
)  # fmt: skip
MOST_NAMED = 1000
LONGEST_NAME = 200
FRESH = Saved(0, 0, "ranking.xlsx", {}, "whole", "weekly", time(8))
"""A new schedule, before anything is chosen."""
_OVER = {"zIndex": 400}


def saved_of(here: Here, given: Sequence[Any], number: int = 0) -> Saved:
    """Return the schedule that the form says. Raises PermanentError ``reports.schedule.bad``."""
    values = dict(zip(FIELDS, given, strict=True))
    table, kind = str(values["what"]), str(values["kind"])
    try:
        at = time.fromisoformat(str(values["at"]))
        weekday, month_day = int(values["weekday"]), int(values["month_day"])
    except (TypeError, ValueError) as error:
        raise PermanentError("reports.schedule.bad") from error
    whole = (
        (table == "reports" or (table in TABLES and kind in KINDS))
        and values["span"] in SPANS
        and values["rhythm"] in RHYTHMS
        and at.tzinfo is None
        and 0 <= weekday <= 6
        and 1 <= month_day <= LAST_MONTH_DAY
    )
    if not whole:
        raise PermanentError("reports.schedule.bad")
    metric = fitting(str(values["metric"]), "ranking" if table == "reports" else table)
    return Saved(
        number, here.person.user_id, table if table == "reports" else f"{table}.{kind}",
        {"metric": metric, **_where(values)}, str(values["span"]),
        cast("Rhythm", values["rhythm"]), at, weekday, month_day, here.lang,
    )  # fmt: skip


def _where(values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what narrows. What is not known any more stays: without it, all would be let through.

    Raises PermanentError ``reports.schedule.bad`` for what cannot be meant.
    """
    named = {name: [str(one) for one in values[name] or ()] for name in WHERE}
    ids = {
        name: [int(one) for one in named[name] if one.isdecimal()] for name in ("regions", "stores")
    }
    bad = (
        any(len(ids[name]) < len(named[name]) for name in ids)
        or set(named["ownership"]) - set(OWNERSHIP)
        or any(len(each) > MOST_NAMED for each in named.values())
        or any(
            not 0 < len(one) <= LONGEST_NAME or "\0" in one
            for each in named.values()
            for one in each
        )
    )
    if bad:
        raise PermanentError("reports.schedule.bad")
    channels = [code for one in named["channels"] for code in codes_of(one)]
    return {**named, **ids, "channels": channels}


def form(here: Here, board: Board, saved: Saved = FRESH) -> list[Component]:
    """Return the form, with what ``saved`` says in it."""
    terms = here.reads.chain().terms
    left = set() if "franchise" in terms else {"royalties"}
    table, _, kind = saved.what.partition(".")
    tables = (*(name for name in TABLES if name not in left), "reports")
    weekdays = [formats.weekday(day, here.lang, wide=here.lang == "en") for day in range(7)]
    metrics = {name: one.label(here.lang) for name, one in shown(terms).items()}
    say = here.say
    spans = {name: say(f"reports.schedule.{name}") for name in SPANS}
    hints = [say("reports.schedule.hint")]
    if mail_server(board.settings) is None:
        hints.append(say("reports.schedule.no_mail"))
    return [
        _select(here, "what", {name: name_of(here, name) for name in tables}, table),
        html.Div(
            _select(here, "kind", KINDS, kind or "xlsx"),
            id="schedules-has-kind", hidden=table == "reports",
        ),
        _select(here, "metric", metrics, str(saved.choice.get("metric", "net_sales"))),
        _select(here, "span", spans, saved.span),
        _select(
            here, "rhythm", {name: say(f"reports.schedule.each_{name}") for name in RHYTHMS},
            saved.rhythm,
        ),
        html.Div(
            _select(
                here, "weekday", {str(day): word for day, word in enumerate(weekdays)},
                str(saved.weekday),
            ),
            id="schedules-has-weekday", hidden=saved.rhythm != "weekly",
        ),
        html.Div(
            dmc.NumberInput(
                id="schedules-month_day", label=say("reports.schedule.month_day"),
                value=saved.month_day, min=1, max=LAST_MONTH_DAY, allowDecimal=False,
            ),
            id="schedules-has-month_day", hidden=saved.rhythm != "monthly",
        ),
        dmc.TextInput(
            id="schedules-at", label=say("reports.schedule.at"), value=f"{saved.at:%H:%M}",
            attributes={"input": {"type": "time"}},
        ),
        *_narrowing(here, saved),
        *(html.P(hint, className="muted people-may") for hint in hints),
        dmc.Button(say("reports.schedule.save"), id="schedules-save"),
    ]  # fmt: skip


def _narrowing(here: Here, saved: Saved) -> list[Component]:
    """Return the fields of ``WHERE``; one that has nothing to choose is there and hidden."""
    look, rows = Look(here.lang, dark=False, currency=""), here.reads.stores()
    named = store_names(here.lang, rows[~rows["unassigned"]])
    options: dict[str, Mapping[str, str]] = {
        "regions": {str(row["region_id"]): here.name(row) for row in records(here.reads.regions())},
        "cities": {
            str(row["city"]): here.name(row, "city") for row in records(here.reads.cities())
        },
        "ownership": {one: here.say(f"dashboard.ownership.{one}") for one in owners(here)},
        "stores": {str(store): name for store, name in named.items()},
        "platforms": {code: look.platform(code) for code in here.reads.platforms()},
        "channels": {code or UNKNOWN: channel_name(here, code) for code in here.reads.channels()},
    }
    return [
        html.Div(_many(here, name, options[name], values), hidden=not (options[name] or values))
        for name, values in ((name, _values(saved, name)) for name in WHERE)
    ]


def _values(saved: Saved, name: str) -> list[str]:
    """Return what is chosen, each once."""
    return list(dict.fromkeys(str(one) or UNKNOWN for one in saved.choice.get(name) or ()))


def _choices(names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in names.items()]


def _select(here: Here, name: str, names: Mapping[str, str], value: str) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id=f"schedules-{name}",
        label=here.say(f"reports.schedule.{name}"),
        data=_choices(names),
        value=value,
        allowDeselect=False,
        comboboxProps=_OVER,
    )


def _many(here: Here, name: str, names: Mapping[str, str], values: list[str]) -> Component:
    known = {**names, **{each: each for each in values if each not in names}}
    return dmc.MultiSelect(  # type: ignore[no-any-return]
        id=f"schedules-{name}",
        label=here.say(f"reports.schedule.{name}"),
        data=_choices(known),
        value=values,
        searchable=True,
        clearable=True,
        comboboxProps=_OVER,
    )
