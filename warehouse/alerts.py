"""Alert rules and what they found: kept, seen again, cleared; acknowledged and snoozed by people.

Everything is bound to the transaction's scope: a person has their own rules, those shared with
them, and of what fired that which is about stores they may see.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, text

from chain.alerts import Quiet, Rule, Severity
from chain.errors import PermanentError
from warehouse.session import Scope

SnoozeOf = Literal["rule", "subject"]
_SNOOZES: Mapping[bool, SnoozeOf] = {False: "rule", True: "subject"}


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule with whose it is and who is told; ``rule_id`` 0 is not kept yet.

    ``changed_on`` is the chain's date from which it stands as it is.
    """

    rule_id: int
    user_id: int
    rule: Rule
    severity: Severity = "warning"
    shared: bool = False
    tell_users: tuple[int, ...] = ()
    tell_robots: tuple[int, ...] = ()
    quiet_from: str = ""
    quiet_to: str = ""
    paused: bool = False
    origin: str = ""
    changed_on: date = date.min

    @property
    def quiet(self) -> Quiet | None:
        """The hours in which nothing is sent."""
        return Quiet.of(self.quiet_from, self.quiet_to)

    @property
    def receivers(self) -> tuple[str, ...]:
        """Who is told, as notices name them."""
        users = (f"user:{number}" for number in self.tell_users)
        return (*users, *(f"robot:{number}" for number in self.tell_robots))


@dataclass(frozen=True, slots=True)
class Fired:
    """One event. ``snoozed_until`` is set while nobody is to be bothered with it.

    ``snoozed_by`` says by what: a snooze of the whole rule, of this subject alone, or both.
    See ``tables.Alert``.
    """

    alert_id: int
    rule_id: int
    subject: str
    store_ids: tuple[int, ...] | None
    day: date
    since: date
    last_day: date
    until: date | None
    late: bool
    facts: Mapping[str, Any]
    fired_at: datetime
    cleared_at: datetime | None
    cleared_why: str
    acked_at: datetime | None
    acked_by: int | None
    ack_note: str
    snoozed_until: datetime | None
    snoozed_by: frozenset[SnoozeOf]
    told: int
    """How many receivers were told."""


def save(connection: Connection, scope: Scope, saved: SavedRule) -> int:
    """Keep a rule, or change the one of its number; return the number.

    Raises PermanentError ``alerts.gone`` where the reader has no such rule to change.
    """
    values = {
        "chain": scope.chain_id,
        "rule": saved.rule_id,
        "user": saved.user_id,
        "spec": json.dumps(saved.rule.spec()),
        "severity": saved.severity,
        "shared": saved.shared,
        "users": list(saved.tell_users),
        "robots": list(saved.tell_robots),
        "quiet_from": saved.quiet_from,
        "quiet_to": saved.quiet_to,
        "origin": saved.origin,
    }
    if not saved.rule_id:
        return int(connection.execute(_ADD, values).scalar_one())
    if connection.execute(_CHANGE, values).rowcount == 0:
        raise PermanentError("alerts.gone")
    return saved.rule_id


def begin_with(connection: Connection, scope: Scope, rules: Sequence[SavedRule]) -> None:
    """Keep the rules that a chain starts with, each once for ever, by their ``origin``."""
    for each in rules:
        values = {
            "chain": scope.chain_id,
            "user": each.user_id,
            "spec": json.dumps(each.rule.spec()),
            "severity": each.severity,
            "shared": each.shared,
            "users": list(each.tell_users),
            "quiet_from": each.quiet_from,
            "quiet_to": each.quiet_to,
            "origin": each.origin,
        }
        connection.execute(_BEGIN_WITH, values)


def rules(connection: Connection, chain_id: int) -> list[SavedRule]:
    """Return the rules that the reader sees, oldest first."""
    return [_saved(row) for row in connection.execute(_RULES, {"chain": chain_id})]


def rule(connection: Connection, chain_id: int, rule_id: int) -> SavedRule:
    """Return one rule. Raises PermanentError ``alerts.gone`` where none is seen."""
    found = [one for one in rules(connection, chain_id) if one.rule_id == rule_id]
    if not found:
        raise PermanentError("alerts.gone")
    return found[0]


