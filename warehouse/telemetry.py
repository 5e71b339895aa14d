"""What the processes say of themselves: structured logs, and counters for Prometheus.

Every process calls ``configure_logs`` once. ``bind`` ties an id to all that follows in this
request or job, so that one id leads from an upload to its merge.

Counters of several processes are added up through files in ``PROMETHEUS_MULTIPROC_DIR``, which
must be in the environment before Python starts (prometheus_client reads it at import).
"""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import structlog
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector
from structlog.tracebacks import ExceptionDictTransformer

SECONDS_OF_JOBS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
SECONDS_OF_CALLBACKS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 10)

ROWS = Counter(
    "tillboard_rows_total",
    "Rows of imported files by what became of them: accepted, skipped or rejected.",
    ["source", "fate"],
)
BATCHES = Counter(
    "tillboard_batches_total", "Imports that came to an end, by how they ended.", ["state"]
)
JOB_SECONDS = Histogram(
    "tillboard_job_seconds",
    "How long jobs took, by how they ended: done, retry or failed.",
    ["job", "end"],
    buckets=SECONDS_OF_JOBS,
)
JOBS_AT_WORK = Gauge(
    "tillboard_jobs_at_work", "Jobs being done now.", ["job"], multiprocess_mode="livesum"
)
CALLBACK_SECONDS = Histogram(
    "tillboard_callback_seconds",
    "How long the board took to answer a callback.",
    ["callback"],
    buckets=SECONDS_OF_CALLBACKS,
)

Format = Literal["auto", "json", "console"]


def configure_logs(form: Format = "auto", level: str = "INFO") -> None:
    """Send everything that is logged, by us or by libraries, to standard error in one form.

    ``auto`` is readable where a person watches a terminal and JSON everywhere else.
    """
    readable = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[structlog.typing.Processor] = (
        [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
        if readable
        else [
            # Without the values of local variables: passwords and payers would be among them.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.PositionalArgumentsFormatter()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # What servers say of their own comings and goings is for a log, not for a person who watches.
    for name in ("gunicorn.error", "celery", "kombu") if readable else ():
        logging.getLogger(name).setLevel("WARNING")
    logging.getLogger("alembic.runtime.plugins").setLevel("WARNING")


@contextlib.contextmanager
def bind(**values: object) -> Iterator[None]:
    """Add ``values`` (``request_id``, ``batch_id``…) to every line that is logged inside."""
    with structlog.contextvars.bound_contextvars(**values):
        yield


def request_id() -> str:
    """Return the id that is bound now, '' where there is none."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def count_batch(batch: Mapping[str, Any]) -> None:
    """Count an import that has just come to its end, and its rows."""
    BATCHES.labels(batch["state"]).inc()
    for fate in ("accepted", "skipped", "rejected"):
        ROWS.labels(batch["source"], fate).inc(batch[f"rows_{fate}"])


def metrics_text(waiting: Callable[[], Mapping[str, int]] | None = None) -> bytes:
    """Return the counters of all processes of this machine in Prometheus' text format.

    ``waiting`` gives the number of jobs in each queue, asked for at this moment.
    """
    shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    registry = CollectorRegistry() if shared or waiting else REGISTRY
    if shared:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    elif waiting:
        registry.register(_Others())
    if waiting:
        registry.register(_Queues(waiting))
    return generate_latest(registry)


def serve_metrics(port: int) -> None:
    """Serve ``metrics_text`` at ``port`` from a thread, for a process that has no web server."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(port, registry=registry)


def forget_process(pid: int) -> None:
    """Take a process that ended out of the gauges; its counters stay."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def clear_metrics(directory: Path) -> None:
    """Start counting anew: the files of the processes of an earlier start are removed."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in directory.glob("*.db"):
        file.unlink()


class _Others(Collector):
    """The counters of this process, where it is the only one."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from REGISTRY.collect()  # type: ignore[misc]


class _Queues(Collector):
    def __init__(self, waiting: Callable[[], Mapping[str, int]]) -> None:
        self._waiting = waiting

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(
            "tillboard_queue_length", "Jobs that wait to be taken up.", labels=["queue"]
        )
        for queue, length in self._waiting().items():
            family.add_metric([queue], length)
        yield family
