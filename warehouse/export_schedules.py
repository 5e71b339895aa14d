"""Exports made again and again: their schedules, one export for each date, one mail for each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, text

from chain.days import Period
from chain.errors import PermanentError
from chain.schedule import Rhythm, Schedule, about
from warehouse.session import Scope

SPANS = ("whole", "last7", "last28", "last91", "month", "year")
"""What an export is about: the whole day, week or month before; so many days up to the day before;
the month or year of the day before, up to it."""
MAIL_LOST = timedelta(minutes=10)
"""A mail that was claimed so long ago was a worker's that died."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A schedule. ``what`` is an export such as ``ranking.xlsx`` or ``reports``."""

    schedule_id: int
    user_id: int
    what: str
    choice: Mapping[str, Any]
    span: str
    rhythm: Rhythm
    at: time
    weekday: int = 0
    month_day: int = 1
    lang: str = "en"
    paused: bool = False
    since: datetime | None = None

    def schedule(self, zone: str) -> Schedule:
        """Return when it is due."""
        weekdays = (self.weekday,) if self.rhythm == "weekly" else tuple(range(7))
        return Schedule(self.rhythm, zone, self.at, weekdays, self.month_day)

    def period(self, due_on: date) -> Period:
        """Return the days that it is about when it is due on a local date.

        By the date alone, so that whoever makes it, and how often, makes the same.
        """
        last = due_on - timedelta(days=1)
        if self.span == "whole":
            return about(self.rhythm, due_on)
        if self.span == "month":
            return Period(last.replace(day=1), last)
        if self.span == "year":
            return Period(last.replace(month=1, day=1), last)
        return Period(last - timedelta(days=int(self.span.removeprefix("last")) - 1), last)


@dataclass(frozen=True, slots=True)
class Told:
    """An export of a schedule whose owner is to be told now."""

    export_id: int
    user_id: int
    schedule_id: int


def save(connection: Connection, scope: Scope, saved: Saved) -> int:
    """Keep a schedule of the reader's, or change the one of its number; return the number.

    One that is changed goes on from now: what was due before is not made anew. Raises
    PermanentError ``reports.schedule.gone`` where the reader has no such schedule.
    """
    values = {
        "chain": scope.chain_id,
        "user": scope.user_id,
        "what": saved.what,
        "choice": json.dumps(saved.choice),
        "span": saved.span,
        "rhythm": saved.rhythm,
        "at": saved.at,
        "weekday": saved.weekday,
        "month_day": saved.month_day,
        "lang": saved.lang,
    }
    if saved.schedule_id:
        _one(connection, _CHANGE, values | {"schedule": saved.schedule_id})
        return saved.schedule_id
    return int(connection.execute(_ADD, values).scalar_one())


def get(connection: Connection, chain_id: int, schedule_id: int) -> Saved:
    """Return one schedule. Raises PermanentError ``reports.schedule.gone`` where none is seen."""
    for each in of_chain(connection, chain_id):
        if each.schedule_id == schedule_id:
            return each
    raise PermanentError("reports.schedule.gone")


def of_chain(connection: Connection, chain_id: int) -> list[Saved]:
    """Return the schedules that are seen: the reader's own, for a job all of the chain."""
    rows = connection.execute(_ALL, {"chain": chain_id})
    return [
        Saved(
            row.schedule_id, row.user_id, row.what, dict(row.choice), row.span, row.rhythm, row.at,
            row.weekday, row.month_day, row.lang, row.paused, row.since,
        )
        for row in rows
    ]  # fmt: skip


def pause(connection: Connection, chain_id: int, schedule_id: int, *, paused: bool) -> None:
    """Let a schedule rest, or go on from now. Raises PermanentError ``reports.schedule.gone``."""
    _one(connection, _PAUSE, {"chain": chain_id, "schedule": schedule_id, "paused": paused})


def remove(connection: Connection, chain_id: int, schedule_id: int) -> None:
    """Take a schedule away; its files stay as long as they are kept. Raises as above."""
    _one(connection, _REMOVE, {"chain": chain_id, "schedule": schedule_id})


def make(
    connection: Connection, scope: Scope, saved: Saved, due_on: date, query: Mapping[str, Any]
) -> int | None:
    """Keep the export of a schedule for a date, in its owner's scope; None where it is there."""
    values = {
        "chain": scope.chain_id,
        "user": saved.user_id,
        "role": scope.role,
        "stores": None if scope.store_ids is None else list(scope.store_ids),
        "what": saved.what,
        "query": json.dumps(query),
        "lang": saved.lang,
        "schedule": saved.schedule_id,
        "due": due_on,
    }
    found = connection.scalar(_MAKE, values)
    return None if found is None else int(found)


def claim_mails(connection: Connection, chain_id: int, now: datetime) -> Sequence[Told]:
    """Take the exports that are done (or failed) and whose owner is not told yet.

    To be committed before anything is sent. What a dead worker took is taken again.
    """
    rows = connection.execute(_CLAIM, {"chain": chain_id, "now": now, "lost": now - MAIL_LOST})
    return [Told(row.export_id, row.user_id, row.schedule_id) for row in rows]


def told(connection: Connection, chain_id: int, export_id: int, state: str) -> None:
    """Say what became of the mail: ``sent``, ``failed``, or ``waiting`` to be tried again."""
    connection.execute(_TOLD, {"chain": chain_id, "export": export_id, "state": state})


def _one(connection: Connection, statement: Any, values: dict[str, Any]) -> None:
    if connection.execute(statement, values).rowcount == 0:
        raise PermanentError("reports.schedule.gone")


_ADD = text(
    """
    insert into export_schedule (chain_id, user_id, what, choice, span, rhythm, at, weekday,
        month_day, lang)
    values (:chain, :user, :what, cast(:choice as jsonb), :span, :rhythm, :at, :weekday,
        :month_day, :lang)
    returning schedule_id
    """
)
_CHANGE = text(
    """
    update export_schedule set what = :what, choice = cast(:choice as jsonb), span = :span,
        rhythm = :rhythm, at = :at, weekday = :weekday, month_day = :month_day, lang = :lang,
        since = clock_timestamp()
    where chain_id = :chain and schedule_id = :schedule
    """
)
_ALL = text("select * from export_schedule where chain_id = :chain order by schedule_id")
_PAUSE = text(
    """
    update export_schedule set paused = :paused, since = clock_timestamp()
    where chain_id = :chain and schedule_id = :schedule
    """
)
_REMOVE = text("delete from export_schedule where chain_id = :chain and schedule_id = :schedule")
_MAKE = text(
    """
    insert into export (chain_id, user_id, role, store_ids, what, query, lang, schedule_id, due_on,
        mail)
    values (:chain, :user, :role, cast(:stores as bigint[]), :what, cast(:query as jsonb), :lang,
        :schedule, :due, 'waiting')
    on conflict (chain_id, schedule_id, due_on) where schedule_id is not null do nothing
    returning export_id
    """
)
_CLAIM = text(
    """
    update export set mail = 'sending', mail_claimed_at = :now
    where chain_id = :chain and state in ('done', 'failed')
      and (mail = 'waiting' or mail = 'sending' and mail_claimed_at < :lost)
    returning export_id, user_id, schedule_id
    """
)
_TOLD = text(
    "update export set mail = :state where chain_id = :chain and export_id = :export"
    " and mail = 'sending'"
)
