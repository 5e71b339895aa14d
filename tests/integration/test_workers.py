"""The workers' wiring against a real queue: names that the board sends, limits, lost batches."""

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import text

from chain import jobs
from chain.errors import TransientError
from chain.settings import Settings
from dashboard.queue import QueuedJobs
from runtime.embedded import Valkey
from tests.conftest import Database
from warehouse import batches
from warehouse.chains import NewChain, create_chain
from warehouse.session import Scope, Warehouse
from warehouse.telemetry import bind
from workers.app import app, forecast_chunk, forecast_run, settings
from workers.imports import Imports


@pytest.fixture
def queue(valkey: Valkey) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(valkey.cache_url.replace("db=1", "db=0")) as client:
        client.flushdb()
        yield client


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    yield opened
    opened.close()


def test_what_the_board_sends_is_a_job_of_the_workers(valkey: Valkey, queue: Any) -> None:
    with bind(request_id="abc"):
        QueuedJobs(valkey.broker_url).import_batch(chain_id=3, batch_id=7)
    message = json.loads(queue.lpop(jobs.QUEUE))
    assert message["headers"]["task"] in app.tasks
    assert message["headers"][jobs.REQUEST_ID] == "abc"


def test_a_forecast_the_board_starts_and_its_steps_are_jobs_of_the_workers(
    valkey: Valkey, queue: Any
) -> None:
    """The start goes to the front; the long steps wait behind all imports."""
    QueuedJobs(valkey.broker_url).forecast(chain_id=3)
    assert json.loads(queue.lpop(jobs.QUEUE))["headers"]["task"] == jobs.FORECAST in app.tasks
    names = [queue.name for queue in app.conf.task_queues]
    assert names == [jobs.QUEUE, jobs.FORECASTS]
    assert (forecast_run.queue, forecast_chunk.queue) == (jobs.FORECASTS, jobs.FORECASTS)


def test_an_export_the_board_starts_is_a_job_of_the_workers(valkey: Valkey, queue: Any) -> None:
    QueuedJobs(valkey.broker_url).export(chain_id=3, export_id=7)
    assert json.loads(queue.lpop(jobs.QUEUE))["headers"]["task"] == jobs.EXPORT in app.tasks


def test_the_length_of_the_queue_is_known(valkey: Valkey, queue: Any) -> None:
    board = QueuedJobs(valkey.broker_url)
    assert board.waiting() == {jobs.QUEUE: 0, jobs.FORECASTS: 0}
    board.import_batch(chain_id=3, batch_id=7)
    assert board.waiting() == {jobs.QUEUE: 1, jobs.FORECASTS: 0}
    assert board.ready()


def test_a_queue_that_is_away_is_a_transient_error(tmp_path: Path) -> None:
    board = QueuedJobs(f"redis+socket://{tmp_path}/nobody.sock", seconds=0.2)
    assert not board.ready()
    with pytest.raises(TransientError, match="queue of jobs does not answer"):
        board.import_batch(chain_id=3, batch_id=7)


def test_a_message_is_not_given_to_another_worker_while_its_job_may_run() -> None:
    longest = max(task.time_limit or 0 for name, task in app.tasks.items() if "workers." in name)
    assert app.conf.broker_transport_options["visibility_timeout"] > longest
    assert longest > settings.job_seconds


def test_every_scheduled_job_exists() -> None:
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)


def _batch(warehouse: Warehouse, chain_id: int, number: int) -> int:
    with warehouse.begin(Scope(chain_id)) as connection:
        return batches.receive(
            connection,
            chain_id,
            sha256=bytes([number]) * 32,
            file_name=f"{number}.csv",
            size_bytes=1,
        ).batch_id


def _imports(warehouse: Warehouse, data: Path) -> Imports:
    return Imports(warehouse, Settings(data=data), "k" * 32)


