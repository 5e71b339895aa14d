"""Exports that are due by a schedule: asked for once a date, and their owners told once by mail.

The file is made as any other export is. A mail holds a link for who logs in, never the file: a
mailbox keeps for ever and forwards to anybody, where a link ends and asks who is there (ADR 24).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError, TransientError
from chain.roles import may
from chain.schedule import last_due
from chain.settings import Settings
from chain.words import say
from reports import export_mail, mail
from reports.contents import filters_of, fitting, query_of
from reports.export_links import path
from reports.mail import Mail
from warehouse import export_schedules, exports
from warehouse.directory.told import Member, member
from warehouse.export_schedules import Saved, Told
from warehouse.exports import ExportJob
from warehouse.reads import Reads
from warehouse.reads.protocol import Filters
from warehouse.session import Scope, Warehouse
from workers.addresses import allow

log = structlog.get_logger(__name__)
TOO_LATE = timedelta(days=2)
"""What nobody made for so long is no news; the next one is made in time."""


@dataclass(frozen=True, slots=True)
class ScheduledExports:
    """The schedules of all chains."""

    warehouse: Warehouse
    settings: Settings

    def plan(self, now: datetime, take_up: Callable[[int, int], None]) -> None:
        """Ask for what is due; ``take_up(chain_id, export_id)`` starts its job.

        Done twice, or by two at once, each is asked for once. One whose job is lost is found by
        the sweep of exports.
        """
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                saved = export_schedules.of_chain(connection, chain_id)
            for each in saved:
                if not each.paused and (made := self._make(chain_id, each, now)) is not None:
                    take_up(chain_id, made)

    def tell(self, now: datetime) -> None:
        """Mail the links of what is done; one receiver who cannot be told keeps no other."""
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                claimed = export_schedules.claim_mails(connection, chain_id, now)
            for each in claimed:
                state = self._tell(chain_id, each)
                with self.warehouse.begin(Scope(chain_id)) as connection:
                    export_schedules.told(connection, chain_id, each.export_id, state)

    def _make(self, chain_id: int, saved: Saved, now: datetime) -> int | None:
        owner = member(self.warehouse, chain_id, saved.user_id)
        if owner is None or not may(owner.scope.role, "export"):
            return None
        chain = Reads(self.warehouse, owner.scope).chain()
        due = last_due(saved.schedule(chain.time_zone), now)
        if due is None or now - due.at > TOO_LATE:
            return None
        if saved.since is not None and due.at < saved.since:
            return None
        due_on = due.at.astimezone(ZoneInfo(chain.time_zone)).date()
        query = query_of(filters(saved, saved.period(due_on)))
        with self.warehouse.begin(Scope(chain_id)) as connection:
            return export_schedules.make(connection, owner.scope, saved, due_on, query)

    def _tell(self, chain_id: int, told: Told) -> str:
        """Return what became of a mail; see ``export_schedules.told``."""
        owner = member(self.warehouse, chain_id, told.user_id)
        server = mail.mail_server(self.settings)
        if owner is None or server is None:
            return "failed"
        with self.warehouse.begin(Scope(chain_id)) as connection:
            job = exports.get(connection, chain_id, told.export_id)
        number = f"<export-{chain_id}-{job.export_id}@{server.sender.rpartition('@')[2]}>"
        try:
            allow(self.warehouse, self.settings, chain_id, owner.email)
            mail.send(server, self._mail(owner, job, number))
        except TransientError as error:
            log.warning("export_mail_later", reason=error.key)
            # Handed over without an answer: the claim stands; once old, the same mail goes again.
            return "sending" if error.key == "mail.unsure" else "waiting"
        except PermanentError as error:
            log.warning("export_mail_refused", reason=error.key)
            return "failed"
        return "sent"

    def _mail(self, owner: Member, job: ExportJob, message_id: str) -> Mail:
        chain = Reads(self.warehouse, owner.scope).chain()
        if job.state != "done" or job.expires_at is None:
            why = say(job.lang, job.error_key or "reports.broken", **job.error_params)
            return export_mail.failed(
                owner.email, job.lang, chain=chain.name, name=name_of(job.lang, job.what), why=why,
                link=f"{self.settings.board_url}/exports", message_id=message_id,
            )  # fmt: skip
        return export_mail.done(
            owner.email, job.lang, chain=chain.name, file=job.file_name,
            period=filters_of(job.query).period, known_until=chain.yesterday, link=self._link(job),
            until=job.expires_at, zone=chain.time_zone, message_id=message_id,
        )  # fmt: skip

    def _link(self, job: ExportJob) -> str:
        """Return the link to the file; to the page of exports where this host has no key."""
        board, key = self.settings.board_url, self.settings.secret_key
        if not key or job.scope.user_id is None:
            return f"{board}/exports"
        return f"{board}{path(key, job.scope.chain_id, job.scope.user_id, job.export_id)}"

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()


def filters(saved: Saved, period: Period) -> Filters:
    """Return what an export of a schedule shows in ``period``."""
    start, end = period.start.isoformat(), period.end.isoformat()
    asked = filters_of({"metric": "net_sales", **saved.choice, "period": [start, end]})
    what = "ranking" if saved.what == "reports" else saved.what.partition(".")[0]
    return replace(asked, metric=fitting(asked.metric, what))


def name_of(lang: str, what: str) -> str:
    """Return what an export is called: "ranking (Excel)"."""
    table, _, kind = what.partition(".")
    kinds = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet"}
    name = say(lang, f"reports.button.{table}")
    return f"{name} ({kinds[kind]})" if kind else name
