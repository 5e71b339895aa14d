"""The forms of the Digests page: what somebody gets and when, and a group's robot."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.schedule import EVERY_DAY, LAST_MONTH_DAY, RHYTHMS
from dashboard.frame import Here
from dashboard.peoplepage.form import LANGUAGES
from figures import formats
from reports.robots import PLATFORMS
from warehouse.directory.members import Member
from warehouse.robots import Group
from warehouse.subscriptions import Subscription

BY_MAIL = "mail"
MORNING = "08:00"
HOURS = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]
_OVER = {"zIndex": 400}
"""Above the drawer that the form is in."""


def fields(
    here: Here, one: Subscription | None, people: Sequence[Member], groups: Sequence[Group]
) -> list[Component]:
    """Return the boxes, filled with what ``one`` is; ``people`` are those it may be for."""
    schedule = one.wanted.schedule if one else None
    rhythm = schedule.rhythm if schedule else "daily"
    weekdays = schedule.weekdays if schedule else EVERY_DAY
    robot = str(one.wanted.robot_id) if one and one.wanted.robot_id else BY_MAIL
    who = one.user_id if one else here.person.user_id
    boxes = [
        html.Div(_who(here, people, who), hidden=one is not None or len(people) < 2),
        _select(here, "rhythm", [(name, here.say(f"digests.page.{name}")) for name in RHYTHMS],
                rhythm),
        html.Div(_days(here, rhythm, weekdays, schedule.month_day if schedule else 1),
                 className="people-who"),
        _select(here, "at", _hours(schedule.at.strftime("%H:%M") if schedule else MORNING),
                schedule.at.strftime("%H:%M") if schedule else MORNING),
        _select(here, "zone", [(zone, zone) for zone in zones()],
                schedule.zone if schedule else here.reads.chain().time_zone, search=True),
        _select(here, "lang", list(LANGUAGES.items()), one.wanted.lang if one else here.lang),
        _select(here, "target", _targets(here, groups, robot), robot),
        dmc.Checkbox(
            id="digests-only-changed",
            label=here.say("digests.page.only_changed"),
            checked=one.wanted.only_changed if one else False,
        ),
    ]  # fmt: skip
    save = dmc.Button(here.say("digests.page.save"), id="digests-save", mt="md")
    return [html.Div(boxes, className="people-who"), save]


def robot_fields(here: Here) -> list[Component]:
    """Return the boxes of a new group."""
    platforms = [{"value": one, "label": here.say(f"robot.platform.{one}")} for one in PLATFORMS]
    boxes = [
        dmc.Select(
            id="digests-robot-platform",
            label=here.say("digests.page.robot_platform"),
            data=platforms,
            value=PLATFORMS[0],
            allowDeselect=False,
            comboboxProps=_OVER,
        ),
        _text("robot-name", here.say("digests.page.robot_name"), 60),
        dmc.PasswordInput(
            id="digests-robot-address",
            label=here.say("digests.page.robot_address"),
            description=here.say("digests.page.robot_address_hint"),
            value="",
            attributes={"input": {"autocomplete": "off", "maxLength": 500}},
        ),
        dmc.PasswordInput(
            id="digests-robot-secret",
            label=here.say("digests.page.robot_secret"),
            value="",
            attributes={"input": {"autocomplete": "off", "maxLength": 200}},
        ),
    ]
    save = dmc.Button(here.say("digests.page.robot_add"), id="digests-robot-save", mt="md")
    return [html.Div(boxes, className="people-who"), save]


@cache
def zones() -> tuple[str, ...]:
    """Return the time zones of places."""
    return (*sorted(zone for zone in available_timezones() if "/" in zone), "UTC")


def _who(here: Here, people: Sequence[Member], who: int) -> Component:
    data = [(str(one.user_id), one.name or one.email) for one in people]
    return _select(here, "who", data, str(who), search=True)


def _days(here: Here, rhythm: str, weekdays: Sequence[int], month_day: int) -> list[Component]:
    names = [(str(day), formats.weekday(day, here.lang, wide=True)) for day in EVERY_DAY]
    return [
        html.Div(
            dmc.MultiSelect(
                id="digests-days",
                label=here.say("digests.page.days"),
                data=[{"value": value, "label": label} for value, label in names],
                value=[str(day) for day in sorted(weekdays)],
                comboboxProps=_OVER,
            ),
            id="digests-for-daily",
            hidden=rhythm != "daily",
        ),
        html.Div(
            _select(here, "weekday", names, str(min(weekdays) if rhythm == "weekly" else 0)),
            id="digests-for-weekly",
            hidden=rhythm != "weekly",
        ),
        html.Div(
            _select(here, "month-day",
                    [(str(day), str(day)) for day in range(1, LAST_MONTH_DAY + 1)],
                    str(month_day), word="month_day"),
            id="digests-for-monthly",
            hidden=rhythm != "monthly",
        ),
    ]  # fmt: skip


def _hours(chosen: str) -> list[tuple[str, str]]:
    return [(hour, hour) for hour in sorted({*HOURS, chosen})]


def _targets(here: Here, groups: Sequence[Group], chosen: str) -> list[tuple[str, str]]:
    known = [
        (str(one.robot_id), f"{here.say(f'robot.platform.{one.platform}')} · {one.name}")
        for one in groups
    ]
    # A colleague's group that the reader does not see stays chosen until they choose another.
    kept = [] if chosen == BY_MAIL or chosen in dict(known) else [(chosen, "…")]
    return [(BY_MAIL, here.say("digests.page.by_mail")), *known, *kept]


def _select(
    here: Here,
    name: str,
    data: Sequence[tuple[str, str]],
    value: str,
    *,
    search: bool = False,
    word: str = "",
) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id=f"digests-{name}",
        label=here.say(f"digests.page.{word or name}"),
        data=[{"value": each, "label": label} for each, label in data],
        value=value,
        allowDeselect=False,
        searchable=search,
        comboboxProps=_OVER,
    )


def _text(name: str, label: str, most: int) -> Component:
    return dmc.TextInput(  # type: ignore[no-any-return]
        id=f"digests-{name}",
        label=label,
        value="",
        attributes={"input": {"autocomplete": "off", "maxLength": most}},
    )
