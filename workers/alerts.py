"""The watch over all chains: rules are evaluated where something changed, and what fires is kept.

One transaction writes what was found, who is to be told, and what it was found on; killed before
its end, nothing is written, and the next minute does it again with the same rows. Two at once do
not meet: the second finds the chain's lock taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, text

from advice.alerts import LATE_DAYS, Changes, Event, Stored, compare, late
from chain.alerts import MEASURED
from chain.errors import TransientError
from chain.roles import BOUNDED
from chain.settings import Settings
from warehouse import alert_found, alert_notices, alerts
from warehouse.alert_found import Found, Known
from warehouse.alert_notices import Notice
from warehouse.alerts import SavedRule
from warehouse.directory.told import first_owner, member
from warehouse.locks import Lock, free
from warehouse.reads import watch as watch_reads
from warehouse.reads.context import Context, load
from warehouse.session import Scope, Warehouse
from workers.alert_defaults import defaults
from workers.alert_rules import Outcome, due_day, material, outcome, window

log = structlog.get_logger(__name__)
STALE = timedelta(days=7)
"""What fired on figures that end so long ago is kept but not told: nobody can act on it."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """What one rule said, beside what is stored of it. ``outcome`` None: nothing can be said."""

    saved: SavedRule
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of all chains."""

    warehouse: Warehouse
    settings: Settings

    def watch(self, now: datetime) -> None:
        """Look at every chain. One that fails is logged and keeps no other from being looked at."""
        for chain_id in self.chains():
            try:
                self.watch_chain(chain_id, now)
            except TransientError as error:
                log.warning("alerts_later", chain=chain_id, reason=error.key)
            except Exception:
                log.exception("alerts_failed", chain=chain_id)

    def watch_chain(self, chain_id: int, now: datetime) -> bool:
        """Evaluate the rules of a chain, unless nothing changed; return whether it was done."""
        with self.warehouse.begin(Scope(chain_id)) as connection:
            if not free(connection, Lock.ALERTS, chain_id):
                return False
            context = load(connection, now)
            self._begin(connection, chain_id, context)
            saved = [one for one in alerts.rules(connection, chain_id) if not one.paused]
            scopes = self._scopes(chain_id, saved)
            going = [one for one in saved if one.user_id in scopes]
            loading = watch_reads.loading(context)
            seen = _state(context, going, scopes, now, loading=loading)
            if seen == alert_found.watched(connection, chain_id):
                return False
            first = window(context.chain.today).start
            known = alert_found.known(connection, chain_id, first)
            said = [
                each
                for scope in scopes.values()
                for each in self._said(scope, going, known, now, loading=loading)
            ]
            alert_found.end_of_rules(connection, chain_id, [one.rule_id for one in going])
            for each in said:
                self._write(connection, context, each, known, now)
            alert_found.watch(connection, chain_id, seen)
        return True

    def chains(self) -> Sequence[int]:
        """Return the chains there are."""
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()

    def _begin(self, connection: Connection, chain_id: int, context: Context) -> None:
        if alerts.begun(connection, chain_id):
            return
        owner = first_owner(self.warehouse, chain_id)
        if owner is not None:
            begin = defaults(owner, context.chain.currency)
            alerts.begin_with(connection, Scope(chain_id), begin)

    def _scopes(self, chain_id: int, saved: Sequence[SavedRule]) -> dict[int, Scope]:
        """Return what each rule's owner may see now; who is gone has none, and their rules rest."""
        found = {
            user: member(self.warehouse, chain_id, user)
            for user in sorted({one.user_id for one in saved})
        }
        return {user: one.scope for user, one in found.items() if one is not None}

    def _said(
        self,
        scope: Scope,
        going: Sequence[SavedRule],
        known: Sequence[Known],
        now: datetime,
        *,
        loading: bool,
    ) -> list[Ruled]:
        """Evaluate the rules of one person by what that person may see."""
        own = [one for one in going if one.user_id == scope.user_id]
        whole = scope.store_ids is None and scope.role not in BOUNDED
        with self.warehouse.begin(scope, snapshot=True) as connection:
            found = material(load(connection, now), [one.rule for one in own], whole=whole)
            said = []
            for one in own:
                # Half of a file says that every store sells half.
                waits = found is None or (loading and one.rule.kind in MEASURED)
                mine = [each for each in known if each.rule_id == one.rule_id]
                said.append(
                    Ruled(one, None if waits or found is None else outcome(found, one, mine, now))
                )
        return said

    def _write(
        self,
        connection: Connection,
        context: Context,
        said: Ruled,
        known: Sequence[Known],
        now: datetime,
    ) -> None:
        if said.outcome is None:
            return
        saved, today, chain_id = said.saved, context.chain.today, context.chain.chain_id
        subjects = {one.event: one for one in said.outcome.subjects}
        stored = [
            Stored(one.alert_id, one.subject, one.day, one.until)
            for one in known
            if one.rule_id == saved.rule_id
        ]
        changes = compare(list(subjects), stored)
        fresh = [one for one in changes.new if _wanted(one, saved)]
        if saved.rule.kind in MEASURED:  # a state is so now, however long it has been
            fresh = [late(one, today, saved.changed_on) for one in fresh]

        def found(number: int, event: Event, now_late: bool) -> Found:
            about = subjects[event]
            return Found(
                number, saved.rule_id, saved.user_id, event.subject, about.store_ids, event.day,
                event.since, event.last, event.until, now_late, about.facts,
            )  # fmt: skip

        bare = {_bare(event): event for event in subjects}
        rows = [found(one.alert_id, event, False) for one, event in changes.seen]
        rows += [found(0, bare[_bare(event)], event.late) for event in fresh]
        over = _over(saved, changes, said.outcome)
        made = alert_found.write(connection, chain_id, rows, over)
        told = {event.subject for event in fresh if today - event.last <= STALE}
        numbers = {subject: number for (_, subject), number in made.items() if subject in told}
        alert_notices.add(connection, chain_id, _notices(connection, context, saved, numbers, now))