def begun(connection: Connection, chain_id: int) -> bool:
    """Return whether the chain has been given the rules that it starts with."""
    return bool(connection.scalar(_BEGUN, {"chain": chain_id}))


def pause(connection: Connection, chain_id: int, rule_id: int, *, paused: bool) -> None:
    """Let a rule rest, or go on. Raises PermanentError ``alerts.gone``."""
    _one(connection, _PAUSE, {"chain": chain_id, "rule": rule_id, "paused": paused})


def remove(connection: Connection, chain_id: int, rule_id: int) -> None:
    """Take a rule away; what it found stays in the history. Raises as above."""
    _one(connection, _REMOVE, {"chain": chain_id, "rule": rule_id})


def open_alerts(connection: Connection, chain_id: int, most: int = 5000) -> list[Fired]:
    """Return what is not over, latest first."""
    return _fired(connection, _OPEN, {"chain": chain_id, "most": most})


def history(connection: Connection, chain_id: int, most: int = 2000) -> list[Fired]:
    """Return what fired, over or not, latest first."""
    return _fired(connection, _HISTORY, {"chain": chain_id, "most": most})


def alert(connection: Connection, chain_id: int, alert_id: int) -> Fired:
    """Return one event. Raises PermanentError ``alerts.gone`` where none is seen."""
    found = _fired(connection, _ALERT, {"chain": chain_id, "alert": alert_id})
    if not found:
        raise PermanentError("alerts.gone")
    return found[0]


def acknowledge(connection: Connection, scope: Scope, alert_ids: Collection[int], note: str) -> int:
    """Write down that somebody is at it, and what they did; return of how many events.

    Raises PermanentError ``alerts.not_allowed`` where the reader may do so of none of them.
    """
    values = {
        "chain": scope.chain_id,
        "user": scope.user_id,
        "alerts": list(alert_ids),
        "note": note,
    }
    done = connection.execute(_ACKNOWLEDGE, values).rowcount
    if not done:
        raise PermanentError("alerts.not_allowed")
    return done


def snooze(
    connection: Connection, scope: Scope, rule_id: int, subject: str, until: datetime
) -> None:
    """Keep a rule silent until an instant, about one subject or (empty) about all.

    Raises PermanentError ``alerts.gone`` where the reader sees no such rule.
    """
    if scope.user_id is not None and not mine(connection, scope, rule_id):
        raise PermanentError("alerts.not_allowed")
    values = {
        "chain": scope.chain_id,
        "rule": rule_id,
        "subject": subject,
        "until": until,
        "user": scope.user_id,
    }
    connection.execute(_SNOOZE, values)


def wake(connection: Connection, chain_id: int, rule_id: int, subject: str) -> None:
    """End a snooze. Raises PermanentError ``alerts.gone`` where there is none of the reader's."""
    _one(connection, _WAKE, {"chain": chain_id, "rule": rule_id, "subject": subject})


def mine(connection: Connection, scope: Scope, rule_id: int) -> bool:
    """Return whether the reader may change a rule: it is theirs, or they are an owner."""
    found = [one for one in rules(connection, scope.chain_id) if one.rule_id == rule_id]
    return bool(found) and (scope.role == "owner" or found[0].user_id == scope.user_id)


def _one(connection: Connection, statement: Any, values: dict[str, Any]) -> None:
    if connection.execute(statement, values).rowcount == 0:
        raise PermanentError("alerts.gone")


def _saved(row: Any) -> SavedRule:
    return SavedRule(
        row.rule_id,
        row.user_id,
        Rule.of(row.spec),
        row.severity,
        row.shared,
        tuple(row.tell_users),
        tuple(row.tell_robots),
        row.quiet_from,
        row.quiet_to,
        row.paused,
        row.origin,
        row.changed_on,
    )


