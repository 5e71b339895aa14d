"""Files may come in any order, any split and any number of times: the warehouse ends the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.bills import MadeBill, load, new_chain, store_id
from tests.conftest import Database
from warehouse.binding import bind
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from warehouse.undo import undo

STORES = [
    NewStore("A", "A", "Asia/Shanghai"),
    NewStore("B", "B", "Asia/Shanghai", cutover_hour=4),
    NewStore("C", "C", "America/New_York"),
]
START = datetime(2026, 2, 27, 16, tzinfo=UTC)
EXPORTS = [None, datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)]
seen: Counter[str] = Counter()


@dataclass(frozen=True)
class File:
    """One generated file: when it was exported, its rows, and whether a till wrote it.

    A till's money was moved by the other platform, so that some of its rows are twins.
    """

    exported: datetime | None
    rows: tuple[tuple[tuple[str, Any], ...], ...]
    platform: str = "alipay"

    def bill(self) -> MadeBill:
        """Return it as a bill."""
        via = {} if self.platform == "alipay" else {"via": "alipay"}
        rows = [dict(row) | via for row in self.rows]
        return MadeBill(rows, self.exported, platform=self.platform)

    def keys(self) -> list[tuple[str, str, str]]:
        """Return the identity of each row."""
        return [(self.platform, dict(r)["external_id"], dict(r)["kind"]) for r in self.rows]


@dataclass(frozen=True)
class Rebind:
    """From a date on, a ref is a store's."""

    kind: str
    ref: str
    store: str
    day: date | None


