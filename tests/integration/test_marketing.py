"""From a list of what was spent to advice that is kept: read, asked for, made once, failed well."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import text

from advice.marketing import Response
from chain.errors import PermanentError, TransientError
from chain.words import say
from etl.spendlist import read_spend
from tests.conftest import Database
from tests.futures import LAST, add_up, chain_with_past, sell
from warehouse import budgets
from warehouse.locks import Lock, hold
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from warehouse.spend import WHOLE, Spent, set_spend
from workers.marketing import Marketing

CODES = {"S0": 1, "S1": 2}
MONDAY = LAST - timedelta(days=LAST.weekday() + 7 * 30)


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    made = Warehouse(database.app)
    yield made
    made.close()


def _sheet(*lines: str, head: str = "日期,渠道,门店编号,花费（元）") -> bytes:
    return "\n".join([head, *lines]).encode()


def test_a_list_of_spend_is_read_by_its_headings_and_same_lines_are_added_up() -> None:
    found = read_spend(
        _sheet("2026-01-05,美团推广,S0,100.5", "2026/1/5,美团推广,S0,1", "2026年1月5日,抖音,,20"),
        CODES,
        "CNY",
    )
    day = date(2026, 1, 5)
    assert found == [Spent(day, "美团推广", 1, 10150), Spent(day, "抖音", WHOLE, 2000)]
    english = read_spend(b"Week;Channel;Spend\n2026-01-05;Ads;7\n", CODES, "CNY")
    assert english == [Spent(day, "Ads", WHOLE, 700)]


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        (_sheet("2026-01-05,a,S9,1"), "spend_store", "S9"),
        (_sheet("2026-13-05,a,S0,1"), "spend_day", "2026-13-05"),
        (_sheet("2026-01-05,,S0,1"), "spend_channel", "2"),
        (_sheet("2026-01-05,a,S0,-1"), "spend_negative", "-1"),
        (_sheet("2026-01-05,a,S0,x"), "spend_amount", "x"),
        (_sheet("1", head="one"), "spend_header", "channel"),
    ],
)
def test_what_is_wrong_with_a_list_names_line_and_text(
    content: bytes, key: str, words: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        read_spend(content, CODES, "CNY")
    assert refused.value.key == f"etl.{key}"
    for lang in ("en", "zh"):
        assert words in say(lang, refused.value.key, **refused.value.params)


def _with_spend(warehouse: Warehouse) -> int:
    """Return a chain in which money for one channel brings three times as much in sales."""
    chain_id, stores = chain_with_past(warehouse, stores=6, days=224)
    rng = np.random.default_rng(4)
    scope = Scope(chain_id)
    with warehouse.begin(scope) as connection:
        rows = []
        for store in stores:
            for week in range(30):
                day = MONDAY + timedelta(weeks=week)
                amount = int(rng.integers(0, 2)) * int(rng.integers(20_000, 40_000))
                rows.append(Spent(day, "ads", store, amount))
                if amount:
                    for at in range(7):
                        taken = connection.scalar(
                            _TAKEN, {"store": store, "day": day + timedelta(at)}
                        )
                        sell(
                            connection,
                            chain_id,
                            store,
                            day + timedelta(at),
                            taken + 3 * amount // 7,
                        )
        add_up(connection, chain_id)
        set_spend(connection, chain_id, rows, "CNY")
    return chain_id


_TAKEN = text(
    "select coalesce(sum(gross), 0)::bigint from store_day_total"
    " where store_id = :store and business_date = :day"
)


def _ask(warehouse: Warehouse, chain_id: int) -> int:
    with warehouse.begin(Scope(chain_id)) as connection:
        return budgets.ask(connection, chain_id)


def test_advice_is_made_once_and_says_the_same_whenever_it_is_made(warehouse: Warehouse) -> None:
    chain_id = _with_spend(warehouse)
    made = Marketing(warehouse)
    first = _ask(warehouse, chain_id)
    assert _ask(warehouse, chain_id) == first  # one at a time
    reads = Reads(warehouse, Scope(chain_id))
    assert reads.marketing_advice() is None
    made.advise(chain_id, first)
    told = reads.marketing_advice()
    assert told is not None
    response = Response.from_json(told.plan["response"])
    (ads,) = response.channels
    assert (ads.name, ads.health) == ("ads", "clear")
    assert 1.5 < ads.mean < 4.5
    made.advise(chain_id, first)  # it is done
    again = _ask(warehouse, chain_id)
    made.advise(chain_id, again)
    repeated = reads.marketing_advice()
    assert repeated is not None
    assert repeated.plan_id == again != first
    same = Response.from_json(repeated.plan["response"])
    assert same.returns.tolist() == response.returns.tolist()
    (spent,) = reads.spend().to_dict("records")
    assert spent["channel"] == "ads"
    assert spent["stores"] == 6


def test_a_chain_that_spends_nothing_is_told_what_is_missing(warehouse: Warehouse) -> None:
    chain_id, _ = chain_with_past(warehouse, days=224)
    plan = _ask(warehouse, chain_id)
    Marketing(warehouse).advise(chain_id, plan)
    asked = Reads(warehouse, Scope(chain_id)).marketing_asked()
    assert asked is not None
    assert (asked.state, asked.error_key) == ("failed", "budget.no_spend")
    assert _ask(warehouse, chain_id) != plan


def test_advice_that_stands_still_is_taken_up_and_only_one_worker_is_at_it(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain_id, _ = chain_with_past(warehouse, days=224)
    plan = _ask(warehouse, chain_id)
    taken: list[tuple[int, int]] = []
    marketing = Marketing(warehouse)
    marketing.sweep(lambda *which: taken.append(which))
    assert taken == []
    monkeypatch.setattr("workers.marketing.WAITING", timedelta(0))
    marketing.sweep(lambda *which: taken.append(which))
    assert taken == [(chain_id, plan)]
    with warehouse.hold(Scope(chain_id)) as other, other.begin():
        hold(other, Lock.MARKETING, plan)
        with pytest.raises(TransientError):
            marketing.advise(chain_id, plan)


def test_a_store_manager_sees_neither_advice_nor_what_others_spend(warehouse: Warehouse) -> None:
    chain_id = _with_spend(warehouse)
    Marketing(warehouse).advise(chain_id, _ask(warehouse, chain_id))
    owner = Reads(warehouse, Scope(chain_id))
    mine = int(owner.stores()["store_id"].iloc[0])
    manager = Reads(warehouse, Scope(chain_id, role="store", store_ids=(mine,)))
    assert owner.marketing_advice() is not None
    assert manager.marketing_advice() is None
    assert manager.spend()["stores"].tolist() == [1]
    assert owner.spend()["stores"].tolist() == [6]
