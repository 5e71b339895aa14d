"""An import that is killed, wherever that happens, is taken up again and ends the same."""

import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import workers.imports
from chain.errors import TransientError
from chain.settings import Settings
from etl.importer import Importer
from tests.bills import new_chain
from tests.conftest import Database
from tests.integration.killed_import import bind_terminal
from warehouse import batches
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from workers.imports import Imports

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
MOST = 400


class Killed:
    """A process that imports where it is told to, and dies where it is told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.killed_import"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: Any) -> str:
        """Import as ordered; return ``killed`` or ``done``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    made = Warehouse(module_database.app)
    yield made
    made.close()


@pytest.fixture
def killed() -> Iterator[Killed]:
    process = Killed()
    yield process
    process.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("split_bytes", [WHOLE, SPLIT], ids=["one part", "two parts"])
def test_killed_at_any_boundary_it_ends_the_same(
    warehouse: Warehouse,
    module_database: Database,
    killed: Killed,
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
        scope = new_chain(warehouse, [NewStore("A", "A", "Asia/Shanghai")])
        first = tmp_path / "first.csv"
        first.write_text(FIRST)
        (done,) = Importer(warehouse, scope, "k" * 32).import_path(first)
        assert done["state"] == "done"
        digest = hashlib.sha256(LATER.encode()).digest()
        (settings.inbox / digest.hex()).write_text(LATER)
        with warehouse.begin(scope) as connection:
            waiting = batches.receive(
                connection,
                scope.chain_id,
                sha256=digest,
                file_name="later.csv",
                size_bytes=len(LATER.encode()),
            )
        return scope, waiting.batch_id

    scope, batch = prepared()
    imports.run(scope.chain_id, batch)
    expected = _everything(warehouse, scope)
    assert [len(expected[name]) for name in ("payment_history", "reject")] == [1, 1]
    assert expected["import_batch"][1]["state"] == "done"

    deaths = 0
    for at in range(1, MOST):
        scope, batch = prepared()
        ended = killed.order(
            url=module_database.app,
            data=str(tmp_path),
            chain=scope.chain_id,
            batch=batch,
            split_bytes=split_bytes,
            at=at,
            work="import",
        )
        if ended == "done":
            break
        assert ended == "killed"
        deaths += 1
        imports.sweep(lambda chain, one: _take_up(imports, chain, one))
        assert _everything(warehouse, scope) == expected, f"killed at boundary {at}"
    assert ended == "done", "the import has more boundaries than were tried"
    assert deaths > 40


@pytest.mark.timeout(900)
@pytest.mark.parametrize("work", ["undo", "bind"])
def test_killed_at_any_boundary_it_is_done_whole_or_not_at_all(
    warehouse: Warehouse, module_database: Database, killed: Killed, tmp_path: Path, work: str
) -> None:
    """And once more done after that, it ends as if nothing had killed it."""
    settings = Settings(data=tmp_path)
    imports = Imports(warehouse, settings, "k" * 32)
    stores = [
        NewStore("A", "A", "Asia/Shanghai"),
        NewStore("B", "B", "Asia/Shanghai", cutover_hour=4),
    ]

    def prepared() -> tuple[Scope, int]:
        scope = new_chain(warehouse, stores)
        for name, content in (("first.csv", FIRST), ("later.csv", LATER)):
            path = tmp_path / name
            path.write_text(content)
            (done,) = Importer(warehouse, scope, "k" * 32).import_path(path)
            assert done["state"] == "done"
        return scope, done["batch_id"]

    def do(scope: Scope, batch: int) -> None:
        if work == "undo":
            imports.undo(scope.chain_id, batch)
        else:
            bind_terminal(warehouse, scope)

    scope, batch = prepared()
    before = _everything(warehouse, scope)
    do(scope, batch)
    after = _everything(warehouse, scope)
    assert before != after
    ends = {"before": 0, "after": 0}
    for at in range(1, MOST):
        scope, batch = prepared()
        ended = killed.order(
            url=module_database.app,
            data=str(tmp_path),
            chain=scope.chain_id,
            batch=batch,
            split_bytes=WHOLE,
            at=at,
            work=work,
        )
        if ended == "done":
            break
        assert ended == "killed"
        _wait_for_locks(warehouse, scope)
        found = _everything(warehouse, scope)
        assert found in (before, after), f"killed at boundary {at}"
        ends["before" if found == before else "after"] += 1
        do(scope, batch)
        assert _everything(warehouse, scope) == after, f"killed at boundary {at}"
    assert ended == "done", "there are more boundaries than were tried"
    assert min(ends["before"] - 20, ends["after"]) > 0, ends


def _wait_for_locks(warehouse: Warehouse, scope: Scope) -> None:
    """Wait until the server has noticed that the dead process is gone."""
    held = text(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and state <> 'idle' and backend_type = 'client backend'"
    )
    for _ in range(200):
        with warehouse.begin(scope) as connection:
            if not connection.scalar(held):
                return
        time.sleep(0.05)
    pytest.fail("the dead process still has a session")


def _take_up(imports: Imports, chain: int, batch: int) -> None:
    """Do the job as a worker does: again, while the dead process still has its locks."""
    for _ in range(100):
        try:
            imports.run(chain, batch)
        except TransientError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the batch stayed locked")


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
