"""What explains a figure: the bridge and the fair ranking over the reads, and nameless peers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from advice.bridge import STEPS, reasons
from chain.days import Period
from chain.metrics import METRICS
from reports import insight
from tests.alike import fill
from tests.conftest import Database
from warehouse.reads import Reads
from warehouse.reads.explain import FEWEST_PEERS, Standing
from warehouse.reads.protocol import Filters
from warehouse.session import Scope, Warehouse

TODAY = date(2026, 11, 24)
YESTERDAY = TODAY - timedelta(days=1)
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
LAST_28 = Filters(Period(YESTERDAY - timedelta(days=27), YESTERDAY))
STORES = 14
CHAIN, OTHER = 1, 2
MINE = 5


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    """Two chains: fourteen stores of the first, nine of the second."""
    opened = Warehouse(module_database.app)
    for chain, stores in ((CHAIN, STORES), (OTHER, 9)):
        fill(opened, chain, stores, YESTERDAY)
    yield opened
    opened.close()


def _reads(warehouse: Warehouse, *stores: int, chain: int = CHAIN, role: str = "store") -> Reads:
    scope = Scope(chain, role=role if stores else "owner", store_ids=stores or None)
    return Reads(warehouse, scope, now=lambda: NOW)


def test_the_bridge_is_of_the_very_figures_that_the_board_shows(warehouse: Warehouse) -> None:
    reads = _reads(warehouse)
    for filters in (
        LAST_28,
        Filters(Period(YESTERDAY, YESTERDAY)),
        Filters(LAST_28.period, stores=(1003, 1004)),
    ):
        made, totals = insight.bridge(reads, filters), reads.totals(filters)
        assert (made.now, made.before) == (totals.value, totals.value_before)
        assert sum(made.steps.values()) == made.now - made.before
    whole = insight.bridge(reads, LAST_28)
    assert whole.growth == pytest.approx(reads.same_store_growth(LAST_28))
    assert whole.steps["opened"] == whole.stores.set_index("store").loc[1003, "now"]
    assert whole.steps["unassigned"] != 0
    assert whole.steps["closed"] < 0
    rows = reads.by_store(LAST_28).set_index("store_id")
    net = METRICS["net_sales"]
    for row in whole.stores.to_dict("records"):
        assert row["now"] == net.value(rows.loc[row["store"]].to_dict())


def test_fees_are_a_step_of_what_is_left_after_them(warehouse: Warehouse) -> None:
    made = insight.bridge(_reads(warehouse), LAST_28, "after_fees")
    totals = _reads(warehouse).totals(LAST_28)
    assert made.now == (totals.value or 0) - totals.now["fee"]
    assert set(made.steps) == set(STEPS)


def test_the_shut_store_is_told_so_in_both_languages(warehouse: Warehouse) -> None:
    class Here:
        def __init__(self, lang: Any) -> None:
            self.lang = lang

        def say(self, key: str, /, **params: Any) -> str:
            from chain.words import say

            return say(self.lang, key, **params)

    reads = _reads(warehouse)
    ranked = insight.fair_ranking(reads, LAST_28)
    assert len(ranked) == STORES
    assert 1000 not in set(ranked["store"]), "money of no store is no store"
    row = ranked[ranked["store"] == 1004].iloc[0]
    assert row["open"] < 0
    for lang, words in (("en", "3 days without sales"), ("zh", "3 天没有营业")):
        assert words in insight.why_ranked(Here(lang), reads.chain(), row)
    made = insight.bridge(reads, LAST_28)
    assert "days without sales" in insight.why_changed(Here("en"), reads.chain(), made, 1004)
    assert insight.why_changed(Here("en"), reads.chain(), made, 1003) == ""


def test_a_reason_is_named_only_if_it_made_something_of_the_change(warehouse: Warehouse) -> None:
    made = insight.bridge(_reads(warehouse), LAST_28)
    named = 0
    for row in made.stores[made.stores["group"] == "same"].to_dict("records"):
        change = row["now"] - row["before"]
        told = {one.name: one.amount for one in reasons(made, row["store"], most=len(STEPS))}
        along = {name: row[name] for name in STEPS if row[name] * change > 0}
        assert told == {name: by for name, by in along.items() if abs(by) >= 0.05 * abs(change)}
        named += len(told)
    assert named > STORES


def test_a_store_is_explained_alike_alone_and_among_all(warehouse: Warehouse) -> None:
    """So the store's page, its report and the digest of a whole chain say the same of it."""
    reads = _reads(warehouse)
    whole = insight.bridge(reads, LAST_28).stores.set_index("store")
    for store in (1003, 1004, 1007):
        own = insight.bridge(reads, LAST_28.of_store(store)).stores.set_index("store")
        assert own.loc[store].to_dict() == whole.loc[store].to_dict()


def _by_hand(warehouse: Warehouse, store: int, measure: str) -> list[float]:
    """Return what each other store took a day, by who sees all of it."""
    rows = _reads(warehouse).by_store(LAST_28)
    rows = rows[(rows["store_id"] != store) & (rows["store_id"] % 1000 > 0)]
    net = rows["gross"] - rows["refund"] - rows["merchant_subsidy"]
    top = {"net_sales": net, "orders": rows["orders"]}[measure]
    return sorted(float(each) for each in top / rows["days"])


