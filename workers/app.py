"""The wiring of the workers: settings, warehouse, queue, jobs and the times they are due.

Started by ``tillboard worker`` and ``tillboard beat``, or by ``celery -A workers.app:app``.
"""

import os
import time
import warnings
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from celery import Celery, signals
from celery.platforms import SecurityWarning
from celery.schedules import crontab
from kombu.entity import Queue
from sqlalchemy import text

from chain.errors import PermanentError
from chain.jobs import (
    ADVISE_MARKETING,
    DIGESTS,
    EXPORT,
    FORECAST,
    FORECASTS,
    IMPORT_BATCH,
    MAIL_INVITATION,
    MAIL_RESET,
    QUEUE,
    SITES,
    UNDO_BATCH,
)
from chain.settings import get_settings
from warehouse.cache import FigureCache
from warehouse.session import Warehouse
from warehouse.telemetry import configure_logs, forget_process, serve_metrics
from workers.alert_sending import Sending
from workers.alerts import Alerts
from workers.imports import Imports
from workers.mails import Mails
from workers.removals import Removals
from workers.retention import Keeping
from workers.scheduled_exports import ScheduledExports
from workers.task import GRACE, task
from workers.waiting import forget

if TYPE_CHECKING:
    from workers.digests import Digests
    from workers.exports import Exports
    from workers.forecasts import Forecasts
    from workers.marketing import Marketing
    from workers.sites import Sites

PARTITION_MONTHS = 6

# Celery warns whoever works as root; that is supported here, and messages are JSON, never code.
warnings.filterwarnings("ignore", category=SecurityWarning)

settings = get_settings()
app = Celery("tillboard", broker=settings.broker_url)
app.conf.update(
    task_default_queue=QUEUE,
    task_queues=[Queue(name, routing_key=name) for name in (QUEUE, FORECASTS)],  # type: ignore[no-untyped-call]
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    worker_concurrency=settings.worker_concurrency,
    worker_prefetch_multiplier=1,  # a long import must not hold back jobs behind it
    worker_max_memory_per_child=1_500_000,  # KiB; frames of large files come and go
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_soft_shutdown_timeout=10.0,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_connection_retry_on_startup=True,
    # Redis gives a message to another worker after this time: longer than any job may take.
    broker_transport_options={
        "visibility_timeout": settings.job_seconds + 2 * GRACE,
        "queue_order_strategy": "priority",  # the first queue goes before the second
    },
    beat_schedule={
        "ensure-partitions": {
            "task": "workers.ensure_partitions",
            "schedule": crontab(minute="17", hour="3"),
        },
        "clean-inbox": {
            "task": "workers.clean_inbox",
            "schedule": crontab(minute="41", hour="3"),
        },
        "watch-alerts": {"task": "workers.watch_alerts", "schedule": 60.0},
        "tell-alerts": {"task": "workers.tell_alerts", "schedule": 60.0},
        "apply-retention": {
            "task": "workers.apply_retention",
            "schedule": crontab(minute="53", hour="3"),
            "options": {"queue": FORECASTS},
        },
        "remove-chains": {"task": "workers.remove_chains", "schedule": 600.0},
        "plan-digests": {"task": DIGESTS, "schedule": 60.0},
        "plan-exports": {"task": "workers.plan_exports", "schedule": 60.0},
        "sweep-exports": {"task": "workers.sweep_exports", "schedule": 60.0},
        "sweep-marketing": {"task": "workers.sweep_marketing", "schedule": 300.0},
        "plan-forecasts": {"task": "workers.plan_forecasts", "schedule": 60.0},
        "score-forecasts": {
            "task": "workers.score_forecasts",
            "schedule": crontab(minute="29"),
            "options": {"queue": FORECASTS},
        },
        "sweep-sites": {"task": "workers.sweep_sites", "schedule": 300.0},
        "sweep-stuck-batches": {"task": "workers.sweep_stuck_batches", "schedule": 60.0},
    },
)


@cache
def warehouse() -> Warehouse:
    """Return this process's door to the warehouse; opened in the child that does the work."""
    if settings.database_url is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_DATABASE_URL")
    opened = Warehouse(settings.database_url, pool_size=settings.database_pool_size)
    opened.check()
    return opened


