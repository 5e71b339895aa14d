"""An import that is killed, wherever that happens, is taken up again and ends the same."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

import workers.imports
from chain.settings import Settings
from etl.importer import Importer
from tests.bills import new_chain
from tests.conftest import Database
from tests.integration.killed_import import bind_terminal
from tests.integration.killing import Order, Worker, buried, take_up, worker
from warehouse import batches
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from workers.imports import Imports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FIRST = (Path(__file__).parents[1] / "contract/samples/alipay_merchant_detail.csv").read_text()
SALE = next(line for line in FIRST.splitlines() if "0000003\t" in line)
# A later export: one payment stated anew, the others again, two more, and a line that is no good.
LATER = FIRST.replace("2025年03月02日 10:05:00", "2025年03月03日 10:05:00").replace(
    SALE,
    "\n".join(
        (
            SALE.replace("88.00", "89.00"),
            SALE.replace("0000003\t", "0000004\t"),
            SALE.replace("0000003\t", "0000005\t").replace("2025-03-02", "2025-03-03"),
            SALE.replace("0000003\t", "0000006\t").replace("88.00", "eighty-eight"),
        )
    ),
)
WHOLE, SPLIT = 1 << 30, 1
STORES = [
    NewStore("A", "A", "Asia/Shanghai"),
    NewStore("B", "B", "Asia/Shanghai", cutover_hour=4),
]


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    made = Warehouse(module_database.app)
    yield made
    made.close()


@pytest.fixture
def killed() -> Iterator[Worker]:
    with worker("tests.integration.killed_import") as process:
        yield process


@pytest.mark.parametrize("split_bytes", [WHOLE, SPLIT], ids=["one part", "two parts"])
def test_killed_at_any_boundary_it_ends_the_same(
    warehouse: Warehouse,
    module_database: Database,
    killed: Worker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    split_bytes: int,
) -> None:
    for name in ("STUCK_AFTER", "WAITING_AFTER"):
        monkeypatch.setattr(workers.imports, name, timedelta(0))
    settings = Settings(data=tmp_path, split_import_bytes=split_bytes)
    settings.inbox.mkdir(parents=True)
    imports = Imports(warehouse, settings, "k" * 32)

    def prepared() -> tuple[Scope, int]:
        """A chain in which the first bill is in and the later one waits in the inbox."""
        scope, _ = _imported(warehouse, tmp_path, FIRST)
        return scope, _waiting(warehouse, settings, scope, LATER)

    scope, batch = prepared()
    imports.run(scope.chain_id, batch)
    expected = _everything(warehouse, scope)
    assert [len(expected[name]) for name in ("payment_history", "reject")] == [1, 1]
    assert expected["import_batch"][1]["state"] == "done"

    def ordered() -> Order:
        nonlocal scope, batch
        _forget_chains(module_database)
        scope, batch = prepared()
        return _order(module_database, tmp_path, scope, batch, split_bytes, "import")

    deaths = 0
    for at in killed.deaths(ordered):
        deaths += 1
        imports.sweep(lambda chain, one: take_up(lambda: imports.run(chain, one)))
        assert _everything(warehouse, scope) == expected, f"killed at boundary {at}"
    assert deaths > 40


@pytest.mark.parametrize("work", ["undo", "bind"])
def test_killed_at_any_boundary_it_is_done_whole_or_not_at_all(
    warehouse: Warehouse, module_database: Database, killed: Worker, tmp_path: Path, work: str
) -> None:
    """And once more done after that, it ends as if nothing had killed it."""
    imports = Imports(warehouse, Settings(data=tmp_path), "k" * 32)
    do: Callable[[Scope, int], None] = {
        "undo": lambda scope, batch: imports.undo(scope.chain_id, batch),
        "bind": lambda scope, _: bind_terminal(warehouse, scope),
    }[work]
    scope, batch = _imported(warehouse, tmp_path, FIRST, LATER)
    before = _everything(warehouse, scope)
    do(scope, batch)
    after = _everything(warehouse, scope)
    assert before != after

    def ordered() -> Order:
        nonlocal scope, batch
        scope, batch = _imported(warehouse, tmp_path, FIRST, LATER)
        return _order(module_database, tmp_path, scope, batch, WHOLE, work)

    ends: Counter[bool] = Counter()
    for at in killed.deaths(ordered):
        buried(warehouse, scope)
        found = _everything(warehouse, scope)
        assert found in (before, after), f"killed at boundary {at}"
        ends[found == after] += 1
        do(scope, batch)
        assert _everything(warehouse, scope) == after, f"killed at boundary {at}"
    assert min(ends[False] - 20, ends[True]) > 0, ends


def _imported(warehouse: Warehouse, folder: Path, *bills: str) -> tuple[Scope, int]:
    """Return a new chain with these bills, and the batch of the last."""
    scope, batch = new_chain(warehouse, STORES), 0
    for content in bills:
        path = folder / f"{hashlib.md5(content.encode()).hexdigest()}.csv"
        path.write_text(content)
        (done,) = Importer(warehouse, scope, "k" * 32).import_path(path)
        assert done["state"] == "done"
        batch = done["batch_id"]
    return scope, batch


def _forget_chains(database: Database) -> None:
    """Let a sweep look at the next chain alone, and not at all that were tried before."""
    with psycopg.connect(database.superuser) as connection:
        connection.execute("delete from directory.chain")


def _waiting(warehouse: Warehouse, settings: Settings, scope: Scope, bill: str) -> int:
    """Return the batch of a bill that was received and waits to be imported."""
    digest = hashlib.sha256(bill.encode()).digest()
    (settings.inbox / digest.hex()).write_text(bill)
    with warehouse.begin(scope) as connection:
        return batches.receive(
            connection,
            scope.chain_id,
            sha256=digest,
            file_name="later.csv",
            size_bytes=len(bill.encode()),
        ).batch_id


def _order(
    database: Database, data: Path, scope: Scope, batch: int, split_bytes: int, work: str
) -> Order:
    return {
        "url": database.app,
        "data": str(data),
        "chain": scope.chain_id,
        "batch": batch,
        "split_bytes": split_bytes,
        "work": work,
    }


VARYING = re.compile(r"(_at|_ids?|_batch)$|^chain_id$|^created_by$|^at$")
KEPT = ("occurred_at", "exported_at", "rank_at", "first_at", "last_at")
TABLES = (
    "payment", "payment_history", "payment_sighting", "payment_twin", "store_day", "store_hour",
    "store_month", "store_day_total", "store_month_total", "import_batch", "reject", "place",
    "account", "store_binding",
)  # fmt: skip


def _everything(warehouse: Warehouse, scope: Scope) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the chain, without the numbers that differ from chain to chain."""
    found: dict[str, list[dict[str, Any]]] = {}
    with warehouse.begin(scope) as connection:
        for table in TABLES:
            rows = connection.execute(
                text(f"select * from {table} where chain_id = :chain"), {"chain": scope.chain_id}
            ).mappings()
            plain = [
                {k: str(v) for k, v in row.items() if k in KEPT or not VARYING.search(k)}
                for row in rows
            ]
            found[table] = sorted(plain, key=lambda row: sorted(row.items()))
    return found
