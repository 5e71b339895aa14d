"""Refused rows as a CSV that opens right in Excel and cannot act there."""

import csv
import io
from collections.abc import Iterator

from flask import Flask, Response

from dashboard.frame import Here
from dashboard.guard import here
from dashboard.imports import changes, words
from reports.cells import harmless
from reports.csv_file import BOM

PAGE = 1000


def install(server: Flask) -> None:
    """Add ``GET /imports/<batch>/rejects.csv`` to ``server``."""
    server.add_url_rule(
        "/imports/<int:batch_id>/rejects.csv", view_func=_download, endpoint="rejects"
    )


def _download(batch_id: int) -> Response:
    current = here()
    changes.allow(current)
    current.reads.batch(batch_id)
    answer = Response(_lines(current, batch_id), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejects-{batch_id}.csv"'
    return answer


def _lines(current: Here, batch_id: int) -> Iterator[str]:
    heads = [current.say(f"dashboard.imports.csv.{name}") for name in ("line", "reason", "raw")]
    yield BOM + _line(heads)
    page = 0
    while True:
        found = current.reads.rejects(batch_id, page=page, size=PAGE)
        for row in found.rows.to_dict("records"):
            reason = words.reason(current.lang, str(row["reason"]), row["params"])
            yield _line([str(row["line"]), reason, str(row["raw"])])
        page += 1
        if page * PAGE >= found.total:
            return


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell) for cell in cells])
    return out.getvalue()
