"""What the Alerts page changes: rules, what was done, and for how long something is quiet."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from chain.alerts import SEVERITIES, Quiet, Severity
from chain.errors import PermanentError
from dashboard.alertspage.form import FRESH, MORE, rule_of
from dashboard.frame import Board, Here
from warehouse import alerts, robots
from warehouse.alerts import Fired, SavedRule
from warehouse.directory import members

NOTE_MAX = 400
SNOOZES = {"snooze_1": 1, "snooze_7": 7, "snooze_30": 30}
QUIET_DAYS = ("1", "7", "30")
LONGEST_QUIET = timedelta(days=366)


def rule(board: Board, here: Here, number: int) -> SavedRule:
    """Return a rule of the reader's, or (0) a fresh one."""
    if not number:
        return FRESH
    with board.warehouse.begin(here.scope) as connection:
        if not alerts.mine(connection, here.scope, number):
            raise PermanentError("alerts.not_allowed")
        return alerts.rule(connection, here.scope.chain_id, number)


def save(board: Board, here: Here, number: int, given: Sequence[Any], more: Sequence[Any]) -> None:
    """Keep a rule as the form says; raises PermanentError where it is no sentence, or not theirs.

    Who may not tell others makes rules for themselves alone, whatever the form sent.
    """
    before = rule(board, here, number)
    said = rule_of(here, given)
    values = dict(zip(MORE, more, strict=True))
    me = here.person.user_id
    told = {me} if values["mail"] else set()
    shared, written = False, set(before.tell_robots)
    if here.may("tell"):
        known = {one.user_id for one in members.members(board.warehouse, here.scope)}
        told |= (_numbers(values["people"]) & known) - {me}
        shared = bool(values["shared"])
        rooms = set(groups(board, here))
        written = (written - rooms) | (_numbers(values["groups"]) & rooms)
    start, end = str(values["from"] or ""), str(values["to"] or "")
    Quiet.of(start, end)
    severity = values["severity"] if values["severity"] in SEVERITIES else "warning"
    saved = SavedRule(
        number, before.user_id or me, said, cast("Severity", severity), shared=shared,
        tell_users=tuple(sorted(told)), tell_robots=tuple(sorted(written)),
        quiet_from=start, quiet_to=end,
    )  # fmt: skip
    with board.warehouse.begin(here.scope) as connection:
        kept = alerts.save(connection, here.scope, saved)
        what = "alert.rule.change" if number else "alert.rule.make"
        members.note(connection, here.scope, what, kept, {"rule": said.spec()})


def groups(board: Board, here: Here) -> dict[int, str]:
    """Return the groups that the reader may have written into, by the number of their robot."""
    with board.warehouse.begin(here.scope) as connection:
        return {one.robot_id: one.name for one in robots.groups(connection, here.scope)}


def _numbers(given: Any) -> set[int]:
    return {int(one) for one in given or () if str(one).isdecimal()}


def pause(board: Board, here: Here, number: int, *, paused: bool) -> None:
    """Let a rule rest, or go on."""
    rule(board, here, number)
    with board.warehouse.begin(here.scope) as connection:
        alerts.pause(connection, here.scope.chain_id, number, paused=paused)
        what = "alert.rule.pause" if paused else "alert.rule.go_on"
        members.note(connection, here.scope, what, number, {})


def remove(board: Board, here: Here, number: int) -> None:
    """Take a rule away; what it found stays."""
    rule(board, here, number)
    with board.warehouse.begin(here.scope) as connection:
        alerts.remove(connection, here.scope.chain_id, number)
        members.note(connection, here.scope, "alert.rule.remove", number, {})


def snooze(board: Board, here: Here, number: int, days: int) -> None:
    """Keep a rule quiet for some days; 0 ends that."""
    rule(board, here, number)
    with board.warehouse.begin(here.scope) as connection:
        if days:
            until = datetime.now(UTC) + timedelta(days=days)
            alerts.snooze(connection, here.scope, number, "", until)
        else:
            alerts.wake(connection, here.scope.chain_id, number, "")


def of_alert(board: Board, here: Here, number: int) -> Fired:
    """Return an alert of a rule that the reader may change."""
    with board.warehouse.begin(here.scope) as connection:
        found = alerts.alert(connection, here.scope.chain_id, number)
    rule(board, here, found.rule_id)
    return found


def snooze_one(board: Board, here: Here, number: int, days: str, until: str) -> None:
    """Keep a rule quiet about one subject, which alert ``number`` is about.

    For so many ``days``, or to the morning of the day ``until`` where one is typed. Raises
    PermanentError ``alerts.bad_until`` for a day that is none, is not to come, or is too far away.
    """
    one, now = of_alert(board, here, number), datetime.now(UTC)
    if until:
        ends = _morning(until, here.reads.chain().time_zone)
    else:
        ends = now + timedelta(days=int(days) if days in QUIET_DAYS else 0)
    if not now < ends <= now + LONGEST_QUIET:
        raise PermanentError("alerts.bad_until")
    with board.warehouse.begin(here.scope) as connection:
        alerts.snooze(connection, here.scope, one.rule_id, one.subject, ends)


def wake_one(board: Board, here: Here, number: int) -> None:
    """End the quiet about the subject of an alert."""
    one = of_alert(board, here, number)
    with board.warehouse.begin(here.scope) as connection:
        alerts.wake(connection, here.scope.chain_id, one.rule_id, one.subject)


def _morning(day: str, zone: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(day), time(), ZoneInfo(zone))
    except ValueError as error:
        raise PermanentError("alerts.bad_until") from error


def of_rule(board: Board, here: Here, number: int) -> list[int]:
    """Return the open alerts of a rule that the reader sees."""
    with board.warehouse.begin(here.scope) as connection:
        found = alerts.open_alerts(connection, here.scope.chain_id)
    return [one.alert_id for one in found if one.rule_id == number]


def acknowledge(board: Board, here: Here, numbers: Sequence[int], note: str) -> None:
    """Write down what is done about alerts."""
    with board.warehouse.begin(here.scope) as connection:
        alerts.acknowledge(connection, here.scope, numbers, " ".join(note.split())[:NOTE_MAX])