def imports() -> Imports:
    """Return the imports over this process's warehouse."""
    if settings.payer_key is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_PAYER_KEY")
    return Imports(warehouse(), settings, settings.payer_key)


def exports() -> "Exports":
    """Return the exports over this process's warehouse."""
    from workers.exports import Exports  # what draws pages is loaded by who makes them

    return Exports(warehouse(), settings)


def removals() -> Removals:
    """Return the removals over this process's warehouse."""
    url = str(settings.cache_url or settings.broker_url)
    # Nothing is read with it, so the key that signs figures is not needed.
    cache = FigureCache(url, b"")
    return Removals(warehouse(), settings, partial(forget, app), cache.clear)


def digests() -> "Digests":
    """Return the digests over this process's warehouse."""
    from workers.digests import Digests  # what draws pictures is loaded by who sends them

    return Digests(warehouse(), settings)


def sites() -> "Sites":
    """Return the advice on sites over this process's warehouse."""
    from workers.sites import Sites  # what models need is loaded by who runs them

    return Sites(warehouse())


def forecasts() -> "Forecasts":
    """Return the forecasts over this process's warehouse."""
    from workers.forecasts import Forecasts  # what models need is loaded by who runs them

    return Forecasts(warehouse(), settings)


def marketing() -> "Marketing":
    """Return the advice on marketing over this process's warehouse."""
    from workers.marketing import Marketing  # what fits needs is loaded by who runs it

    return Marketing(warehouse())


@task(app, name=IMPORT_BATCH, seconds=settings.job_seconds)
def import_batch(chain_id: int, batch_id: int) -> None:
    """Import a received batch."""
    imports().run(chain_id, batch_id)


@task(app, name=UNDO_BATCH, seconds=settings.job_seconds)
def undo_batch(chain_id: int, batch_id: int) -> None:
    """Take back everything that a batch brought."""
    imports().undo(chain_id, batch_id)


@task(app, name="workers.ensure_partitions", seconds=300)
def ensure_partitions() -> None:
    """Make the monthly partitions of the next months."""
    with warehouse().directory() as connection:
        connection.execute(
            text("select ensure_month_partitions(current_date, :months)"),
            {"months": PARTITION_MONTHS},
        )


@task(app, name="workers.clean_inbox", seconds=300)
def clean_inbox() -> None:
    """Remove uploaded files that have been kept long enough."""
    imports().clean_inbox(time.time())


@task(app, name="workers.sweep_stuck_batches", seconds=300)
def sweep_stuck_batches() -> None:
    """Take up the batches that a worker left, or whose message was lost."""
    imports().sweep(
        lambda chain_id, batch_id: import_batch.start(chain_id=chain_id, batch_id=batch_id)
    )


@task(app, name=MAIL_INVITATION, seconds=300)
def mail_invitation(invitation_id: int) -> None:
    """Send an invitation."""
    Mails(warehouse(), settings).invitation(invitation_id)


@task(app, name=MAIL_RESET, seconds=300)
def mail_reset(user_id: int) -> None:
    """Send the link to a new password."""
    Mails(warehouse(), settings).reset(user_id)


@task(app, name=EXPORT, seconds=300)
def export(chain_id: int, export_id: int) -> None:
    """Begin an export and have its chunks made."""
    for chunk in exports().start(chain_id, export_id):
        export_chunk.start(chain_id=chain_id, export_id=export_id, chunk=chunk)


@task(app, name="workers.export_chunk", seconds=settings.job_seconds)
def export_chunk(chain_id: int, export_id: int, chunk: int) -> None:
    """Make some of an export; the last one makes its file."""
    exports().make(chain_id, export_id, chunk)


@task(app, name="workers.plan_exports", seconds=600)
def plan_exports() -> None:
    """Ask for the exports that are due, and mail the links of those that are done."""
    now = datetime.now(UTC)
    scheduled = ScheduledExports(warehouse(), settings)
    scheduled.plan(
        now, lambda chain_id, export_id: export.start(chain_id=chain_id, export_id=export_id)
    )
    scheduled.tell(now)


@task(app, name="workers.sweep_exports", seconds=300)
def sweep_exports() -> None:
    """Take up exports that nobody is at work on, and remove files whose time is up."""
    exports().sweep(
        lambda chain_id, export_id: export.start(chain_id=chain_id, export_id=export_id)
    )


