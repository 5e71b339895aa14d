"""The one way to declare a job: its options, its retries, and the id it carries."""

from typing import Any

import pytest
import structlog
from celery import Celery
from celery.exceptions import Retry
from prometheus_client import REGISTRY

from chain import jobs
from chain.errors import PermanentError, TransientError
from warehouse.telemetry import request_id
from workers.task import GRACE, LONGEST_PAUSE, pause, task

SECONDS = 120


@pytest.fixture
def app() -> Celery:
    return Celery("test", broker="memory://")


def test_every_option_arrives_at_celery(app: Celery) -> None:
    @task(app, name="workers.one", seconds=SECONDS)
    def one(number: int) -> None:
        del number

    found = app.tasks[one.name]
    assert (found.acks_late, found.reject_on_worker_lost, found.ignore_result) == (True,) * 3
    assert (found.soft_time_limit, found.time_limit) == (SECONDS, SECONDS + GRACE)


def test_a_job_stays_a_plain_function(app: Celery) -> None:
    seen = []

    @task(app, name="workers.one", seconds=SECONDS)
    def one(number: int) -> None:
        seen.append(number)

    one.call(7)
    assert seen == [7]


def test_the_id_of_the_request_is_bound_while_the_job_runs(app: Celery) -> None:
    seen = []

    @task(app, name="workers.one", seconds=SECONDS)
    def one() -> None:
        seen.append(request_id())

    app.tasks[one.name].apply(headers={jobs.REQUEST_ID: "abc"})
    assert seen == ["abc"]
    assert structlog.contextvars.get_contextvars() == {}


def test_a_transient_error_is_tried_again_and_any_other_is_not(app: Celery) -> None:
    @task(app, name="workers.busy", seconds=SECONDS)
    def busy() -> None:
        raise TransientError("warehouse.busy")

    @task(app, name="workers.broken", seconds=SECONDS)
    def broken() -> None:
        raise PermanentError("runtime.no_chain")

    retries: list[dict[str, Any]] = []
    celery_task = app.tasks[busy.name]

    def retry(**options: Any) -> Retry:
        retries.append(options)
        return Retry()

    celery_task.retry = retry
    assert celery_task.apply().state == "RETRY"
    assert 0 < retries[0]["countdown"] <= 2
    assert app.tasks[broken.name].apply().state == "FAILURE"


def test_pauses_double_up_to_ten_minutes() -> None:
    assert [pause(n, 1.0) for n in range(4)] == [2, 4, 8, 16]
    assert pause(30, 1.0) == LONGEST_PAUSE
    assert pause(3, 0.0) == pause(3, 1.0) / 2


def test_the_time_of_a_job_is_counted_by_how_it_ended(app: Celery) -> None:
    @task(app, name="workers.counted", seconds=SECONDS)
    def counted() -> None:
        pass

    app.tasks[counted.name].apply()
    labels = {"job": "workers.counted", "end": "done"}
    assert REGISTRY.get_sample_value("tillboard_job_seconds_count", labels) == 1
