"""Exports that take longer than a page may wait: asked for, watched, fetched by a signed link.

``POST /export/start`` (``what`` and the choice as form fields) asks; ``GET /export/file/<token>``
gives the file to whoever asked, while it is kept and while they may still see what is in it.
"""

from dataclasses import dataclass

import structlog
from flask import Flask, Response, redirect, request
from itsdangerous import BadSignature

from chain.errors import PermanentError
from chain.settings import Settings
from dashboard.exporting import allowed, asked_for, attachment, sending
from dashboard.frame import Here
from dashboard.guard import here
from dashboard.jobs import Jobs
from reports.contents import Asked, file_of, query_of
from reports.export_links import path, signer
from warehouse import exports
from warehouse.exports import ExportJob
from warehouse.session import Warehouse

log = structlog.get_logger(__name__)
PAGE = "/exports"
WHATS = frozenset({"reports", "payments.xlsx", "payments.parquet"})
TYPES = {
    "zip": "application/zip",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class ExportJobs:
    """The routes. ``secret_key`` signs links; a link is of one person and one export."""

    settings: Settings
    warehouse: Warehouse
    jobs: Jobs
    secret_key: str

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule(
            "/export/start", view_func=self.start, methods=["POST"], endpoint="export_start"
        )
        server.add_url_rule("/export/file/<token>", view_func=self.file, endpoint="export_file")

    def start(self) -> Response:
        """Keep what is asked for, start its job, and lead to where it is watched."""
        current = here()
        allowed(current)
        what = request.form.get("what", "")
        if what not in WHATS:
            raise PermanentError("reports.unknown")
        asked = asked_for(current, request.form, "ranking" if what == "reports" else "payments")
        return self.ask(current, what, asked)

    def ask(self, current: Here, what: str, asked: Asked) -> Response:
        """Keep what is asked for and start its job; answer with the way to where it is seen."""
        with self.warehouse.begin(current.scope) as connection:
            export_id = exports.add(
                connection,
                current.scope,
                current.person.user_id,
                what=what,
                query=query_of(asked.filters),
                lang=current.lang,
                request_id=current.request_id,
            )
        self.jobs.export(current.scope.chain_id, export_id)
        log.info("export_asked", what=what, export_id=export_id)
        return redirect(PAGE, 303)  # type: ignore[return-value]

    def file(self, token: str) -> Response:
        """Answer with the file; 400 with a sentence for a link that is not (or no more) good."""
        current = here()
        allowed(current)
        job = self._job(current, token)
        file = self.settings.exports / file_of(current.scope.chain_id, job.export_id)
        if job.state != "done" or not file.is_file():
            raise PermanentError("reports.expired", hours=self.settings.export_hours)
        kind = job.file_name.rpartition(".")[2]
        answer = attachment(sending(file.open("rb")), job.file_name, TYPES[kind])
        answer.content_length = file.stat().st_size
        return answer

    def _job(self, current: Here, token: str) -> ExportJob:
        try:
            chain_id, user_id, export_id = map(int, signer(self.secret_key).loads(token))
        except (BadSignature, TypeError, ValueError) as error:
            raise PermanentError("reports.missing") from error
        if (chain_id, user_id) != (current.scope.chain_id, current.person.user_id):
            raise PermanentError("reports.gone")
        with self.warehouse.begin(current.scope) as connection:
            job = exports.get(connection, chain_id, export_id)
        if not within(job, current):
            raise PermanentError("reports.gone")
        return job


def within(job: ExportJob, current: Here) -> bool:
    """Return whether a person may still see all that was seen when the export was asked for."""
    if job.what == exports.CHAIN and not current.may("people"):
        return False
    if current.scope.store_ids is None:
        return True
    return job.scope.store_ids is not None and set(job.scope.store_ids) <= set(
        current.scope.store_ids
    )


def link(secret_key: str, current: Here, export_id: int) -> str:
    """Return the address of an export's file, for this person alone."""
    return path(secret_key, current.scope.chain_id, current.person.user_id, export_id)
