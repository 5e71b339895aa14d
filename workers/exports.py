"""What the export jobs do: cut an export into chunks, make them, zip, and clear away."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from time import monotonic

import structlog
from sqlalchemy import Connection, text

from chain.errors import PermanentError, TillboardError, TransientError
from chain.settings import Settings
from reports import contents, csv_file, parquet_file, xlsx_file
from reports.bundle import Bundle, whole
from reports.contents import Asked, file_of, filters_of
from reports.paper import Paper
from reports.table import Table
from warehouse import exports
from warehouse.exports import CHAIN, ExportJob
from warehouse.locks import Lock, free
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from warehouse.wholechain import archive

log = structlog.get_logger(__name__)
CHUNK_STORES = 20
STUCK_AFTER = timedelta(minutes=5)
"""A chunk says after each store how far it is; an export silent for so long is nobody's."""
EVERY_SECONDS = 20.0
"""How often an archive says that it is being made."""
EVERY = 5
"""Stores after which a chunk says how far the export is."""


def _csv(table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_file.lines(table))


WRITERS: Mapping[str, Callable[[Table, Path], object]] = {
    "xlsx": xlsx_file.write,
    "parquet": parquet_file.write,
    "csv": _csv,
}
"""How a table is written, by kind."""


@cache
def paper() -> Paper:
    """Return this process's paper: its fonts are read once."""
    return Paper()


def sparing(call: Callable[[], None], seconds: float) -> Callable[[], None]:
    """Return what calls ``call`` when it was not called for so long."""
    last = monotonic()

    def perhaps() -> None:
        nonlocal last
        if monotonic() - last >= seconds:
            last = monotonic()
            call()

    return perhaps


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports of all chains; their files are in ``settings.exports``, shared by all hosts."""

    warehouse: Warehouse
    settings: Settings

    def start(self, chain_id: int, export_id: int) -> Sequence[int]:
        """Begin an export, or take it up again; return the chunks that are to be made."""
        parts: Sequence[int] = ()
        with self._telling(chain_id, export_id) as job:
            stores = self._bundle(job).stores() if job.what == "reports" else [0]
            if not stores:
                raise PermanentError("reports.no_store")
            with self.warehouse.begin(Scope(chain_id)) as connection:
                parts = exports.begin(connection, chain_id, export_id, stores)
        return range(-(-len(parts) // CHUNK_STORES))

    def make(self, chain_id: int, export_id: int, chunk: int) -> None:
        """Make a chunk; whoever makes the last part makes the file of all.

        May be killed at any line and done again. Raises TransientError where to try again.
        """
        with self._telling(chain_id, export_id) as job:
            if job.state != "running":
                return
            if job.what == CHAIN:
                self._archive(job)
                return
            if job.what != "reports":
                self._table(job)
                return
            bundle = self._bundle(job)
            stores = job.parts[chunk * CHUNK_STORES : (chunk + 1) * CHUNK_STORES]
            for at, done in enumerate(bundle.make(stores, paper()), start=1):
                if at % EVERY and at < len(stores):
                    continue
                with self.warehouse.begin(Scope(chain_id)) as connection:
                    if not exports.step(connection, chain_id, export_id, done):
                        return
            if bundle.done() == len(job.parts):
                self._zip(job, bundle)

    def sweep(self, take_up: Callable[[int, int], None]) -> None:
        """Call ``take_up(chain_id, export_id)`` for exports that stand still; clear old files."""
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                still = exports.stuck(connection, chain_id, STUCK_AFTER)
                gone = exports.expire(connection, chain_id)
            for export_id in still:
                take_up(chain_id, export_id)
            for export_id in gone:
                self._clear(chain_id, export_id)

    def _zip(self, job: ExportJob, bundle: Bundle) -> None:
        chain_id = job.scope.chain_id
        path = self.settings.exports / file_of(chain_id, job.export_id)
        with self.warehouse.begin(Scope(chain_id)) as connection:
            # The last two chunks may end at once; one of them makes the file.
            if not free(connection, Lock.EXPORT, job.export_id):
                return
            size = bundle.zip(job.parts, path)
            self._done(connection, job, bundle.asked, "zip", size)
        shutil.rmtree(bundle.folder, ignore_errors=True)

    def _table(self, job: ExportJob) -> None:
        """Make a table; the export's ``what`` names it and its kind: payments.xlsx."""
        asked, kind = self._asked(job), job.what.rpartition(".")[2]
        path = self.settings.exports / file_of(job.scope.chain_id, job.export_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contents.TABLES[job.what.partition(".")[0]](asked) as table, whole(path) as made:
            WRITERS[kind](table, made)
        with self.warehouse.begin(Scope(job.scope.chain_id)) as connection:
            self._done(connection, job, asked, kind, path.stat().st_size)

    def _archive(self, job: ExportJob) -> None:
        """Make the archive of the whole chain."""
        chain_id = job.scope.chain_id
        path = self.settings.exports / file_of(chain_id, job.export_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

        def alive() -> None:
            with self.warehouse.begin(Scope(chain_id)) as connection:
                exports.step(connection, chain_id, job.export_id, 0)

        with whole(path) as made:
            size = archive.write(
                self.warehouse, Scope(chain_id), made, sparing(alive, EVERY_SECONDS)
            )
        with self.warehouse.begin(Scope(chain_id)) as connection:
            exports.finish(
                connection,
                chain_id,
                job.export_id,
                file_name=f"tillboard-chain-{chain_id}-{job.made_at:%Y%m%d}.zip",
                size_bytes=size,
                keep=timedelta(hours=self.settings.export_hours),
            )

    def _done(
        self, connection: Connection, job: ExportJob, asked: Asked, kind: str, size: int
    ) -> None:
        what = "reports" if job.what == "reports" else job.what.partition(".")[0]
        exports.finish(
            connection,
            job.scope.chain_id,
            job.export_id,
            file_name=f"{contents.file_stem(asked, what)}.{kind}",
            size_bytes=size,
            keep=timedelta(hours=self.settings.export_hours),
        )

    def _asked(self, job: ExportJob) -> Asked:
        reads = Reads(self.warehouse, job.scope)
        return Asked(reads, filters_of(job.query), "zh" if job.lang == "zh" else "en", job.made_at)

    def _bundle(self, job: ExportJob) -> Bundle:
        folder = self.settings.exports / f"{job.scope.chain_id}-{job.export_id}.parts"
        return Bundle(self._asked(job), folder)

    def _clear(self, chain_id: int, export_id: int) -> None:
        (self.settings.exports / file_of(chain_id, export_id)).unlink(missing_ok=True)
        parts = self.settings.exports / f"{chain_id}-{export_id}.parts"
        shutil.rmtree(parts, ignore_errors=True)

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()

    @contextmanager
    def _telling(self, chain_id: int, export_id: int) -> Iterator[ExportJob]:
        """Give the export; a failure for good is told to its owner, in the export's row."""
        scope = Scope(chain_id)
        with self.warehouse.begin(scope) as connection:
            job = exports.get(connection, chain_id, export_id)
        try:
            yield job
        except TransientError:
            raise
        except Exception as error:
            known = error if isinstance(error, TillboardError) else None
            with self.warehouse.begin(scope) as connection:
                told = known or PermanentError("reports.broken")
                exports.fail(connection, chain_id, export_id, told)
            if known is None:
                raise
            log.warning("export_failed", reason=known.key)
