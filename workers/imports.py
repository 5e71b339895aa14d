"""What the import jobs do, as plain functions: import a batch, and find batches nobody has."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from chain.errors import PermanentError
from chain.settings import Settings
from etl.importer import Importer
from warehouse import batches
from warehouse.session import Scope, Warehouse
from warehouse.telemetry import BATCHES, count_batch
from warehouse.undo import give_up, undo

STUCK_AFTER = timedelta(minutes=2)
"""An import says every second how far it is; one silent for so long is nobody's."""
WAITING_AFTER = timedelta(minutes=15)
"""A batch that waits this long may have lost its message."""


@dataclass(frozen=True, slots=True)
class Imports:
    """The imports of all chains. ``payer_key`` keys the hash of payer ids."""

    warehouse: Warehouse
    settings: Settings
    payer_key: str

    def run(self, chain_id: int, batch_id: int) -> None:
        """Import the file of a batch from the inbox.

        Raises TransientError where another process has the batch or the warehouse is away.
        """
        scope = Scope(chain_id)
        with self.warehouse.begin(scope) as connection:
            batch = batches.get(connection, chain_id, batch_id)
        if batch["state"] not in batches.RESUMABLE:
            return
        importer = Importer(
            self.warehouse, scope, self.payer_key, large_bytes=self.settings.split_import_bytes
        )
        if (path := self._kept(batch["sha256"])) is not None:
            importer.import_received(batch_id, path)
        elif (archive := self._kept(batch["container_sha256"])) is not None:
            importer.import_member(batch_id, archive)
        else:
            gone = PermanentError("runtime.file_gone", name=batch["file_name"])
            with self.warehouse.begin(scope) as connection:
                give_up(connection, chain_id, batch_id, "failed", gone)
                batch = batches.get(connection, chain_id, batch_id)
            count_batch(batch)

    def _kept(self, sha256: bytes | None) -> Path | None:
        path = self.settings.inbox / bytes(sha256 or b"").hex()
        return path if path.is_file() else None

    def undo(self, chain_id: int, batch_id: int) -> None:
        """Take back what a batch brought, all of it or nothing; one that is undone stays so.

        Raises PermanentError where it is not done, or where there is none.
        """
        with self.warehouse.begin(Scope(chain_id)) as connection:
            if batches.get(connection, chain_id, batch_id)["state"] == "undone":
                return
            undo(connection, chain_id, batch_id)
        BATCHES.labels("undone").inc()

    def clean_inbox(self, now: float) -> int:
        """Remove the files that came ``inbox_days`` ago, if none is still to be imported.

        ``now`` is seconds since 1970. Returns how many were removed.
        """
        before = now - self.settings.inbox_days * 86_400
        old = {
            path.name: path
            for path in self.settings.inbox.glob("*")
            if path.is_file() and path.stat().st_mtime < before
        }
        if not old:
            return 0
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                for sha256 in connection.scalars(_AWAITED, {"chain": chain_id}):
                    old.pop(bytes(sha256 or b"").hex(), None)
        for path in old.values():
            path.unlink(missing_ok=True)
        return len(old)

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()

    def sweep(self, take_up: Callable[[int, int], None]) -> int:
        """Call ``take_up(chain_id, batch_id)`` for batches that stand still; return how many.

        Each is marked as seen, so that the next sweep leaves it time.
        """
        found = 0
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                stuck = connection.scalars(
                    _STUCK,
                    {"chain": chain_id, "stuck": STUCK_AFTER, "waiting": WAITING_AFTER},
                ).all()
            for batch_id in stuck:
                take_up(chain_id, batch_id)
            found += len(stuck)
        return found


_AWAITED = text(
    """
    select unnest(array[sha256, container_sha256]) from import_batch
    where chain_id = :chain and state in ('received', 'reading', 'merging')
    """
)
_STUCK = text(
    """
    update import_batch set updated_at = clock_timestamp()
    where chain_id = :chain
      and (state in ('reading', 'merging') and updated_at < clock_timestamp() - :stuck
           or state = 'received' and updated_at < clock_timestamp() - :waiting)
    returning batch_id
    """
)
