"""The same money seen by a till and by the platform that moved it counts once, and both stay."""

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text

from tests.bills import MadeBill, load, new_chain, store_id, utc
from tests.conftest import Database
from warehouse.binding import bind
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    made = Warehouse(module_database.app)
    yield made
    made.close()


def _bill(platform: str, *, order: str = "", minute: int = 0) -> MadeBill:
    rows: list[dict[str, Any]] = [
        {"external_id": f"{platform}-{kind}", "kind": kind, "gross": gross}
        for kind, gross in (("sale", 1800), ("refund", -500), ("topup", 9000))
    ]
    for row in rows:
        row["occurred_at"] = utc(3).replace(minute=minute)
        row["store_ref"] = "S"
        row["order_ref"] = f"{order}{row['kind']}" if order else ""
        row["via"] = "wechat" if platform == "meituan" else ""
    return MadeBill(rows, platform=platform)


def _days(warehouse: Warehouse, scope: Scope) -> list[tuple[Any, ...]]:
    with warehouse.begin(scope) as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("select platform, gross, refund, prepaid, orders from store_day order by 1")
            )
        ]


TILL, PLATFORM = ("meituan", 1800, 500, 9000, 1), ("wechat", 1800, 500, 9000, 1)


@pytest.mark.parametrize("first", ["meituan", "wechat"])
@pytest.mark.parametrize("undone", ["meituan", "wechat"])
@pytest.mark.parametrize(("order", "minute"), [("o", 59), ("", 9)], ids=["by order", "by time"])
def test_it_counts_once_in_either_order_and_after_undo_of_either(
    warehouse: Warehouse, first: str, undone: str, order: str, minute: int
) -> None:
    scope = new_chain(warehouse, [NewStore("S", "S", "Asia/Shanghai")])
    bills = {
        "meituan": _bill("meituan", order=order),
        "wechat": _bill("wechat", order=order, minute=minute),
    }
    second = "wechat" if first == "meituan" else "meituan"
    batches = {name: load(warehouse, scope, bills[name]) for name in (first, second)}
    assert _days(warehouse, scope) == [PLATFORM]
    with warehouse.begin(scope) as connection:
        assert connection.scalar(text("select count(*) from payment")) == 6
        undo(connection, scope.chain_id, batches[undone])
    assert _days(warehouse, scope) == [TILL if undone == "wechat" else PLATFORM]
    load(warehouse, scope, bills[undone])
    assert _days(warehouse, scope) == [PLATFORM]


def test_equal_amounts_too_far_apart_or_of_another_store_are_two(warehouse: Warehouse) -> None:
    scope = new_chain(warehouse, [NewStore("S", "S", "Asia/Shanghai")])
    load(warehouse, scope, _bill("meituan"))
    load(warehouse, scope, _bill("wechat", minute=11))
    assert _days(warehouse, scope) == [TILL, PLATFORM]


def test_a_till_bound_later_finds_its_twins_then(warehouse: Warehouse) -> None:
    scope = new_chain(warehouse, [NewStore("S", "S", "Asia/Shanghai")])
    till = _bill("meituan")
    for row in till.rows:
        row["store_ref"] = "counter 1"
    load(warehouse, scope, till)
    load(warehouse, scope, _bill("wechat"))
    assert len(_days(warehouse, scope)) == 2
    with warehouse.begin(scope) as connection:
        account = connection.scalar(
            text("select account_id from account where platform = 'meituan'")
        )
        assert account is not None
    with warehouse.begin(scope) as connection:
        store = store_id(warehouse, scope, "S")
        bind(connection, account_id=account, ref_kind="store", ref="counter 1", store_id=store)
    assert _days(warehouse, scope) == [PLATFORM]


def test_of_three_equal_till_rows_and_two_payments_one_is_left(warehouse: Warehouse) -> None:
    """One customer paid by another way than the till says: that row still counts."""
    rows = [
        {"external_id": f"{name}", "gross": 700, "occurred_at": utc(3).replace(minute=name)}
        for name in range(3)
    ]
    for turn in permutations(range(2)):
        scope = new_chain(warehouse)
        bills = [
            MadeBill([{**row, "via": "wechat"} for row in rows], platform="meituan"),
            MadeBill(rows[:2], platform="wechat"),
        ]
        for at in turn:
            load(warehouse, scope, bills[at])
        assert sum(row[1] for row in _days(warehouse, scope)) == 3 * 700