def test_a_batch_that_stands_still_is_taken_up_again_once(
    warehouse: Warehouse, database: Database, tmp_path: Path
) -> None:
    chain_id = create_chain(warehouse, NewChain("A"))
    other = create_chain(warehouse, NewChain("B"))
    stuck, waiting = _batch(warehouse, chain_id, 1), _batch(warehouse, other, 2)
    fresh = _batch(warehouse, chain_id, 3)
    for chain, batch, state, age in (
        (chain_id, stuck, "merging", "5 minutes"),
        (other, waiting, "received", "1 hour"),
        (chain_id, fresh, "reading", "1 second"),
    ):
        with warehouse.begin(Scope(chain)) as connection:
            connection.execute(
                text(
                    "update import_batch set state = :state,"
                    " updated_at = now() - cast(:age as interval) where batch_id = :batch"
                ),
                {"state": state, "age": age, "batch": batch},
            )
    taken: list[tuple[int, int]] = []
    imports = _imports(warehouse, tmp_path)
    assert imports.sweep(lambda chain, batch: taken.append((chain, batch))) == 2
    assert sorted(taken) == sorted([(chain_id, stuck), (other, waiting)])
    assert imports.sweep(lambda chain, batch: taken.append((chain, batch))) == 0


def test_a_batch_whose_file_is_gone_says_so(warehouse: Warehouse, tmp_path: Path) -> None:
    chain_id = create_chain(warehouse, NewChain("A"))
    batch_id = _batch(warehouse, chain_id, 1)
    _imports(warehouse, tmp_path).run(chain_id, batch_id)
    with warehouse.begin(Scope(chain_id)) as connection:
        batch = batches.get(connection, chain_id, batch_id)
    assert (batch["state"], batch["error_key"]) == ("failed", "runtime.file_gone")


def test_partitions_are_made_by_the_application_role(warehouse: Warehouse) -> None:
    query = text("select ensure_month_partitions(current_date, 12)")
    with warehouse.directory() as connection:
        assert connection.scalar(query)
        assert connection.scalar(query) == 0


def test_a_row_that_came_before_its_month_moves_into_it(warehouse: Warehouse) -> None:
    chain_id = create_chain(warehouse, NewChain("A"))
    place = text("select tableoid::regclass::text from audit_log where action = 'early'")
    with warehouse.begin(Scope(chain_id)) as connection:
        connection.execute(
            text(
                "insert into audit_log (chain_id, at, action)"
                " values (:chain, '2031-05-31 23:59:59+00', 'early')"
            ),
            {"chain": chain_id},
        )
        assert connection.scalar(place) == "audit_log_default"
    with warehouse.directory() as connection:
        connection.execute(text("select ensure_month_partitions('2031-05-17', 1)"))
    with warehouse.begin(Scope(chain_id)) as connection:
        assert connection.scalars(place).all() == ["audit_log_203105"]


def test_the_inbox_keeps_what_is_new_or_awaited(warehouse: Warehouse, tmp_path: Path) -> None:
    chain_id = create_chain(warehouse, NewChain("A"))
    _batch(warehouse, chain_id, 1)
    imports = _imports(warehouse, tmp_path)
    imports.settings.inbox.mkdir()
    for number in (1, 2):
        (imports.settings.inbox / (bytes([number]) * 32).hex()).touch()
    days = imports.settings.inbox_days
    assert imports.clean_inbox(time.time() + (days - 1) * 86_400) == 0
    assert imports.clean_inbox(time.time() + (days + 1) * 86_400) == 1
    assert [path.name for path in imports.settings.inbox.iterdir()] == ["01" * 32]


def test_a_member_is_found_in_its_archive(warehouse: Warehouse, tmp_path: Path) -> None:
    """A worker died over a member of a zip: the batch has no file of its own."""
    chain_id = create_chain(warehouse, NewChain("A"))
    imports = _imports(warehouse, tmp_path)
    imports.settings.inbox.mkdir()
    samples = Path(__file__).parents[1] / "contract" / "samples"
    bill = (samples / "alipay_merchant_detail.csv").read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other.txt", "not a bill")
        archive.writestr("bill.csv", bill)
    container = hashlib.sha256(packed.getvalue()).digest()
    (imports.settings.inbox / container.hex()).write_bytes(packed.getvalue())
    with warehouse.begin(Scope(chain_id)) as connection:
        batch_id = batches.receive(
            connection,
            chain_id,
            sha256=hashlib.sha256(bill).digest(),
            container_sha256=container,
            file_name="bill.csv",
            size_bytes=len(bill),
        ).batch_id
    imports.run(chain_id, batch_id)
    with warehouse.begin(Scope(chain_id)) as connection:
        batch = batches.get(connection, chain_id, batch_id)
    assert (batch["state"], batch["rows_accepted"]) == ("done", 5)