def _fired(connection: Connection, statement: Any, values: dict[str, Any]) -> list[Fired]:
    return [
        Fired(
            row.alert_id,
            row.rule_id,
            row.subject,
            None if row.store_ids is None else tuple(row.store_ids),
            row.day,
            row.since,
            row.last_day,
            row.until,
            row.late,
            dict(row.facts),
            row.fired_at,
            row.cleared_at,
            row.cleared_why,
            row.acked_at,
            row.acked_by,
            row.ack_note,
            row.snoozed_until,
            frozenset(_SNOOZES[alone] for alone in row.snoozed_alone or ()),
            row.told,
        )
        for row in connection.execute(statement, values)
    ]


_ADD = text(
    """
    insert into alert_rule (chain_id, user_id, spec, severity, shared, tell_users, tell_robots,
        quiet_from, quiet_to, origin)
    values (:chain, :user, cast(:spec as jsonb), :severity, :shared, cast(:users as bigint[]),
        cast(:robots as bigint[]), :quiet_from, :quiet_to, :origin)
    returning rule_id
    """
)
_BEGIN_WITH = text(
    """
    insert into alert_rule (chain_id, user_id, spec, severity, shared, tell_users, quiet_from,
        quiet_to, origin)
    values (:chain, :user, cast(:spec as jsonb), :severity, :shared, cast(:users as bigint[]),
        :quiet_from, :quiet_to, :origin)
    on conflict (chain_id, origin) where origin <> '' do nothing
    """
)
# Whose it is stays: in whose scope it is evaluated. Who is told may change without it being new.
_CHANGE = text(
    """
    update alert_rule set severity = :severity, shared = :shared,
        tell_users = cast(:users as bigint[]), tell_robots = cast(:robots as bigint[]),
        quiet_from = :quiet_from, quiet_to = :quiet_to,
        changed_at = case when spec = cast(:spec as jsonb) then changed_at
            else clock_timestamp() end,
        spec = cast(:spec as jsonb)
    where chain_id = :chain and rule_id = :rule and deleted_at is null
    """
)
_RULES = text(
    """
    select r.*, (r.changed_at at time zone c.time_zone)::date as changed_on
    from alert_rule r join chain c on c.chain_id = r.chain_id
    where r.chain_id = :chain and r.deleted_at is null order by r.rule_id
    """
)
_BEGUN = text("select exists (select from alert_rule where chain_id = :chain and origin <> '')")
_PAUSE = text(
    """
    update alert_rule set paused = :paused, changed_at = clock_timestamp()
    where chain_id = :chain and rule_id = :rule and deleted_at is null
    """
)
_REMOVE = text(
    """
    update alert_rule set deleted_at = clock_timestamp()
    where chain_id = :chain and rule_id = :rule and deleted_at is null
    """
)
_SEEN = """
    select a.*, z.until as snoozed_until, z.alone as snoozed_alone, (
        select count(*) from alert_notice n
        where n.chain_id = a.chain_id and n.alert_id = a.alert_id and n.state = 'sent') as told
    from alert a
    left join lateral (
        select max(s.until) as until, array_agg(s.subject <> '') as alone from alert_snooze s
        where s.chain_id = a.chain_id and s.rule_id = a.rule_id and s.subject in ('', a.subject)
          and s.until > clock_timestamp()
    ) z on true
    where a.chain_id = :chain
"""
_LATEST = "order by a.fired_at desc, a.alert_id desc limit :most"
_OPEN = text(f"{_SEEN} and a.cleared_at is null {_LATEST}")
_HISTORY = text(f"{_SEEN} {_LATEST}")
_ALERT = text(f"{_SEEN} and a.alert_id = :alert")
_ACKNOWLEDGE = text(
    """
    update alert set acked_at = clock_timestamp(), acked_by = :user, ack_note = :note
    where chain_id = :chain and alert_id = any(cast(:alerts as bigint[]))
    """
)
_SNOOZE = text(
    """
    insert into alert_snooze (chain_id, rule_id, subject, until, made_by)
    values (:chain, :rule, :subject, :until, :user)
    on conflict (chain_id, rule_id, subject) do update
        set until = excluded.until, made_by = excluded.made_by, made_at = clock_timestamp()
    """
)
_WAKE = text(
    "delete from alert_snooze where chain_id = :chain and rule_id = :rule and subject = :subject"
)
