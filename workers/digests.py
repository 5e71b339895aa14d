"""Digests: what is due is planned, made once for all who share a scope, and sent once (ADR 23).

A lane is a share of a chain's waiting digests, worked on by one job at a time. All of it may be
killed at any line: what was claimed by then is called unsure, the rest is taken up again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from zlib import crc32

import structlog
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError, TillboardError, TransientError
from chain.schedule import LATEST, Due, Rhythm, about, last_due
from chain.settings import Settings
from chain.words import Lang
from reports.digests.build import build
from reports.digests.facts import Facts
from reports.digests.mail import Letters
from reports.digests.model import Contents
from warehouse import deliveries
from warehouse.cache import FigureCache
from warehouse.deliveries import Waiting
from warehouse.directory.scopes import scope_of
from warehouse.locks import Lock, hold
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from workers.posting import Posting, Stopped

log = structlog.get_logger(__name__)
LANES = 4
GONE_AFTER = timedelta(minutes=10)
"""A claim so old is nobody's: one mail takes two minutes at most, by the servers' time-outs."""
HOLD_FOR = timedelta(hours=2)
"""How long a digest waits for data that is not in yet; then it goes and says so."""
HOLD_STEP = timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
BROKEN_TRIES = 5
"""A digest that cannot be made is tried so often, within about half an hour."""


@dataclass(frozen=True, slots=True)
class Group:
    """Digests that are one and the same but for who gets them."""

    scope: Scope
    lang: Lang
    rhythm: Rhythm
    key: str


@cache
def letters() -> Letters:
    """Return this process's maker of mails: its fonts and template are read once."""
    return Letters()


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Digests:
    """The digests of all chains. ``now`` is the clock, ``cache`` where the board's figures are."""

    warehouse: Warehouse
    settings: Settings
    now: Callable[[], datetime] = _utc_now
    cache: FigureCache | None = None
    _scopes: dict[object, Scope] = field(init=False, default_factory=dict)

    def plan(self, take_up: Callable[[int, int], None]) -> None:
        """Plan what is due; call ``take_up(chain_id, lane)`` wherever something waits."""
        now = self.now()
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                due: list[tuple[int, Due]] = []
                late: list[tuple[int, Due]] = []
                for one in deliveries.active(connection, chain_id):
                    found = last_due(one.wanted.schedule, now)
                    if found is None or found.at < one.since:
                        continue
                    on_time = now - found.at <= LATEST[one.wanted.schedule.rhythm]
                    (due if on_time else late).append((one.subscription_id, found))
                deliveries.plan(connection, chain_id, due, late=late)
                if lost := deliveries.lose(connection, chain_id, GONE_AFTER):
                    log.warning("digests_unsure", chain_id=chain_id, count=lost)
                deliveries.forget(connection, chain_id)
                waiting = deliveries.waiting(connection, chain_id, now)
            for lane in sorted({self._lane(chain_id, one) for one in waiting}):
                take_up(chain_id, lane)

    def send(self, chain_id: int, lane: int) -> None:
        """Send what waits in a lane; at once where another job is at it."""
        with self.warehouse.hold(Scope(chain_id)) as connection:
            try:
                with connection.begin():
                    hold(connection, Lock.DIGESTS, chain_id * LANES + lane)
            except TransientError:
                return
            with connection.begin():
                waiting = deliveries.waiting(connection, chain_id, self.now())
            self._send(chain_id, [one for one in waiting if self._lane(chain_id, one) == lane])

    def contents(self, chain_id: int, one: Waiting) -> Contents:
        """Return the digest of one delivery, in the scope of its person."""
        return self._contents(self._group(chain_id, one), one)

    def _send(self, chain_id: int, waiting: Sequence[Waiting]) -> None:
        with Posting(self.warehouse, self.settings, chain_id, letters(), self.now) as posting:
            for group, ones in self._groups(chain_id, waiting).items():
                contents = self._made(chain_id, group, ones)
                if contents is None:
                    continue
                for one in ones:
                    if self._holds(contents, one):
                        wait = PermanentError("digests.waiting")
                        self._later(chain_id, one, wait, self.now() + HOLD_STEP, tried=False)
                        continue
                    with self._counted(chain_id, one):
                        posting.post(one, contents)

    def _made(self, chain_id: int, group: Group, ones: Sequence[Waiting]) -> Contents | None:
        """Return the digest of a group; where it cannot be made, nothing goes to anybody."""
        try:
            return self._contents(group, ones[0])
        except TransientError as error:
            self._put_off(chain_id, ones, error)
        except Exception as error:  # whatever it was: it is told, tried again, and never mailed
            known = error if isinstance(error, TillboardError) else PermanentError("digests.broken")
            log.exception("digest_broken", chain_id=chain_id, group=group.key)
            tired = [one for one in ones if one.tries + 1 >= BROKEN_TRIES]
            with self.warehouse.begin(Scope(chain_id)) as connection:
                for one in tired:
                    deliveries.fail(connection, chain_id, one.delivery_id, known)
            self._put_off(chain_id, [one for one in ones if one not in tired], known)
        return None

    def _contents(self, group: Group, one: Waiting) -> Contents:
        period = _period(group.rhythm, one)
        whole = group.scope.store_ids is None
        board = self.settings.board_url
        with self.warehouse.snapshot(group.scope) as moment:
            reads = Reads(moment, group.scope, self.cache, now=self.now)
            return build(Facts(reads, group.rhythm, period, group.lang, board, whole))

    def _holds(self, contents: Contents, one: Waiting) -> bool:
        """Return whether to wait for data that is not in; never where somebody asked for it."""
        return contents.provisional and not one.asked and self.now() < one.due_at + HOLD_FOR

    @contextmanager
    def _counted(self, chain_id: int, one: Waiting) -> Iterator[None]:
        """Put one off where the server asks for that, and fail what is too late by then."""
        try:
            yield
        except Stopped as stopped:
            self._put_off(chain_id, [one], stopped.error)

    def _put_off(self, chain_id: int, ones: Sequence[Waiting], error: TillboardError) -> None:
        """Try again later, each with a pause of its own that doubles; give up what is too late."""
        for one in ones:
            next_at = self.now() + min(FIRST_PAUSE * 2**one.tries, LONGEST_PAUSE)
            if next_at > one.due_at + LATEST[one.subscription.wanted.schedule.rhythm]:
                why = PermanentError(
                    "digests.too_late", why=error.say(one.subscription.wanted.lang)
                )
                with self.warehouse.begin(Scope(chain_id)) as connection:
                    deliveries.fail(connection, chain_id, one.delivery_id, why)
            else:
                self._later(chain_id, one, error, next_at)

    def _later(
        self,
        chain_id: int,
        one: Waiting,
        error: TillboardError,
        at: datetime,
        *,
        tried: bool = True,
    ) -> None:
        with self.warehouse.begin(Scope(chain_id)) as connection:
            deliveries.later(connection, chain_id, [one.delivery_id], error, at, tried=tried)

    def _groups(
        self, chain_id: int, waiting: Sequence[Waiting]
    ) -> Mapping[Group, Sequence[Waiting]]:
        groups: dict[Group, list[Waiting]] = {}
        for one in waiting:
            groups.setdefault(self._group(chain_id, one), []).append(one)
        return groups

    def _group(self, chain_id: int, one: Waiting) -> Group:
        """Return with whom a digest is shared: chain, role, stores, language, days."""
        scope = self._scope(chain_id, one)
        wanted = one.subscription.wanted
        lang: Lang = "zh" if wanted.lang == "zh" else "en"
        rhythm = wanted.schedule.rhythm
        return Group(scope, lang, rhythm, repr((scope, lang, rhythm, one.period)))

    def _scope(self, chain_id: int, one: Waiting) -> Scope:
        asked = (chain_id, one.role, one.region_ids, one.store_ids)
        if asked not in self._scopes:
            found = scope_of(self.warehouse, chain_id, 0, one.role, one.region_ids, one.store_ids)
            self._scopes[asked] = Scope(chain_id, None, found.role, found.store_ids)
        return self._scopes[asked]

    def _lane(self, chain_id: int, one: Waiting) -> int:
        """Return the lane of a digest, the same for all of its group."""
        wanted = one.subscription.wanted
        asked = (chain_id, one.role, one.region_ids, one.store_ids, wanted.lang, one.period)
        return crc32(repr((*asked, wanted.schedule.rhythm)).encode()) % LANES

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()


def _period(rhythm: Rhythm, one: Waiting) -> Period:
    """Return the days of a delivery, whose row names the first."""
    start = one.period
    if rhythm == "daily":
        return Period(start, start)
    if rhythm == "weekly":
        return Period(start, start + timedelta(days=6))
    return about("monthly", (start + timedelta(days=32)).replace(day=1))
