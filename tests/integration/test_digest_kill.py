"""A worker that is killed, wherever that happens, sends no digest twice and loses none unsaid."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

import workers.digests
from reports.digests.build import build
from tests import digests as made
from tests.conftest import Database
from tests.integration.digest_world import World, settings_for
from tests.postbox import Postbox, postbox
from warehouse.session import Warehouse

MOST = 400


@pytest.fixture
def killed() -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.killed_digest"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.communicate()


@pytest.mark.timeout(900)
def test_killed_at_any_boundary_it_goes_once_or_is_said_to_be_unsure(
    database: Database, killed: "subprocess.Popen[str]", monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is in a digest is not what is tried here.
    monkeypatch.setattr(workers.digests, "build", partial(build, makers=()))
    warehouse = Warehouse(database.app)
    ends: Counter[tuple[str, int]] = Counter()
    with postbox() as box:
        chain, stores = made.chain_with_stores(warehouse, days=30)
        world = World(warehouse, chain, stores, settings_for(box))
        world.complete()
        ended = ""
        for at in range(1, MOST):
            number = world.subscribe(world.person(f"p{at}@example.com"))
            ended = _order(killed, url=database.app, chain=chain, port=box.port, at=at)
            if ended == "done":
                break
            assert ended == "killed"
            _wait_for_the_dead(world)
            ends[_goes_on(world, box, number, f"p{at}@example.com", monkeypatch)] += 1
    warehouse.close()
    assert ended == "done", "there are more boundaries than were tried"
    assert set(ends) <= {("sent", 1), ("unsure", 0), ("unsure", 1)}, ends
    # Before the claim it goes all the same; after it the server may have it or not.
    assert ends["sent", 1] > 20
    assert ends["unsure", 0] > 3
    assert ends["unsure", 1] > 0


def _order(killed: "subprocess.Popen[str]", **order: object) -> str:
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdin.write(json.dumps(order) + "\n")
    killed.stdin.flush()
    return killed.stdout.readline().strip()


def _goes_on(
    world: World, box: Postbox, number: int, address: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, int]:
    """Let beat and workers go on as they do; return how it ended and how many mails came."""
    world.run()
    with monkeypatch.context() as patched:
        patched.setattr(workers.digests, "GONE_AFTER", timedelta(0))
        world.run()
    world.run()
    (row,) = (each for each in world.rows() if each["subscription_id"] == number)
    return row["state"], sum(mail["To"] == address for mail in box.mails)


def _wait_for_the_dead(world: World) -> None:
    """Wait until the server has noticed that the dead process is gone, with its locks."""
    held = text(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        " and (state <> 'idle' or pid in (select pid from pg_locks where locktype = 'advisory'))"
    )
    for _ in range(200):
        with world.warehouse.begin(world.scope) as connection:
            if not connection.scalar(held):
                return
        time.sleep(0.05)
    pytest.fail("the dead process still has a session")