@task(app, name="workers.watch_alerts", seconds=600)
def watch_alerts() -> None:
    """Evaluate the alert rules where something changed."""
    Alerts(warehouse(), settings).watch(datetime.now(UTC))


@task(app, name="workers.tell_alerts", seconds=600)
def tell_alerts() -> None:
    """Tell people of the alerts that are due."""
    Sending(warehouse(), settings).tell(datetime.now(UTC))


@task(app, name="workers.apply_retention", seconds=settings.job_seconds, queue=FORECASTS)
def apply_retention() -> None:
    """Take away personal data whose time is up."""
    Keeping(warehouse()).apply()


@task(app, name="workers.remove_chains", seconds=settings.job_seconds)
def remove_chains() -> None:
    """Remove the chains whose owners asked for it and whose time is up."""
    removals().run()


@task(app, name=DIGESTS, seconds=300)
def plan_digests() -> None:
    """Plan the digests that are due, and have what waits sent."""
    digests().plan(lambda chain_id, lane: send_digests.start(chain_id=chain_id, lane=lane))


@task(app, name="workers.send_digests", seconds=settings.job_seconds)
def send_digests(chain_id: int, lane: int) -> None:
    """Send the digests that wait in a lane of a chain."""
    digests().send(chain_id, lane)


@task(app, name=FORECAST, seconds=300)
def forecast(chain_id: int) -> None:
    """Begin a forecast of the whole chain, or go on with the one at work."""
    forecast_run.start(chain_id=chain_id, run_id=forecasts().start(chain_id))


@task(app, name="workers.forecast_run", seconds=settings.job_seconds, queue=FORECASTS)
def forecast_run(chain_id: int, run_id: int) -> None:
    """Do the next step of a run, and have its chunks played."""
    for chunk in forecasts().advance(chain_id, run_id):
        forecast_chunk.start(chain_id=chain_id, run_id=run_id, chunk=chunk)


@task(app, name="workers.forecast_chunk", seconds=settings.job_seconds, queue=FORECASTS)
def forecast_chunk(chain_id: int, run_id: int, chunk: int) -> None:
    """Play a chunk; the last one has its run closed."""
    if forecasts().play(chain_id, run_id, chunk):
        forecast_run.start(chain_id=chain_id, run_id=run_id)


@task(app, name="workers.plan_forecasts", seconds=300)
def plan_forecasts() -> None:
    """Begin the forecasts that are due and take up those that stand still."""
    forecasts().plan(
        datetime.now(UTC),
        lambda chain_id, run_id: forecast_run.start(chain_id=chain_id, run_id=run_id),
    )


@task(app, name=ADVISE_MARKETING, seconds=settings.job_seconds, queue=FORECASTS)
def advise_marketing(chain_id: int, plan_id: int) -> None:
    """Find what marketing brought back."""
    marketing().advise(chain_id, plan_id)


@task(app, name="workers.sweep_marketing", seconds=300)
def sweep_marketing() -> None:
    """Take up advice on marketing that nobody is at work on."""
    marketing().sweep(
        lambda chain_id, plan_id: advise_marketing.start(chain_id=chain_id, plan_id=plan_id)
    )


@task(app, name="workers.score_forecasts", seconds=settings.job_seconds, queue=FORECASTS)
def score_forecasts() -> None:
    """Hold past forecasts and overrides against what came."""
    forecasts().score(datetime.now(UTC))


@task(app, name=SITES, seconds=settings.job_seconds, queue=FORECASTS)
def suggest_sites(chain_id: int) -> None:
    """Work out where a chain could open next."""
    sites().run(chain_id)


@task(app, name="workers.sweep_sites", seconds=300)
def sweep_sites() -> None:
    """Take up the advice on sites that a worker left, or whose message was lost."""
    sites().sweep(datetime.now(UTC), lambda chain_id: suggest_sites.start(chain_id=chain_id))


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _logging(**_: object) -> None:
    configure_logs(settings.log_format, settings.log_level)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _serve_counters(**_: object) -> None:
    if settings.metrics_port is not None:
        serve_metrics(settings.metrics_port)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _fresh(**_: object) -> None:
    warehouse.cache_clear()  # connections do not survive a fork


@signals.worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _gone(**_: object) -> None:
    forget_process(os.getpid())
