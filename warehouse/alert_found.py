"""What the watching job writes: events found, seen again, over; and what it was evaluated on."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Found:
    """An event as it is to be written; ``alert_id`` 0 is a new one. See ``tables.Alert``."""

    alert_id: int
    rule_id: int
    user_id: int
    subject: str
    store_ids: tuple[int, ...] | None
    day: date
    since: date
    last_day: date
    until: date | None
    late: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of an event that a new evaluation is held against."""

    alert_id: int
    rule_id: int
    subject: str
    day: date
    last_day: date
    until: date | None


def watched(connection: Connection, chain_id: int) -> str:
    """Return what the rules were last evaluated on; empty before the first time."""
    return str(connection.scalar(_WATCHED, {"chain": chain_id}) or "")


def watch(connection: Connection, chain_id: int, seen: str) -> None:
    """Say what they are evaluated on, in the transaction that writes what they found."""
    connection.execute(_WATCH, {"chain": chain_id, "seen": seen})


def known(connection: Connection, chain_id: int, since: date) -> list[Known]:
    """Return the events that are open, or that were on ``since`` or later."""
    rows = connection.execute(_KNOWN, {"chain": chain_id, "since": since})
    return [Known(*row) for row in rows]


def write(
    connection: Connection, chain_id: int, found: Sequence[Found], over: Mapping[int, str]
) -> dict[tuple[int, str], int]:
    """Write events; return the numbers of new ones that are open, by rule and subject.

    ``over``: open ones by number that are over for another reason than that they are back.
    A new event whose day is taken already (nobody tells twice) is left as it is.
    """
    for alert_id, why in over.items():
        connection.execute(_OVER, {"chain": chain_id, "alert": alert_id, "why": why})
    # What is over goes first: of one subject only one is open.
    ordered = sorted(found, key=lambda one: (one.until is None, one.alert_id))
    seen = [_values(chain_id, one) for one in ordered if one.alert_id]
    if seen:
        connection.execute(_SEEN_AGAIN, seen)
    fresh = [_values(chain_id, one) for one in ordered if not one.alert_id]
    made: dict[tuple[int, str], int] = {}
    for values in fresh:
        number = connection.scalar(_NEW, values)
        if number is not None and values["until"] is None:
            made[values["rule"], values["subject"]] = int(number)
    return made


def end_of_rules(connection: Connection, chain_id: int, going: Collection[int]) -> None:
    """Clear what is open of rules that are not evaluated any more."""
    connection.execute(_ENDED, {"chain": chain_id, "going": list(going)})


def snoozed(
    connection: Connection, chain_id: int, now: datetime
) -> dict[tuple[int, str], datetime]:
    """Return until when rules are silent, by rule and subject (empty: all)."""
    rows = connection.execute(_SNOOZED, {"chain": chain_id, "now": now})
    return {(row.rule_id, row.subject): row.until for row in rows}


def _values(chain_id: int, one: Found) -> dict[str, Any]:
    return {
        "chain": chain_id,
        "alert": one.alert_id,
        "rule": one.rule_id,
        "user": one.user_id,
        "subject": one.subject,
        "stores": None if one.store_ids is None else list(one.store_ids),
        "day": one.day,
        "since": one.since,
        "last": one.last_day,
        "until": one.until,
        "late": one.late,
        "facts": json.dumps(one.facts),
    }


_WATCHED = text("select seen from alert_watch where chain_id = :chain")
_WATCH = text(
    """
    insert into alert_watch (chain_id, seen) values (:chain, :seen)
    on conflict (chain_id) do update set seen = excluded.seen, watched_at = clock_timestamp()
    """
)
_KNOWN = text(
    """
    select alert_id, rule_id, subject, day, last_day,
        case when cleared_at is null then null else coalesce(until, last_day) end as until
    from alert
    where chain_id = :chain and (cleared_at is null or coalesce(until, last_day) >= :since)
    """
)
_NEW = text(
    """
    insert into alert (chain_id, rule_id, user_id, subject, store_ids, day, since, last_day, until,
        late, facts, cleared_at, cleared_why)
    values (:chain, :rule, :user, :subject, cast(:stores as bigint[]), :day, :since, :last,
        cast(:until as date), :late, cast(:facts as jsonb),
        case when cast(:until as date) is null then null else clock_timestamp() end,
        case when cast(:until as date) is null then '' else 'back' end)
    on conflict (chain_id, rule_id, subject, day) do nothing
    returning alert_id
    """
)
# What is back stays cleared as it was; what was back and is not any more is open again.
_SEEN_AGAIN = text(
    """
    update alert set last_day = :last, until = cast(:until as date),
        facts = cast(:facts as jsonb), store_ids = cast(:stores as bigint[]),
        cleared_at = case when cast(:until as date) is null then null
            else coalesce(cleared_at, clock_timestamp()) end,
        cleared_why = case when cast(:until as date) is null then '' else 'back' end
    where chain_id = :chain and alert_id = :alert
    """
)
_OVER = text(
    """
    update alert set cleared_at = clock_timestamp(), cleared_why = :why,
        until = coalesce(until, last_day)
    where chain_id = :chain and alert_id = :alert and cleared_at is null
    """
)
_ENDED = text(
    """
    update alert set cleared_at = clock_timestamp(), cleared_why = 'rule',
        until = coalesce(until, last_day)
    where chain_id = :chain and cleared_at is null
      and not rule_id = any(cast(:going as bigint[]))
    """
)
_SNOOZED = text(
    "select rule_id, subject, until from alert_snooze where chain_id = :chain and until > :now"
)
