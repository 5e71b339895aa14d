"""The removal job: a chain whose time is up goes, with rows, files, kept figures and jobs."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import text

from chain.errors import TransientError
from chain.settings import Settings
from warehouse.locks import Lock, hold
from warehouse.session import Scope, Warehouse
from warehouse.wholechain import removal

log = structlog.get_logger(__name__)
CHUNK = 20_000
"""Rows of one transaction: some hundred milliseconds, and no more to do again after a kill."""


@dataclass(frozen=True, slots=True)
class Removals:
    """Removes the chains that are due.

    ``forget_jobs(chain_id)`` takes a chain's jobs out of the queue, ``forget_figures()`` all kept
    figures. Whatever was done stays done when it is killed; run again it goes on.
    """

    warehouse: Warehouse
    settings: Settings
    forget_jobs: Callable[[int], int]
    forget_figures: Callable[[], None]

    def run(self) -> int:
        """Remove every chain that is due; return how many. Raises TransientError to go on later."""
        chains = removal.due(self.warehouse)
        for chain_id in chains:
            self.remove(chain_id)
        return len(chains)

    def remove(self, chain_id: int) -> None:
        """Remove a chain that is due; nothing where it is not, or was called off.

        Raises TransientError where another worker is at it, or where a job that was running still
        wrote something: the next run takes that too.
        """
        with self.warehouse.hold(Scope(chain_id)) as held:
            with held.begin():
                hold(held, Lock.REMOVAL, chain_id)
            with self.warehouse.directory() as connection:
                if not removal.begin(connection, chain_id):
                    return
                rows = removal.remove_people(connection, chain_id)
                removal.count(connection, chain_id, rows=rows)
            self.forget_jobs(chain_id)
            self._files(chain_id)
            self._rows(chain_id)
            # A job that ran meanwhile may have left something behind a table that was empty.
            if self._rows(chain_id):
                raise TransientError("warehouse.busy")
            self._exports(chain_id)
            self.forget_figures()
            with self.warehouse.directory() as connection:
                removal.finish(connection, chain_id)
        log.info("chain_removed", chain_id=chain_id)

    def _rows(self, chain_id: int) -> int:
        """Empty every table of the chain; return how many rows went."""
        total = 0
        with self.warehouse.begin(Scope(chain_id)) as connection:
            order = removal.removal_order(connection)
        for table in order:
            while True:
                with self.warehouse.begin(Scope(chain_id)) as connection:
                    gone = removal.remove_some(connection, table, chain_id, CHUNK)
                with self.warehouse.directory() as connection:
                    removal.count(connection, chain_id, rows=gone)
                total += gone
                if gone < CHUNK:
                    break
        return total

    def _files(self, chain_id: int) -> None:
        """Remove its uploads, but for those that another chain has uploaded too."""
        with self.warehouse.begin(Scope(chain_id)) as connection:
            mine = removal.shas(connection, chain_id)
        for other in self._chains():
            if not mine:
                break
            with self.warehouse.begin(Scope(other)) as connection:
                mine -= removal.shas(connection, other)
        self._unlink(chain_id, [self.settings.inbox / name for name in sorted(mine)])

    def _exports(self, chain_id: int) -> None:
        """Remove what exports made; their names begin with the chain's number."""
        self._unlink(chain_id, sorted(self.settings.exports.glob(f"{chain_id}-*")))
        self._unlink(chain_id, sorted(self.settings.exports.glob(f".{chain_id}-*")))

    def _unlink(self, chain_id: int, paths: Sequence[Path]) -> None:
        there = [path for path in paths if path.exists()]
        for path in there:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        with self.warehouse.directory() as connection:
            removal.count(connection, chain_id, files=len(there))

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()
