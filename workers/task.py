"""The one way to declare a job. Celery ignores an option it does not know, so all stand here."""

import random
import time
from collections.abc import Callable
from typing import Any, Final, ParamSpec

import structlog
from celery import Celery

from chain.errors import TransientError
from chain.jobs import QUEUE, REQUEST_ID
from warehouse.telemetry import JOB_SECONDS, JOBS_AT_WORK, bind

P = ParamSpec("P")
log = structlog.get_logger(__name__)

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 600.0
RETRIES = 30
GRACE: Final = 60
"""Seconds between asking a job to end and ending it."""


class Task:
    """A declared job: callable as the plain function it is, and startable by its name."""

    def __init__(self, name: str, celery_task: Any, call: Callable[..., None], queue: str) -> None:
        self.name = name
        self.call = call
        self.queue = queue
        self._celery_task = celery_task

    def start(self, **arguments: int) -> None:
        """Put the job into the queue."""
        self._celery_task.apply_async(kwargs=arguments, queue=self.queue)


def task(
    app: Celery, *, name: str, seconds: int, queue: str = QUEUE
) -> Callable[[Callable[P, None]], Task]:
    """Declare a function of whole numbers as the job ``name``, which waits in ``queue``.

    A job may be killed at any line and is then done again: its message is given back only once it
    has ended (acks_late), also where its process was lost. It is stopped after ``seconds``. A
    TransientError is tried again after a pause that doubles, with chance added so that jobs that
    failed together do not come back together; anything else ends the job and is logged.
    """

    def declare(function: Callable[P, None]) -> Task:
        def run(self: Any, **arguments: Any) -> None:
            _run(self, name, function, arguments)

        celery_task = app.task(
            run,
            bind=True,
            name=name,
            shared=False,
            acks_late=True,
            reject_on_worker_lost=True,
            acks_on_failure_or_timeout=True,
            soft_time_limit=seconds,
            time_limit=seconds + GRACE,
            max_retries=RETRIES,
            ignore_result=True,
            serializer="json",
        )
        return Task(name, celery_task, function, queue)

    return declare


def pause(retries: int, chance: float) -> float:
    """Return the seconds to wait before try ``retries + 1``; ``chance`` is from 0 to 1."""
    return float(min(FIRST_PAUSE * 2**retries, LONGEST_PAUSE) * (0.5 + chance / 2))


def _run(self: Any, name: str, function: Callable[..., None], arguments: dict[str, Any]) -> None:
    request_id = (self.request.headers or {}).get(REQUEST_ID) or self.request.id
    started, end = time.perf_counter(), "failed"
    at_work = JOBS_AT_WORK.labels(name)
    with bind(request_id=request_id, job=name, **arguments), at_work.track_inprogress():
        try:
            function(**arguments)
            end = "done"
        except TransientError as error:
            end = "retry"
            wait = pause(self.request.retries, random.random())  # noqa: S311 -- no secret
            log.warning("job_retry", reason=error.key, seconds=round(wait, 1))
            raise self.retry(exc=error, countdown=wait) from error
        finally:
            took = time.perf_counter() - started
            JOB_SECONDS.labels(name, end).observe(took)
            log.info("job_ended", end=end, seconds=round(took, 3))
