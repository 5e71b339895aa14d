"""A worker that is killed, wherever that happens, sends no digest twice and loses none unsaid."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest

import workers.digests
from reports.digests.build import build
from tests import digests as made
from tests.conftest import Database
from tests.integration.digest_world import World, settings_for
from tests.integration.killing import Order, Worker, buried, worker
from tests.postbox import Postbox, postbox
from warehouse.session import Warehouse


@pytest.fixture
def killed() -> Iterator[Worker]:
    with worker("tests.integration.killed_digest") as process:
        yield process


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_boundary_it_goes_once_or_is_said_to_be_unsure(
    database: Database, killed: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is in a digest is not what is tried here.
    monkeypatch.setattr(workers.digests, "build", partial(build, makers=()))
    warehouse = Warehouse(database.app)
    ends: Counter[tuple[str, int]] = Counter()
    with postbox() as box:
        chain, stores = made.chain_with_stores(warehouse, days=30)
        world = World(warehouse, chain, stores, settings_for(box))
        world.complete()
        order = {"url": database.app, "chain": chain, "port": box.port}
        digests: list[tuple[int, str]] = []

        def ordered() -> Order:
            address = f"p{len(digests)}@example.com"
            digests.append((world.subscribe(world.person(address)), address))
            return order

        for _ in killed.deaths(ordered):
            buried(warehouse, world.scope)
            ends[_goes_on(world, box, *digests[-1], monkeypatch)] += 1
    warehouse.close()
    assert set(ends) <= {("sent", 1), ("unsure", 0), ("unsure", 1)}, ends
    # Before the claim it goes all the same; after it the server may have it or not.
    assert ends["sent", 1] > 20
    assert ends["unsure", 0] > 3
    assert ends["unsure", 1] > 0


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
