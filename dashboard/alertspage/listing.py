"""What the Alerts page shows: a sentence, what is open by rule, the rules in words, the history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dash_ag_grid as dag
from dash import dcc, html
from dash.development.base_component import Component

from chain.alerts import SEVERITIES
from dashboard.frame import Board, Here
from dashboard.icons import icon
from dashboard.loose import attributes
from figures import formats
from reports.alert_mail import line
from reports.alert_words import AlertWords
from warehouse import alerts, robots
from warehouse.alerts import Fired, SavedRule
from warehouse.directory import members

MOST = 12
"""Open alerts of one rule that are listed; the rest are counted, and stand in the history."""
DO = "alerts-do"


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the page is about, as one reader sees it."""

    words: AlertWords
    rules: Sequence[SavedRule]
    open: Sequence[Fired]
    history: Sequence[Fired]
    people: Mapping[int, str]
    groups: Mapping[int, str]
    zone: ZoneInfo


def read(board: Board, here: Here) -> Shown:
    """Read it in the reader's scope."""
    scope = here.scope
    with board.warehouse.begin(scope) as connection:
        rules = alerts.rules(connection, scope.chain_id)
        going = alerts.open_alerts(connection, scope.chain_id)
        past = alerts.history(connection, scope.chain_id)
        rooms = {one.robot_id: one.name for one in robots.groups(connection, scope)}
    people = {one.user_id: one.name or one.email for one in members.members(board.warehouse, scope)}
    zone = ZoneInfo(here.reads.chain().time_zone)
    return Shown(AlertWords.of(here.reads, here.lang), rules, going, past, people, rooms, zone)


def sentence(here: Here, shown: Shown) -> str:
    """Return how much is open, and how much of it cannot wait."""
    awake = [one for one in shown.open if one.snoozed_until is None]
    urgent = {rule.rule_id for rule in shown.rules if rule.severity == "urgent"}
    parts = [here.say("alerts.page.open", count=len(awake))] if awake else []
    if count := sum(one.rule_id in urgent for one in awake):
        parts.append(here.say("alerts.page.urgent", count=count))
    if not parts:
        parts = [here.say("alerts.page.calm")]
    if count := len(shown.open) - len(awake):
        parts.append(here.say("alerts.page.snoozed", count=count))
    return ("" if here.lang == "zh" else " ").join(parts)


def open_list(here: Here, shown: Shown) -> list[Component]:
    """Return a card for each rule with something open, worst first; snoozed ones last."""
    groups = [
        (rule, [one for one in shown.open if one.rule_id == rule.rule_id]) for rule in shown.rules
    ]
    groups = [(rule, found) for rule, found in groups if found]
    groups.sort(
        key=lambda group: (
            all(one.snoozed_until for one in group[1]),
            -SEVERITIES.index(group[0].severity),
        )
    )
    return [_group(here, shown, rule, found) for rule, found in groups]


def _group(here: Here, shown: Shown, rule: SavedRule, found: Sequence[Fired]) -> Component:
    head = shown.words.rule(rule.rule)
    found = sorted(found, key=lambda one: one.snoozed_until is not None)
    rows: list[Component] = [_open(here, shown, rule, one) for one in found[:MOST]]
    if len(found) > MOST:
        more = here.say("alerts.page.more", count=len(found) - MOST)
        rows.append(html.Li(more, className="muted"))
    doing = []
    if len(found) > 1 and _may_note(here, rule):
        words = here.say("alerts.page.acknowledge_all", count=len(found))
        doing.append(_button(here, "ack_all", rule.rule_id, words, head))
    if _mine(here, rule):
        asleep = any("rule" in one.snoozed_by for one in found)
        names = ("wake",) if asleep else ("snooze_1", "snooze_7", "snooze_30")
        doing += [
            _button(here, name, rule.rule_id, here.say(f"alerts.page.{name}"), head)
            for name in names
        ]
    return html.Div(
        [
            html.H3(
                [_severity(here, rule), html.Span(head[:1].upper() + head[1:])],
                className="alert-head",
            ),
            html.Ul(rows, className="alert-list"),
            html.Div(doing, className="people-acts alert-doing"),
        ],
        className="card alert-group",
    )


def _open(here: Here, shown: Shown, rule: SavedRule, one: Fired) -> Component:
    text = line(shown.words, rule, one)
    under = [here.say("alerts.page.since", day=formats.day(one.since, here.lang))]
    if one.snoozed_until:
        day = formats.day(one.snoozed_until.astimezone(shown.zone).date(), here.lang)
        under.append(here.say("alerts.page.quiet_until", day=day))
    if one.acked_at:
        under.append(_acked(here, shown, one))
    doing = []
    if not one.acked_at and _may_note(here, rule):
        word = here.say("alerts.page.acknowledge")
        doing.append(_button(here, "ack", one.alert_id, word, text))
    if _mine(here, rule):
        name = "wake_one" if "subject" in one.snoozed_by else "snooze_one"
        # Where the whole rule rests, one subject of it has nothing to be kept from.
        if name == "wake_one" or not one.snoozed_by:
            doing.append(_button(here, name, one.alert_id, here.say(f"alerts.page.{name}"), text))
    return html.Li(
        [
            html.Div(
                [_subject(one, text), html.Span(" · ".join(under), className="muted alert-under")],
                className="alert-words",
            ),
            html.Div(doing, className="people-acts alert-acts"),
        ]
    )


def _subject(one: Fired, text: str) -> Component:
    kind, _, number = one.subject.partition(":")
    to = {"store": f"/store/{number}", "batch": "/imports", "chain": "/"}.get(kind, "/stores")
    return dcc.Link(text, href=to, className="alert-text")