row = st.builds(
    lambda key, kind, gross, hours, shop, terminal: (
        ("external_id", f"id{key}"),
        ("kind", kind),
        ("gross", gross if kind != "refund" else -gross),
        ("fee", gross // 100),
        ("occurred_at", START + timedelta(hours=hours)),
        ("store_ref", shop),
        ("terminal_ref", terminal),
    ),
    st.integers(0, 3),
    st.sampled_from(["sale", "sale", "refund", "topup"]),
    st.sampled_from([100, 250]),
    st.sampled_from([0, 3, 26, 60]),
    st.sampled_from(["", "s1", "A"]),
    st.sampled_from(["", "t1"]),
)
platforms = st.sampled_from(["alipay", "alipay", "meituan"])
file = st.builds(
    File,
    st.sampled_from(EXPORTS),
    st.lists(row, min_size=1, max_size=4).map(tuple),
    platforms,
)
rebind = st.builds(
    Rebind,
    st.just("terminal"),
    st.just("t1"),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([None, date(2026, 2, 28), date(2026, 3, 1)]),
) | st.builds(
    Rebind,
    st.just("store"),
    st.sampled_from(["s1", "A"]),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([None, date(2026, 3, 1)]),
)


@st.composite
def histories(draw: st.DrawFn) -> list[File | Rebind]:
    """Steps of any kind among which the hard cases are tied together, always.

    A first version; a later export that contradicts it, another payment in it twice with different
    contents; a file of the same export time that contradicts that; the first version stated again
    by the latest export; money that a till and the platform both state; a re-binding among them.
    """
    steps: list[File | Rebind] = draw(st.lists(file | rebind, max_size=1))
    first, other, third = (draw(row) for _ in range(3))
    never, early, late = EXPORTS
    platform = draw(platforms)
    later = draw(
        st.permutations(
            [_contradiction(first, 3), _contradiction(other, 1), _contradiction(other, 2)]
        )
    )
    knot: list[File | Rebind] = [
        File(never, (first, other), platform),
        File(early, tuple(later), platform),
        draw(rebind),
        File(early, (_contradiction(other, 4),), platform),
        File(late, (first,), platform),
        File(early, (third,), "alipay"),
        File(early, (third,), "meituan"),
    ]
    places = sorted(draw(st.lists(st.integers(0, len(steps)), min_size=7, max_size=7)))
    for place, step in reversed(list(zip(places, knot, strict=True))):
        steps.insert(place, step)
    return steps


def _contradiction(line: tuple[tuple[str, Any], ...], by: int) -> tuple[tuple[str, Any], ...]:
    """Return ``line`` with another fee."""
    return tuple((name, value + by if name == "fee" else value) for name, value in line)


def apply(warehouse: Warehouse, scope: Scope, step: File | Rebind, lanes: int = 1) -> int | None:
    """Do one step; return the batch of a file."""
    if isinstance(step, File):
        return load(warehouse, scope, step.bill(), lanes=lanes)
    with warehouse.begin(scope) as connection:
        accounts = connection.scalars(text("select account_id from account order by 1")).all()
    store = store_id(warehouse, scope, step.store)
    for account in accounts:
        with warehouse.begin(scope) as connection:
            bind(
                connection,
                account_id=account,
                ref_kind=step.kind,
                ref=step.ref,
                store_id=store,
                from_date=step.day,
            )
    return None


VERSION = (
    "encode(uuid_send(key), 'hex') as key, content_hash::text, platform, external_id, kind, gross,"
    " fee, net, occurred_at, via"
)
SUMS = "gross, orders, refund, refunds, fee, net, prepaid, other, vat, franchised, royalty"


def state(warehouse: Warehouse, scope: Scope) -> dict[str, list[tuple[Any, ...]]]:
    """Return what must not depend on the order: current rows, versions, sums; stores by code."""
    queries = {
        "current": f"select {VERSION}, s.code, business_date"
        " from payment join store s using (store_id)",
        "versions": f"select {VERSION}, s.code, business_date from payment join store s"
        f" using (store_id) union all select {VERSION}, s.code, business_date"
        " from payment_history join store s using (store_id)",
        "twins": "select key, twin_key, s.code, business_date"
        " from payment_twin join store s using (store_id)",
        "days": f"select s.code, business_date, platform, channel, d.currency, {SUMS}"
        " from store_day d join store s using (store_id)",
        "months": f"select s.code, month, platform, channel, d.currency, {SUMS}"
        " from store_month d join store s using (store_id)",
        "day totals": f"select s.code, business_date, d.currency, {SUMS}"
        " from store_day_total d join store s using (store_id)",
        "month totals": f"select s.code, month, d.currency, days, {SUMS}"
        " from store_month_total d join store s using (store_id)",
        "hours": "select s.code, business_date, hour, d.currency, gross, orders"
        " from store_hour d join store s using (store_id)",
    }
    return _ask(warehouse, scope, queries)


def _ask(
    warehouse: Warehouse, scope: Scope, queries: dict[str, str]
) -> dict[str, list[tuple[Any, ...]]]:
    with warehouse.begin(scope) as connection:
        return {
            name: sorted(tuple(found) for found in connection.execute(text(query)))
            for name, query in queries.items()
        }


def whole(warehouse: Warehouse, scope: Scope) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that an undone file must leave no trace in."""
    queries = {
        **{
            f"ranks in {table}": f"select key, content_hash, rank_at from {table}"
            for table in ("payment", "payment_history", "payment_sighting")
        },
        "accounts": "select platform, ref from account",
        "places": "select a.platform, store_ref, terminal_ref, operator_ref"
        " from place join account a using (account_id)",
        "bindings": "select a.platform, ref_kind, b.ref, s.code, from_at from store_binding b"
        " join account a using (account_id) join store s using (store_id)",
    }
    return state(warehouse, scope) | _ask(warehouse, scope, queries)


def slow_days(warehouse: Warehouse, scope: Scope) -> Counter[tuple[str, date]]:
    """The obvious way to the sums: every current payment, one by one, in Python."""
    from zoneinfo import ZoneInfo

    rules = {store.code: store for store in STORES}
    total: Counter[tuple[str, date]] = Counter()
    with warehouse.begin(scope) as connection:
        rows = connection.execute(
            text(
                "select p.occurred_at, p.net, s.code, s.time_zone, s.cutover_hour"
                " from payment p join store s using (store_id)"
                " where not exists (select from payment_twin w where w.key = p.key)"
            )
        ).all()
    for found in rows:
        store = rules.get(found.code, NewStore("unassigned", "", "Asia/Shanghai"))
        local = found.occurred_at.astimezone(ZoneInfo(store.time_zone)).replace(tzinfo=None)
        total[found.code, (local - timedelta(hours=store.cutover_hour)).date()] += found.net
    return total


def winners(files: list[File]) -> dict[tuple[str, str, str], set[tuple[Any, ...]]]:
    """The design's rule, from the files alone: per key, the contents that rank highest by time."""
    return {
        key: {
            content
            for content, ranks in found.items()
            if max(ranks) == max(rank for all_ranks in found.values() for rank in all_ranks)
        }
        for key, found in _ranks(files).items()
    }


def _ranks(
    files: list[File],
) -> dict[tuple[str, str, str], dict[tuple[Any, ...], list[datetime]]]:
    """Return by key and content when it was stated."""
    ranks: dict[tuple[str, str, str], dict[tuple[Any, ...], list[datetime]]] = {}
    for one in files:
        for key, line in zip(one.keys(), one.rows, strict=True):
            stated = one.exported or datetime(1, 1, 1, tzinfo=UTC)
            ranks.setdefault(key, {}).setdefault(line, []).append(stated)
    return ranks


def note(steps: list[File | Rebind]) -> None:
    """Count which hard cases the example has."""
    files = [step for step in steps if isinstance(step, File)]
    keys = [set(one.keys()) for one in files]
    for i, one in enumerate(files):
        contents = one.keys()
        seen["duplicate in one file"] += len(set(contents)) < len(contents)
        for j, other in enumerate(files[:i]):
            clash = any(
                a != b and dict(a)["external_id"] == dict(b)["external_id"]
                for a in one.rows
                for b in other.rows
                if one.platform == other.platform
            )
            seen["conflicting versions"] += clash and bool(keys[i] & keys[j])
            seen["equal export times"] += clash and one.exported == other.exported
    for versions in _ranks(files).values():
        ranks = [max(found) for found in versions.values()]
        seen["rank decides"] += len(set(ranks)) > 1
        seen["stated again"] += len(versions) > 1 and any(
            len(set(r)) > 1 for r in versions.values()
        )
    between = [isinstance(step, Rebind) for step in steps]
    seen["rebinding between imports"] += any(between[1:-1])


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    """A warehouse whose chains the examples make, one each."""
    made = Warehouse(module_database.app)
    yield made
    made.close()


patient = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def otherwise(steps: list[File | Rebind], random: Any) -> list[File | Rebind]:
    """Return ``steps`` with files split, repeated and in another order, and bindings elsewhere.

    Bindings keep their own order: of two for the same ref and date the later one holds.
    """
    files: list[File] = []
    for step in steps:
        if isinstance(step, File):
            cut = random.randint(0, len(step.rows))
            files += [replace(step, rows=step.rows[:cut]), replace(step, rows=step.rows[cut:])]
    files = [one for one in files if one.rows]
    files += random.sample(files, k=random.randint(0, len(files)))
    random.shuffle(files)
    rebinds = [step for step in steps if isinstance(step, Rebind)]
    slots = sorted(random.randint(0, len(files)) for _ in rebinds)
    made: list[File | Rebind] = list(files)
    for slot, binding in reversed(list(zip(slots, rebinds, strict=True))):
        made.insert(slot, binding)
    return made


def test_order_split_and_repetition_do_not_matter(warehouse: Warehouse) -> None:
    """Any order, split and repetition of files and re-bindings ends in the same warehouse."""
    seen.clear()

    @patient
    @given(
        histories(),
        st.randoms(use_true_random=False),
        st.integers(1, 2),
    )
    def check(steps: list[File | Rebind], random: Any, lanes: int) -> None:
        note(steps)
        straight, shuffled = new_chain(warehouse, STORES), new_chain(warehouse, STORES)
        for scope in (straight, shuffled):
            for one in FIRST:
                apply(warehouse, scope, one)
        for step in steps:
            apply(warehouse, straight, step, lanes)
        for step in otherwise(steps, random):
            apply(warehouse, shuffled, step)
        ended = state(warehouse, straight)
        seen["twins"] += bool(ended["twins"])
        assert ended == state(warehouse, shuffled)
        _check_against_rule(warehouse, straight, [*FIRST, *steps])

    check()
    missed = [
        name
        for name in (
            "duplicate in one file",
            "conflicting versions",
            "equal export times",
            "rank decides",
            "stated again",
            "rebinding between imports",
            "twins",
        )
        if not seen[name]
    ]
    assert not missed, f"the generator never made: {missed}"


FIRST = [
    File(
        EXPORTS[1],
        (
            (
                ("external_id", "first"),
                ("kind", "sale"),
                ("gross", gross),
                ("fee", 0),
                ("occurred_at", START),
                ("store_ref", ""),
                ("terminal_ref", ""),
            ),
        ),
        platform,
    )
    for gross, platform in ((1, "alipay"), (2, "meituan"))
]
"""Both accounts are there before anything is bound."""


def _check_against_rule(warehouse: Warehouse, scope: Scope, steps: list[File | Rebind]) -> None:
    allowed = winners([step for step in steps if isinstance(step, File)])
    ended = state(warehouse, scope)
    assert len(ended["current"]) == len(allowed)
    for _, _, platform, external_id, kind, gross, fee, _, occurred_at, *_ in ended["current"]:
        stated = {
            (dict(content)["gross"], dict(content)["fee"], dict(content)["occurred_at"])
            for content in allowed[platform, external_id, kind]
        }
        assert (gross, fee, occurred_at) in stated
    net = Counter[tuple[str, date]]()
    for code, day, *_rest, of_day, _prepaid, _other, _vat, _franchised, _royalty in ended["days"]:
        net[code, day] += of_day
    assert net == slow_days(warehouse, scope)


@patient
@given(
    before=st.lists(file | rebind, max_size=2),
    taken=file,
    after=st.lists(file | rebind, max_size=2),
    lanes=st.integers(1, 2),
    exported=st.sampled_from(EXPORTS),
    restated=st.integers(0, 4),
)
def test_undone_is_as_if_it_had_never_come(
    warehouse: Warehouse,
    before: list[File | Rebind],
    taken: File,
    after: list[File | Rebind],
    lanes: int,
    exported: datetime | None,
    restated: int,
) -> None:
    """Undoing one batch leaves what the other files alone would have made, and stays so.

    One of the others states some of what the undone one did, as of a time of its own.
    """
    if restated:
        after = [*after, replace(taken, exported=exported, rows=taken.rows[:restated])]
    never, undone = new_chain(warehouse, STORES), new_chain(warehouse, STORES)
    for one in [*FIRST, *before, *after]:
        apply(warehouse, never, one)
    for one in [*FIRST, *before]:
        apply(warehouse, undone, one)
    batch = apply(warehouse, undone, taken, lanes)
    for one in after:
        apply(warehouse, undone, one)
    assert batch is not None
    with warehouse.begin(undone) as connection:
        undo(connection, undone.chain_id, batch)
    assert whole(warehouse, never) == whole(warehouse, undone)
    for scope in (never, undone):
        apply(warehouse, scope, taken, lanes)
    assert whole(warehouse, never) == whole(warehouse, undone)
