"""The demo's bills through the real import: the warehouse holds what the simulator says."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from etl.importer import Importer
from runtime import demo
from runtime.demo_setup import create_demo_chain
from tests.conftest import Database
from warehouse import batches
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo

TODAY = date(2026, 11, 24)
SIZE = demo.DemoSize(stores=12, months=4, payments=6_000)

# Money that another bill holds too is counted once: there it is the till's row that is left out.
COUNTED = text(
    """
    select case when a.ref = 'till' then 'till' else p.platform end as platform, p.kind,
           count(*), sum(p.gross), sum(p.fee)
    from payment p join account a using (chain_id, account_id)
    where not exists (select from payment_twin w where w.key = p.key)
    group by 1, 2
    """
)
DAYS = text(
    "select s.code, business_date, platform, d.currency, gross, orders, refund, fee, net"
    " from store_day d join store s using (store_id) order by 1, 2, 3, 4"
)
UNASSIGNED = text(
    "select distinct a.platform, pl.terminal_ref from payment p join store s using (store_id)"
    " join place pl using (place_id) join account a on a.account_id = p.account_id"
    " where s.unassigned"
)


def test_the_warehouse_holds_what_the_simulator_says(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    warehouse = Warehouse(database.app)
    request.addfinalizer(warehouse.close)
    scope = Scope(create_demo_chain(warehouse, demo.describe(TODAY, size=SIZE)))
    importer = Importer(warehouse, scope, "k" * 32)
    tills: list[int] = []
    for path in demo.write_bills(tmp_path / "bills", today=TODAY, size=SIZE):
        for batch in importer.import_path(path):
            assert batch["state"] == "done", batch
            if "收款明细" in batch["file_name"]:
                tills.append(batch["batch_id"])
    expected = demo.expected_totals(demo.read_manifest(tmp_path / demo.MANIFEST))
    with warehouse.begin(scope) as connection:
        found = {(row[0], row[1]): tuple(map(int, row[2:4])) for row in connection.execute(COUNTED)}
        twins = connection.scalar(text("select count(*) from payment_twin"))
        unassigned = connection.execute(UNASSIGNED).all()
    assert found == {key: (sums.rows, sums.gross) for key, sums in expected.items()}
    assert twins
    assert [platform for platform, _ in unassigned] == ["wechat"]  # the terminal nobody bound
    _without_tills_the_bills_stand(warehouse, scope, tills)


def _without_tills_the_bills_stand(warehouse: Warehouse, scope: Scope, tills: list[int]) -> None:
    """What the tills' reports brought was theirs alone: undone, all other sums stay."""
    with warehouse.begin(scope) as connection:
        before = Counter({row[:4]: row.gross for row in connection.execute(DAYS)})
    for batch_id in tills:
        with warehouse.begin(scope) as connection:
            undo(connection, scope.chain_id, batch_id)
    with warehouse.begin(scope) as connection:
        assert connection.scalar(text("select count(*) from payment_twin")) == 0
        after = Counter({row[:4]: row.gross for row in connection.execute(DAYS)})
        assert batches.get(connection, scope.chain_id, tills[0])["state"] == "undone"
    changed = {key for key in before if before[key] != after[key]}
    assert changed
    assert {key[2] for key in changed} == {"meituan"}
    assert all(before[key] > after[key] for key in changed)