def rule_list(here: Here, shown: Shown) -> list[Component]:
    """Return each rule as its sentence, who is told, and what may be done with it."""
    if not shown.rules:
        return [html.Div(html.P(here.say("alerts.page.none")), className="empty")]
    return [html.Ul([_rule(here, shown, rule) for rule in shown.rules], className="alert-rules")]


def _rule(here: Here, shown: Shown, rule: SavedRule) -> Component:
    told = shown.words.tell(rule.rule)
    doing = []
    if _mine(here, rule):
        for name in ("change", "go_on" if rule.paused else "pause", "remove"):
            word = here.say(f"alerts.page.{name}")
            doing.append(_button(here, name, rule.rule_id, word, told))
    return html.Li(
        [
            html.Div(
                [
                    html.Span(told, className="alert-rule"),
                    html.Span(
                        [_severity(here, rule), html.Span(" · ".join(_told(here, shown, rule)))],
                        className="muted alert-under",
                    ),
                ],
                className="alert-words",
            ),
            html.Div(doing, className="people-acts"),
        ],
        className="alert-paused" if rule.paused else "",
    )


def _told(here: Here, shown: Shown, rule: SavedRule) -> list[str]:
    """Return who is told and when not, in words."""
    me = here.person.user_id
    others = [shown.people.get(user, "") for user in rule.tell_users if user != me]
    parts = [here.say("alerts.page.paused")] if rule.paused else []
    parts.append(here.say("alerts.page.told_all" if rule.shared else "alerts.page.told_nobody"))
    if me in rule.tell_users:
        parts.append(here.say("alerts.page.told_me"))
    if named := [name for name in others if name]:
        people = formats.listing(named, here.lang)
        parts.append(here.say("alerts.page.told_people", people=people))
    if written := [shown.groups[one] for one in rule.tell_robots if one in shown.groups]:
        names = formats.listing(written, here.lang)
        parts.append(here.say("alerts.page.told_groups", groups=names))
    if rule.quiet and rule.receivers and rule.severity != "urgent":
        hours = {"start": rule.quiet_from, "end": rule.quiet_to}
        parts.append(here.say("alerts.page.when_quiet", **hours))
    return parts


def history(here: Here, shown: Shown) -> Component:
    """Return all that fired, latest first: when, what, how it ended, what was done."""
    if not shown.history:
        return html.P(here.say("alerts.page.never"), className="muted")
    rules = {rule.rule_id: rule for rule in shown.rules}
    rows = [
        _past(here, shown, rules[one.rule_id], one) for one in shown.history if one.rule_id in rules
    ]
    fields = {"fired_at": 150, "what": 420, "cleared_at": 210, "done": 260, "told": 80}
    return dag.AgGrid(  # type: ignore[no-any-return]
        id="alerts-grid",
        rowData=rows,
        columnDefs=[
            {
                "field": name,
                "headerName": here.say(f"alerts.page.{name}"),
                "minWidth": width if name != "what" else 260,
                "flex": width,
                "tooltipField": name,
            }
            for name, width in fields.items()
        ],
        defaultColDef={"sortable": False, "resizable": True, "suppressHeaderMenuButton": True},
        dashGridOptions={
            "theme": {"function": "themeTill(themeQuartz)"},
            "rowHeight": 40,
            "headerHeight": 40,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "animateRows": False,
            "tooltipShowDelay": 300,
        },
        style={"height": f"{min(len(rows), 12) * 40 + 46}px"},
        className="tb-grid",
    )


def _past(here: Here, shown: Shown, rule: SavedRule, one: Fired) -> dict[str, Any]:
    state = here.say(f"alerts.state.{one.cleared_why or 'open'}")
    ended = f"{when(here, shown.zone, one.cleared_at)} · {state}" if one.cleared_at else state
    return {
        "fired_at": when(here, shown.zone, one.fired_at),
        "what": line(shown.words, rule, one),
        "cleared_at": ended,
        "done": _acked(here, shown, one) if one.acked_at else "",
        "told": one.told or "",
    }


def when(here: Here, zone: ZoneInfo, at: datetime | None) -> str:
    """Return an instant in the chain's time."""
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{formats.day(local.date(), here.lang)} {local:%H:%M}"


def _acked(here: Here, shown: Shown, one: Fired) -> str:
    who = shown.people.get(one.acked_by or 0) or here.say("alerts.page.somebody")
    words = {"who": who, "when": when(here, shown.zone, one.acked_at)}
    if not one.ack_note:
        return here.say("alerts.page.acked_bare", **words)
    return here.say("alerts.page.acked", **words, note=one.ack_note)


def _severity(here: Here, rule: SavedRule) -> Component:
    word = here.say(f"alerts.severity.{rule.severity}")
    mark = [icon("warning", 14)] if rule.severity == "urgent" else []
    return html.Span([*mark, word], className=f"badge alert-{rule.severity}")


def _mine(here: Here, rule: SavedRule) -> bool:
    return here.scope.role == "owner" or rule.user_id == here.person.user_id


def _may_note(here: Here, rule: SavedRule) -> bool:
    return here.scope.role != "viewer" or rule.user_id == here.person.user_id


def _button(here: Here, what: str, number: int, word: str, label: str) -> Component:
    """Return a button; ``label`` says what it is about to who does not see the row."""
    del here
    return html.Button(
        word,
        id={"type": DO, "what": what, "number": number},
        className="people-do",
        type="button",
        **attributes(aria_label=f"{word}: {label}"),
    )
