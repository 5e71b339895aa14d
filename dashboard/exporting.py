"""What a page shows, as a file: the same choice, the same reads, whoever asks sees only their own.

``GET /export/<what>.<kind>?`` with the query of ``dashboard.choice``. CSV is sent while it is
read; a workbook or a Parquet file is whole before its first byte goes, and a job makes a long one.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain as joined
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog
from flask import Flask, Response, request
from werkzeug.datastructures import MultiDict

from chain.errors import PermanentError, TransientError
from chain.settings import Settings
from dashboard.components.series import known_metric
from dashboard.frame import Here
from dashboard.guard import here
from reports import csv_file, parquet_file, xlsx_file
from reports.contents import TABLES, Asked
from reports.paper import Paper
from reports.store_report import StoreReports
from reports.table import Table

log = structlog.get_logger(__name__)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
CHUNK = 1 << 18
AT_ONCE = 200_000
"""Rows of a workbook or a Parquet file that a page may wait for: some ten seconds."""


@dataclass(frozen=True, slots=True)
class Exporting:
    """The route of tables. Files are made in ``settings.data`` and gone once they are sent."""

    settings: Settings
    later: Callable[[Here, str, Asked], Response]

    def install(self, server: Flask) -> None:
        """Add the route to ``server``."""
        server.add_url_rule("/export/<what>.<kind>", view_func=self.table, endpoint="export")
        server.add_url_rule("/export/report.pdf", view_func=report, endpoint="report")

    def table(self, what: str, kind: str) -> Response:
        """Answer with the table ``what`` as ``kind``; 400 with a sentence for what is neither."""
        current = here()
        allowed(current)
        if what not in TABLES or kind not in TYPES:
            raise PermanentError("reports.unknown")
        asked = asked_for(current, request.args, what)
        stack = ExitStack()
        try:
            table = stack.enter_context(opened(what, asked))
            if kind != "csv" and table.expected.rows > AT_ONCE:
                stack.close()
                return self.later(current, f"{what}.{kind}", asked)
            body = self._body(table, kind)
        except BaseException:
            stack.close()
            raise
        log.info("exported", what=what, kind=kind)
        answer = attachment(body, f"{table.name}.{kind}", TYPES[kind])
        # Also where nobody takes a single piece: the transaction must not stay open.
        answer.call_on_close(stack.close)
        return answer

    def _body(self, table: Table, kind: str) -> Iterator[bytes]:
        if kind == "csv":
            lines = csv_file.lines(table)
            # What fails at once is answered with a sentence: hence the first piece before the rest.
            first = [next(lines), *next_or_none(lines)]
            return (line.encode() for line in joined(first, lines))
        return sending(self._file(table, kind))

    def _file(self, table: Table, kind: str) -> IO[bytes]:
        folder = self.settings.exports
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as made:
                path = Path(made) / f"table.{kind}"
                (xlsx_file if kind == "xlsx" else parquet_file).write(table, path)
                # It has no name any more, and is gone with whoever reads it.
                return path.open("rb")
        except OSError as error:
            raise TransientError("reports.not_kept") from error


def report() -> Response:
    """Answer with the report of the one store that ``store`` names."""
    current = here()
    allowed(current)
    asked = asked_for(current, request.args, "days")
    reports = StoreReports.of(asked.reads, asked.filters, asked.lang, asked.now)
    store = next(iter(asked.filters.stores), 0)
    if store not in reports.stores:
        raise PermanentError("reports.no_such_store")
    made = Paper().pdf(reports.printed(store))
    log.info("exported", what="report", kind="pdf")
    return attachment(iter([made]), reports.file_name(store), "application/pdf")


def opened(what: str, asked: Asked) -> AbstractContextManager[Table]:
    """Return the table called ``what``, for a ``with`` block."""
    return TABLES[what](asked)


def allowed(current: Here) -> None:
    """Raise PermanentError ``reports.not_allowed`` for who may not take figures along."""
    if not current.may("export"):
        raise PermanentError("reports.not_allowed")


def asked_for(current: Here, query: "MultiDict[str, str]", what: str) -> Asked:
    """Return what an address asks for, as the page of the same address does."""
    choice = current.choice({name: query.getlist(name) for name in query})
    filters = choice.filters(current.reads.chain())
    # Nobody reads the rest of a file as if it were all that the link names.
    if set(filters.stores) - set(current.reads.stores()["store_id"]):
        raise PermanentError("reports.no_such_store")
    metric = known_metric(filters.metric, ranks=what == "ranking", series=what == "days")
    return Asked(
        current.reads, replace(filters, metric=metric.name), current.lang, datetime.now(UTC)
    )


def attachment(body: Iterator[bytes], name: str, kind: str) -> Response:
    """Return a download called ``name`` in whatever script it is written (RFC 6266)."""
    answer = Response(body, content_type=kind)
    plain = name.encode("ascii", "replace").decode().replace("?", "-").replace('"', "")
    answer.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def next_or_none(lines: Iterator[str]) -> list[str]:
    """Return the next line, in a list that is empty at the end."""
    return [line for line in [next(lines, None)] if line is not None]


def sending(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's bytes, and close it at the end or where the reader has gone."""
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
