"""One file on its way into the warehouse: read, staged over one or two sessions, merged."""

import contextlib
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import polars as pl
import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from chain.errors import BadRecord, TransientError
from etl.canonical import Bill, Chunk, ControlTotal, Statement
from etl.reading.mask import contacts
from etl.staged import Stager, personal_ref
from warehouse import batches, locks, staging
from warehouse.batches import Outcome
from warehouse.merge import EVER, Batch, drop_merged, merge
from warehouse.session import driver

KEPT_REJECTS = 100_000
"""Refused rows that are kept with their raw line; the rest of a hopeless file is counted."""
TRIES = 4
RUN_ROWS = 60_000
"""Rows that are sorted by key before they are copied."""
PIECE_ROWS = 8_000
"""Rows that are encoded at once, a few megabytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be loaded; ``again``: some of it is in already, by this very batch."""

    chain_id: int
    batch_id: int
    bill: Bill
    payer_key: str
    again: bool = False


def ahead(items: Iterator[Chunk]) -> Generator[Chunk]:
    """Yield ``items``, the next one made by a thread while the caller is busy with the last."""
    made: queue.Queue[Chunk | BaseException | None] = queue.Queue(maxsize=1)
    unwanted = threading.Event()

    def make() -> None:
        try:
            for item in items:
                made.put(item)
                if unwanted.is_set():
                    break
            made.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            made.put(error)
        finally:
            if isinstance(items, Generator):
                items.close()

    thread = threading.Thread(target=make, name="read-ahead")
    thread.start()
    try:
        while (item := made.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        unwanted.set()
        while thread.is_alive():
            with contextlib.suppress(queue.Empty):
                made.get(timeout=0.05)


class Lane:
    """One session with a staging table of its own, fed by a thread so that reading never waits."""

    def __init__(self, name: str, connection: Connection) -> None:
        self.name = name
        self.connection = connection
        self.rows = 0
        self.days: set[tuple[date, int]] = set()
        self._batches: queue.Queue[pl.DataFrame | None] = queue.Queue(maxsize=1)
        self._error: BaseException | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._copy, name=f"copy-{name}")

    def start(self) -> None:
        """Begin to copy."""
        self._thread.start()

    def put(self, rows: pl.DataFrame) -> None:
        """Hand over rows. Raises what the copying raised, if it did."""
        if self._error is None and len(rows):
            self._batches.put(rows)
            self.rows += len(rows)
            self.days |= set(rows.select("business_date", "store_id").unique().iter_rows())
        self._raise()

    def close(self) -> None:
        """End the copying and wait for it; raises what it raised."""
        self._batches.put(None)
        self._thread.join()
        self._raise()

    def abandon(self) -> None:
        """End the thread after an error elsewhere."""
        self._error = self._error or RuntimeError("abandoned")
        while self._thread.is_alive():
            try:
                self._batches.put(None, timeout=0.1)
            except queue.Full:
                continue
            self._thread.join(timeout=0.1)

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _runs(self) -> Iterator[pl.DataFrame]:
        """Yield what comes in runs of ascending keys: the merge then walks the index, in order."""
        waiting: list[pl.DataFrame] = []
        while (rows := self._next()) is not None:
            if self._error is None:
                waiting.append(rows)
            if sum(map(len, waiting)) >= RUN_ROWS:
                yield pl.concat(waiting).sort("key_hi")
                waiting.clear()
        if waiting:
            yield pl.concat(waiting).sort("key_hi")

    def _next(self) -> pl.DataFrame | None:
        rows = self._batches.get()
        self._ended = rows is None
        return rows

    def _copy(self) -> None:
        try:
            with self.connection.begin():
                raw = driver(self.connection)
                staging.create(raw)
                with staging.Copying(raw) as copying:
                    for rows in self._runs():
                        for piece in rows.iter_slices(PIECE_ROWS):
                            copying.write(staging.encode(piece))
                staging.analyze(raw)
        except BaseException as error:  # noqa: BLE001 - raised again in the reading thread
            self._error = error
            # The server may refuse the last rows only after the end was heard: it is said once.
            while not self._ended and self._next() is not None:
                pass


@dataclass(slots=True)
class _Tally:
    """What reading adds up."""

    accepted: int = 0
    skipped: int = 0
    rejected: int = 0
    rejects: list[BadRecord] = field(default_factory=list)
    first_at: datetime | None = None
    last_at: datetime | None = None

    def add(self, rows: pl.DataFrame, rejects: list[BadRecord], skipped: int) -> None:
        self.accepted += len(rows)
        self.skipped += skipped
        self.rejected += len(rejects)
        self.rejects += rejects[: KEPT_REJECTS - len(self.rejects)]
        if len(rows):
            first, last = rows["occurred_at"].min(), rows["occurred_at"].max()
            assert isinstance(first, datetime)
            assert isinstance(last, datetime)
            self.first_at = min(first, self.first_at or first)
            self.last_at = max(last, self.last_at or last)


