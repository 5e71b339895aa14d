"""The one way in: a file becomes a batch, its rows are staged, checked, and merged.

A file is read once, front to back. Its rows are copied into staging tables while it is read, the
whole file is checked, and only then is anything merged. A large file is merged as two parts at
once, each over its own business dates (even and odd days), each in a transaction that also brings
the sums of its days up to date: no reader sees half a day, and an import that was killed goes on
with what is missing.
"""

import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, text

from chain.errors import PermanentError, TillboardError, TransientError
from etl.canonical import Bill
from etl.loading import Lane, Loader, Plan
from etl.reading import ColumnMapSpec, Leaf, leaves, open_bill
from warehouse import batches, locks
from warehouse.batches import Outcome
from warehouse.session import Scope, Warehouse, away
from warehouse.telemetry import count_batch
from warehouse.undo import give_up

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int, int], None]
"""Called with file name, bytes read, bytes in all, rows accepted."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Everything an import needs besides the file.

    ``payer_key`` is the secret of the keyed hash that stands for payers and personal accounts;
    files of at least ``large_bytes`` are merged as two parts.
    """

    warehouse: Warehouse
    scope: Scope
    payer_key: str
    large_bytes: int = 24 << 20
    progress: Progress | None = None

    def import_path(
        self, path: Path, *, request_id: str = "", options: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Import a file, every file of a folder, or every member of a zip; yield their batches.

        ``options`` are kept on each batch. A file that cannot be read ends as a quarantined or
        failed batch with its reason, and the next one is taken. Raises TransientError where the
        warehouse cannot be reached.
        """
        for leaf in leaves(path):
            yield self.import_leaf(leaf, request_id=request_id, options=options)

    def import_leaf(
        self,
        leaf: Leaf,
        *,
        request_id: str = "",
        options: dict[str, Any] | None = None,
        container: bytes | None = None,
    ) -> dict[str, Any]:
        """Import one bill and return its batch; one that is in already changes nothing.

        ``container`` is the SHA-256 of the archive that it came in.
        """
        sha256 = leaf.sha256()
        with self.warehouse.begin(self.scope) as connection:
            received = batches.receive(
                connection,
                self.scope.chain_id,
                sha256=sha256,
                file_name=leaf.name,
                size_bytes=leaf.size,
                container_sha256=container,
                options=options,
                request_id=request_id,
                user_id=self.scope.user_id,
            )
        return self.import_batch(received.batch_id, leaf)

    def import_received(self, batch_id: int, path: Path) -> None:
        """Import the file behind a received batch; an archive's members get their own batches.

        Raises TransientError where another process has the batch, or the warehouse is away.
        """
        batch = self._batch(batch_id)
        try:
            found = list(leaves(path))
        except PermanentError as error:
            self._fail(batch_id, error)
            self._ended(batch_id)
            return
        if len(found) == 1 and found[0].container is None:
            self.import_batch(batch_id, replace(found[0], name=batch["file_name"]))
            return
        for leaf in found:
            self.import_leaf(leaf, request_id=batch["request_id"], container=batch["sha256"])
        with self.warehouse.begin(self.scope) as connection:
            batches.close_archive(connection, self.scope.chain_id, batch_id)
        self._ended(batch_id)

    def import_member(self, batch_id: int, archive: Path) -> None:
        """Import the one member of ``archive`` that the batch is of, as after a kill.

        Raises TransientError where another process has the batch, or the warehouse is away.
        """
        batch = self._batch(batch_id)
        for leaf in leaves(archive):
            if leaf.sha256() == bytes(batch["sha256"]):
                self.import_batch(batch_id, leaf)
                return
        self._fail(batch_id, PermanentError("runtime.file_gone", name=batch["file_name"]))
        self._ended(batch_id)

    def import_batch(self, batch_id: int, leaf: Leaf) -> dict[str, Any]:
        """Read, check and merge one bill for ``batch_id``; return the batch as it ended."""
        with ExitStack() as stack:
            connection = stack.enter_context(self.warehouse.hold(self.scope))
            with connection.begin():
                locks.hold(connection, locks.Lock.BATCH, batch_id)
            batch = self._batch(batch_id)
            if batch["state"] not in batches.RESUMABLE:
                return batch
            self._import_locked(stack, connection, batch, leaf)
        return self._ended(batch_id)

    def _import_locked(
        self, stack: ExitStack, connection: Connection, batch: dict[str, Any], leaf: Leaf
    ) -> None:
        batch_id = int(batch["batch_id"])
        bound = log.bind(batch_id=batch_id, request_id=batch["request_id"], file=leaf.name)
        try:
            with self.warehouse.begin(self.scope) as other:
                batches.start(other, self.scope.chain_id, batch_id)
                maps = column_maps(other)
            bill = open_bill(leaf, maps=maps, hint=batch["options"].get("map"))
            self._load(stack, connection, batch, leaf, bill)
        except TransientError:
            raise
        except TillboardError as error:
            bound.warning("import_refused", reason=error.key)
            self._fail(batch_id, error, connection)
            return
        except Exception as error:
            if away(error):
                raise TransientError("warehouse.unreachable") from error
            # Its words may quote the file, which no log may hold: where it happened is enough.
            at = traceback.extract_tb(error.__traceback__)[-1]
            fault = type(error).__name__
            bound.error("import_broke", fault=fault, at=f"{Path(at.filename).name}:{at.lineno}")
            self._fail(batch_id, PermanentError("etl.unexpected", fault=fault), connection)
            return
        bound.info("import_done")

    def _load(
        self,
        stack: ExitStack,
        connection: Connection,
        batch: dict[str, Any],
        leaf: Leaf,
        bill: Bill,
    ) -> None:
        batch_id = int(batch["batch_id"])
        names = _parts(batch, large=leaf.size >= self.large_bytes)
        lanes = [Lane(name, stack.enter_context(self.warehouse.hold(self.scope))) for name in names]
        plan = Plan(self.scope.chain_id, batch_id, bill, self.payer_key, again=bool(batch["parts"]))
        loader = Loader(plan, connection, lanes, self._reporter(batch_id, leaf))
        outcome = loader.read()
        with self.warehouse.begin(self.scope) as other:
            self._refuse_rival(other, batch_id, bill, outcome)
            batches.merging(other, self.scope.chain_id, batch_id)
        if len(lanes) == 1:
            loader.merge(lanes[0], outcome, finish=True)
            return
        _at_once([partial(loader.merge, lane, outcome, finish=False) for lane in lanes])
        with self.warehouse.begin(self.scope) as other:
            loader.finish(other, outcome)

    def _refuse_rival(
        self, connection: Connection, batch_id: int, bill: Bill, outcome: Outcome
    ) -> None:
        if not bill.rival:
            return
        chain = self.scope.chain_id
        name = batches.rival(connection, chain, batch_id, outcome, bill.rival)
        if name is not None:
            raise PermanentError("etl.rival_bill", other=name)

    def _reporter(self, batch_id: int, leaf: Leaf) -> Callable[[int, int], None]:
        last = 0.0

        def report(bytes_read: int, rows: int) -> None:
            nonlocal last
            if self.progress:
                self.progress(leaf.name, bytes_read, leaf.size, rows)
            now = datetime.now(UTC).timestamp()
            if now - last >= 1:
                last = now
                with self.warehouse.begin(self.scope) as connection:
                    batches.progress(
                        connection, self.scope.chain_id, batch_id, bytes_read=bytes_read, rows=rows
                    )

        return report

    def _batch(self, batch_id: int) -> dict[str, Any]:
        with self.warehouse.begin(self.scope) as connection:
            return batches.get(connection, self.scope.chain_id, batch_id)

    def _ended(self, batch_id: int) -> dict[str, Any]:
        batch = self._batch(batch_id)
        count_batch(batch)
        return batch

    def _fail(
        self, batch_id: int, error: TillboardError, connection: Connection | None = None
    ) -> None:
        state = "quarantined" if error.key in QUARANTINE else "failed"
        if connection is not None:
            with connection.begin():
                give_up(connection, self.scope.chain_id, batch_id, state, error)
            return
        with self.warehouse.begin(self.scope) as other:
            give_up(other, self.scope.chain_id, batch_id, state, error)


def _parts(batch: dict[str, Any], *, large: bool) -> tuple[str, ...]:
    """Return the parts to merge: of a batch that is in already, or half in, what is left as one.

    What went into which part hung on the bindings of that time, so it is not split again.
    """
    if not batch["parts"]:
        return PARTS if large else ("all",)
    missing = [name for name in PARTS if name not in batch["parts"]]
    return (missing[0] if len(missing) == 1 else f"more {len(batch['parts'])}",)


PARTS = ("even", "odd")
"""The parts of a large file: its even and its odd business dates."""

QUARANTINE = frozenset({"etl.unknown_layout", "etl.unknown_layout_near"})
"""Reasons that keep the file for a person to map, and not only say that it is no good."""


def column_maps(connection: Connection) -> Sequence[ColumnMapSpec]:
    """Return the chain's saved column maps."""
    rows = connection.execute(text("select name, spec from column_map order by name")).all()
    return [ColumnMapSpec(**{**row.spec, "name": row.name}) for row in rows]


def _at_once(calls: Sequence[Callable[[], None]]) -> None:
    """Run the calls in threads of their own; raise the first error once all have ended."""
    errors: list[BaseException] = []

    def guarded(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