def test_a_manager_is_told_the_place_among_all_others_and_quartiles(warehouse: Warehouse) -> None:
    store = 1000 + MINE
    reads = _reads(warehouse, store)
    told = reads.standing(LAST_28, store)
    assert (told.peers, told.frame["of"].max()) == (STORES - 1, STORES)
    row = told.frame.set_index("measure").loc["net_sales"]
    others = _by_hand(warehouse, store, "net_sales")
    assert row["rank"] == 1 + sum(each > row["own"] for each in others)
    assert row["middle"] == pytest.approx(others[len(others) // 2], rel=0.05)
    assert row["low"] <= row["middle"] <= row["high"]
    assert row["middle"] not in others, "a quartile is no store's own figure"
    # The owner is told the very same: nothing hangs on who asks.
    assert _reads(warehouse).standing(LAST_28, store).frame.equals(told.frame)


def test_compared_with_nothing_a_standing_tells_no_growth(warehouse: Warehouse) -> None:
    reads, store = _reads(warehouse, 1000 + MINE), 1000 + MINE
    compared = reads.standing(LAST_28, store).frame
    alone = reads.standing(replace(LAST_28, alone=True), store).frame
    assert set(compared["measure"]) - set(alone["measure"]) == {"growth"}
    rest = compared[compared["measure"] != "growth"]
    assert alone.equals(rest.reset_index(drop=True))


def _text(told: Standing) -> str:
    return json.dumps([str(told.period), told.peers, told.frame.astype(str).to_dict("records")])


def test_nothing_says_who_the_others_are(warehouse: Warehouse) -> None:
    told = _text(_reads(warehouse, 1000 + MINE).standing(LAST_28, 1000 + MINE))
    assert "Secretname" not in told
    assert not any(f"code{1000 + n}" in told or f"{1000 + n}" in told for n in range(STORES + 1))


def test_names_changed_among_the_others_change_nothing(warehouse: Warehouse) -> None:
    store = 1000 + MINE
    before = _text(_reads(warehouse, store).standing(LAST_28, store))
    with warehouse.begin(Scope(CHAIN)) as connection:
        connection.execute(text("update store set name = name || 'x', code = code || 'x'"))
    assert _text(_reads(warehouse, store).standing(LAST_28, store)) == before


def test_the_scope_is_the_readers_again_after_the_question(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(CHAIN, role="store", store_ids=(1005,))) as connection:
        connection.execute(_ASK, {"store": 1005})
        assert connection.scalars(text("select distinct store_id from store_day_total")).all() == [
            1005
        ]
        assert connection.scalar(text("select current_setting('app.store_ids')")) == "{1005}"


_ASK = text(
    "select * from peer_standing(:store, '2026-10-27', '2026-11-23', '2026-09-29', '2026-10-26')"
)


@pytest.mark.parametrize(
    ("asked", "stores", "chain", "role"),
    [
        (1006, (1005,), CHAIN, "store"),  # another's store
        (1005, (1005,), OTHER, "store"),  # another chain's
        (2005, (), CHAIN, "owner"),
        (1005, (1004, 1006), CHAIN, "regional"),
        (1000, (1000,), CHAIN, "store"),  # money of no store has no kind
    ],
)
def test_who_may_not_see_the_store_is_told_nothing_of_it(
    warehouse: Warehouse, asked: int, stores: tuple[int, ...], chain: int, role: str
) -> None:
    scope = Scope(chain, role=role, store_ids=stores or None)
    with warehouse.begin(scope) as connection:
        assert connection.execute(_ASK, {"store": asked}).all() == []
    with warehouse.begin(Scope(CHAIN, role=role, store_ids=(1005,))) as connection:
        assert len(connection.execute(_ASK, {"store": 1005}).all()) >= 5


def test_a_role_of_some_stores_that_has_none_is_told_nothing(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(CHAIN, role="store")) as connection:
        assert connection.execute(_ASK, {"store": 1005}).all() == []


def test_few_peers_and_single_days_are_refused(warehouse: Warehouse) -> None:
    with warehouse.begin(Scope(CHAIN)) as connection:
        connection.execute(
            text(
                "update store set closed_on = '2026-11-01'"
                " where store_id > 1000 + :left + 1 and store_id <> 1005"
            ),
            {"left": FEWEST_PEERS - 1},
        )
    told = _reads(warehouse, 1005).standing(LAST_28, 1005)
    assert (told.peers, len(told.frame)) == (FEWEST_PEERS - 1, 0)
    with warehouse.begin(Scope(CHAIN)) as connection:
        connection.execute(text("update store set closed_on = null where store_id = 1012"))
    # Eight are enough; but growth is known of seven of them, as one is new.
    told = _reads(warehouse, 1005).standing(LAST_28, 1005)
    assert (told.peers, len(told.frame)) == (FEWEST_PEERS, 5)
    assert "growth" not in set(told.frame["measure"])
    with warehouse.begin(Scope(CHAIN)) as connection:
        day = text(
            "select * from peer_standing(1005, '2026-11-23', '2026-11-23', '2026-11-16',"
            " '2026-11-16')"
        )
        assert connection.execute(day).all() == []
    one_day = Filters(Period(YESTERDAY, YESTERDAY))
    assert _reads(warehouse, 1005).standing(one_day, 1005).period.days == 7