class Loader:
    """Reads a bill into its lanes, then merges each lane in one transaction."""

    def __init__(
        self,
        plan: Plan,
        connection: Connection,
        lanes: list[Lane],
        report: Callable[[int, int], None],
    ) -> None:
        self._plan = plan
        self._lanes = {lane.name: lane for lane in lanes}
        self._report = report
        self._private: dict[str, str] = {}
        self._stager = Stager(
            chain_id=plan.chain_id,
            batch_id=plan.batch_id,
            platform=plan.bill.platform,
            payer_key=plan.payer_key,
            connection=connection,
            lock=lambda account: self._lock(connection, account),
        )

    @staticmethod
    def _lock(connection: Connection, account: int) -> None:
        with connection.begin():
            locks.hold(connection, locks.Lock.ACCOUNT, account)

    def read(self) -> Outcome:
        """Read the whole bill into staging and return what is known of it.

        Raises PermanentError where the file is no good; nothing is merged then.
        """
        tally = _Tally()
        for lane in self._lanes.values():
            lane.start()
        try:
            with contextlib.closing(ahead(self._plan.bill.chunks())) as chunks:
                for chunk in chunks:
                    rows = self._hide(chunk.rows)
                    tally.add(rows, chunk.rejects, chunk.skipped)
                    if len(rows):
                        self._route(self._stager.stage(rows, self._labels()))
                    self._report(chunk.bytes_read, tally.accepted)
            for lane in self._lanes.values():
                lane.close()
        except BaseException:
            for lane in self._lanes.values():
                lane.abandon()
            raise
        return self._outcome(tally)

    def _hide(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Replace account names that are a person's own, a number or address, by keyed hashes."""
        if self._plan.bill.statement.personal:
            return rows.with_columns(personal_ref(self._plan.payer_key))
        private = [ref for ref in rows["account_ref"].unique() if contacts(ref) != ref]
        if not private:
            return rows
        hidden = personal_ref(self._plan.payer_key)
        refs = pl.DataFrame({"account_ref": private}).select(ref="account_ref", hidden=hidden)
        self._private |= {hashed: contacts(ref) for ref, hashed in refs.iter_rows()}
        own = pl.col("account_ref").is_in(private)
        return rows.with_columns(pl.when(own).then(hidden).otherwise("account_ref"))

    def _labels(self) -> dict[str, str]:
        statement = self._plan.bill.statement
        return {} if statement.personal else {**statement.account_refs, **self._private}

    def _route(self, rows: pl.DataFrame) -> None:
        if len(self._lanes) == 1:
            for lane in self._lanes.values():
                lane.put(rows)
            return
        even = pl.col("business_date").to_physical() % 2 == 0
        for name, mine in (("even", even), ("odd", ~even)):
            self._lanes[name].put(rows.filter(mine))

    def _outcome(self, tally: _Tally) -> Outcome:
        bill, statement = self._plan.bill, self._plan.bill.statement
        return Outcome(
            source=bill.source,
            layout=bill.layout,
            account_ids=self._stager.account_ids,
            exported_at=statement.exported_at,
            period_start=statement.period_start,
            period_end=statement.period_end,
            rank_at=rank(statement),
            first_at=tally.first_at,
            last_at=tally.last_at,
            rows_accepted=tally.accepted,
            rows_skipped=tally.skipped,
            rows_rejected=tally.rejected,
            totals=[as_json(total) for total in statement.totals],
            rejects=tally.rejects,
        )

    def merge(self, lane: Lane, outcome: Outcome, *, finish: bool) -> None:
        """Merge one lane in one transaction, again where another import got in the way.

        With ``finish`` the batch is closed in that same transaction. Raises TransientError where
        other imports are in the way time after time.
        """
        for attempt in range(1, TRIES + 1):
            try:
                with lane.connection.begin():
                    self._merge(lane, outcome)
                    if finish:
                        self.finish(lane.connection, outcome)
            except DBAPIError as error:
                if not isinstance(error.orig, _IN_THE_WAY):
                    raise
                if attempt == TRIES:
                    raise TransientError("warehouse.busy") from error
            else:
                return

    def _merge(self, lane: Lane, outcome: Outcome) -> None:
        plan = self._plan
        batch = Batch(plan.chain_id, plan.batch_id, plan.bill.platform, outcome.rank_at)
        rows = lane.rows
        overlap = batches.overlap(lane.connection, plan.chain_id, plan.batch_id, outcome)
        if plan.again:
            rows -= drop_merged(lane.connection, plan.chain_id, plan.batch_id)
            if not rows:
                return
        counts = merge(lane.connection, batch, rows, lane.days, overlap=overlap or plan.again)
        batches.part_done(
            lane.connection,
            plan.chain_id,
            plan.batch_id,
            lane.name,
            {"new": counts.new, "changed": counts.changed, "same": counts.same},
        )
        known = {record.line for record in outcome.rejects}
        collided = [line for line in counts.mismatched if line not in known]
        outcome.rejects += [BadRecord(line, "", "etl.identity_mismatch") for line in collided]
        outcome.rows_accepted -= len(collided)
        outcome.rows_rejected += len(collided)

    def finish(self, connection: Connection, outcome: Outcome) -> None:
        """Close the batch."""
        batches.finish(connection, self._plan.chain_id, self._plan.batch_id, outcome)


_IN_THE_WAY = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.UniqueViolation,
)


def rank(statement: Statement) -> datetime:
    """Return how the file's versions rank: export time, else the end of the stated period."""
    return statement.exported_at or statement.period_end or EVER


def as_json(total: ControlTotal) -> dict[str, Any]:
    """Return a control total as it is kept on the batch: exact decimals as text."""
    return {
        "name": total.name,
        "stated": str(total.stated),
        "computed": str(total.computed),
        "residual": str(total.residual),
        "rounding": total.rounding,
    }