def _bare(event: Event) -> tuple[str, date]:
    return event.subject, event.day


def _wanted(event: Event, saved: SavedRule) -> bool:
    """Whether a new event counts: what was over before the rule stood as it is never fired."""
    return event.until is None or saved.changed_on <= event.day + timedelta(days=LATE_DAYS)


def _over(saved: SavedRule, changes: Changes, outcome: Outcome) -> dict[int, str]:
    if saved.rule.kind not in MEASURED:
        return {one.alert_id: "back" for one in changes.over}
    return {
        one.alert_id: "revised" if one.subject in outcome.there else "gone" for one in changes.over
    }


def _notices(
    connection: Connection,
    context: Context,
    saved: SavedRule,
    numbers: Mapping[str, int],
    now: datetime,
) -> list[Notice]:
    """Return who is to be told of what, and from when: not in quiet hours nor while snoozed."""
    if not numbers or not saved.receivers:
        return []
    snoozed = alert_found.snoozed(connection, context.chain.chain_id, now)
    zone = ZoneInfo(context.chain.time_zone)
    quiet = None if saved.severity == "urgent" else saved.quiet
    notices = []
    for subject, number in numbers.items():
        until = [snoozed[key] for key in ((saved.rule_id, ""), (saved.rule_id, subject))
                 if key in snoozed]  # fmt: skip
        due = max([now, *until])
        due = quiet.until(due, zone) if quiet else due
        notices += [Notice(number, receiver, due) for receiver in saved.receivers]
    return notices


def _state(
    context: Context,
    going: Sequence[SavedRule],
    scopes: Mapping[int, Scope],
    now: datetime,
    *,
    loading: bool,
) -> str:
    """Return all that an evaluation can depend on; while it is the same, nothing is evaluated."""
    zones = context.connection.scalars(
        text("select distinct time_zone from store order by 1")
    ).all()
    due = [
        (one.rule_id, zone, due_day(one.rule, now, zone).isoformat())
        for one in going
        if one.rule.kind == "silent"
        for zone in zones
    ]
    rules = [(one.rule_id, one.rule, one.changed_on) for one in going]
    parts = (context.version, context.files, context.chain.today, rules, scopes, due, loading)
    return repr(parts)
