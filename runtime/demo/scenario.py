"""What happens to the demo chain: which stores open and close, what moves, what goes wrong.

Everything follows from ``today``, the seed and the size, so that a description made at set-up and
bills written later agree.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from runtime.demo.campaigns import Promotion, promotions
from runtime.demo.description import (
    DemoAccount,
    DemoBinding,
    DemoChain,
    DemoRegion,
    DemoSize,
    DemoStore,
)
from runtime.demo.geography import CITIES, City, Spot, spots

TIME_ZONE = "Asia/Shanghai"
BRAND = "云岫茶"
WECHAT_ACCOUNTS = (
    ("1638052217", "上海云岫餐饮管理有限公司"),
    ("1638052264", "苏州云岫餐饮管理有限公司"),
)
ALIPAY_ACCOUNTS = (
    ("20886311470265540156", "上海云岫餐饮管理有限公司"),
    ("20886311470299180156", "苏州云岫餐饮管理有限公司"),
)
MEITUAN_ACCOUNT = ("10482217", "云岫茶(美团外卖)")
CASH_ACCOUNT = ("cash", "现金")
TILL_ACCOUNT = ("till", "美团收银")
CASH_COLUMNS = {"date": "日期", "store": "门店", "amount": "金额", "count": "笔数"}
_FIRST_COMPANY = ("上海", "杭州")


@dataclass(frozen=True, slots=True)
class Events:
    """The exceptions of the demo. Stores are positions in the chain's list; None: too small."""

    moved_from: int
    moved_to: int
    moved_on: date
    unknown_at: int
    unknown_from: date
    missing_at: int
    missing_days: frozenset[date]
    slump_at: int
    slump_from: date
    till_at: int
    till_months: tuple[int, ...]
    duplicate_month: int
    reexport_month: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """The chain as described, and beside it what only the simulator knows."""

    seed: int
    size: DemoSize
    chain: DemoChain
    cities: tuple[City, ...]
    spots: tuple[Spot, ...]
    company: tuple[int, ...]
    """For each store the company (0 or 1) whose WeChat and Alipay accounts it uses."""
    promotions: tuple[Promotion, ...]
    events: Events

    @property
    def days(self) -> int:
        """How many business days the demo spans."""
        return (self.chain.last_day - self.chain.first_day).days + 1

    def month_start(self, month: int) -> date:
        """Return the first day of calendar month ``month``, counted from the first (0)."""
        return add_months(self.chain.first_day, month)


def add_months(day: date, months: int) -> date:
    """Return the first day of the month ``months`` after that of ``day``."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def wechat_terminal(store: int, number: int) -> str:
    """Return the device id of till ``number`` (1, 2) of a store, as WeChat bills state it."""
    return f"YX{2100 + store * 3:05d}{number}"


UNKNOWN_TERMINAL = "YX990173"


def alipay_shop(store: int) -> str:
    """Return Alipay's own number for a store."""
    return f"201905{17 + store * 37:010d}"


def meituan_shop(store: int) -> str:
    """Return Meituan's own number for a store."""
    return str(11840217 + store * 5309)


def build(today: date, seed: int, size: DemoSize) -> Scenario:
    """Return the scenario that ends the day before ``today``. Raises ValueError for no size."""
    if min(size.stores, size.months, size.payments) < 1:
        raise ValueError(f"a demo needs stores, months and payments: {size}")
    last = today - timedelta(days=1)
    first = add_months(last, 1 - size.months)
    places = tuple(spots(size.stores))
    by_name = {c.name: c for c in CITIES}
    cities = tuple(by_name[spot.city] for spot in places)
    company = tuple(0 if c.name in _FIRST_COMPANY else 1 for c in cities)
    rng = np.random.default_rng([seed, 1])
    stores = _stores(places, cities, first, last, rng)
    events = _events(size, first, last)
    campaigns = promotions(first, last, rng)
    chain = DemoChain(
        name=BRAND,
        name_en="Yunxiu Tea",
        currency="CNY",
        country="CN",
        time_zone=TIME_ZONE,
        first_day=first,
        last_day=last,
        regions=tuple(dict.fromkeys(DemoRegion(c.region, c.region_en) for c in cities)),
        stores=stores,
        accounts=_accounts(),
        bindings=_bindings(stores, company, events),
        campaigns=tuple(p.campaign for p in campaigns),
        cash_columns=dict(CASH_COLUMNS),
    )
    return Scenario(seed, size, chain, cities, places, company, campaigns, events)


def _events(size: DemoSize, first: date, last: date) -> Events:
    n, newest = size.stores, size.months - 1
    span = (last - first).days

    def back(days: int) -> date:
        return last - timedelta(days=min(days, span // 2))

    gap = [last - timedelta(days=k) for k in (0, 1, 2)]
    gap += [back(118) - timedelta(days=k) for k in range(6)]
    return Events(
        moved_from=0,
        moved_to=6 if n > 6 else 1 % n,
        moved_on=back(160),
        unknown_at=2 % n,
        unknown_from=back(40),
        missing_at=9 % n,
        missing_days=frozenset(gap),
        slump_at=4 % n,
        slump_from=last - timedelta(days=11),
        till_at=3 % n,
        till_months=tuple(sorted({max(0, newest - 3), max(0, newest - 2)})),
        duplicate_month=max(0, newest - 1),
        reexport_month=max(0, newest - 2),
    )


def _stores(
    places: tuple[Spot, ...],
    cities: tuple[City, ...],
    first: date,
    last: date,
    rng: np.random.Generator,
) -> tuple[DemoStore, ...]:
    opened = _openings(len(places), first, last)
    closing = 16 if len(places) > 16 else len(places) - 2 if len(places) >= 8 else -1
    numbers: dict[str, int] = {}
    stores = []
    for i, (spot, city) in enumerate(zip(places, cities, strict=True)):
        numbers[city.prefix] = numbers.get(city.prefix, 0) + 1
        area = int(rng.integers(28, 72)) + (35 if spot.kind == "mall" else 0)
        rent = area * city.rent_per_sqm * rng.uniform(0.75, 1.3)
        earlier = first - timedelta(days=int(rng.integers(90, 1900)))
        stores.append(
            DemoStore(
                code=f"{city.prefix}{numbers[city.prefix]:03d}",
                name=spot.name,
                name_en=spot.name_en,
                city=city.name,
                city_en=city.name_en,
                region=city.region,
                lat=spot.lat,
                lon=spot.lon,
                opened_on=opened.get(i, earlier),
                closed_on=first + (last - first) * 3 // 5 if i == closing else None,
                area_sqm=area,
                monthly_rent=int(rent) // 100 * 10_000,
                time_zone=TIME_ZONE,
                cutover_hour=2 if i in _LATE_NIGHT else 0,
            )
        )
    return tuple(stores)


_LATE_NIGHT = (5, 10)


def _openings(count: int, first: date, last: date) -> dict[int, date]:
    """Return which stores open within the time, and when: a sixth of them, spread evenly."""
    who = list(range(7, count, 5))[:8] if count > 7 else [count - 1] if count > 2 else []
    span = (last - first).days
    return {i: first + timedelta(days=span * (k + 1) // (len(who) + 1)) for k, i in enumerate(who)}


def till_shop(city: str, name: str) -> str:
    """Return what a store is called in the reports of its till."""
    return f"{BRAND}({city}{name})"


def _accounts() -> tuple[DemoAccount, ...]:
    return (
        *(DemoAccount("wechat", ref, label) for ref, label in WECHAT_ACCOUNTS),
        *(DemoAccount("alipay", ref, label) for ref, label in ALIPAY_ACCOUNTS),
        DemoAccount("meituan", *MEITUAN_ACCOUNT),
        DemoAccount("cash", *CASH_ACCOUNT),
        DemoAccount("meituan", *TILL_ACCOUNT),
    )


def _bindings(
    stores: tuple[DemoStore, ...], company: tuple[int, ...], events: Events
) -> tuple[DemoBinding, ...]:
    found = []
    for i, store in enumerate(stores):
        wechat = WECHAT_ACCOUNTS[company[i]][0]
        for number in (1, 2):
            ref = wechat_terminal(i, number)
            found.append(DemoBinding("wechat", wechat, "terminal", ref, store.code))
        alipay = ALIPAY_ACCOUNTS[company[i]][0]
        found.append(DemoBinding("alipay", alipay, "store", alipay_shop(i), store.code))
        found.append(
            DemoBinding("meituan", MEITUAN_ACCOUNT[0], "store", meituan_shop(i), store.code)
        )
        found.append(DemoBinding("cash", CASH_ACCOUNT[0], "store", store.code, store.code))
    moved = wechat_terminal(events.moved_from, 2)
    account = WECHAT_ACCOUNTS[company[events.moved_from]][0]
    new = stores[events.moved_to].code
    found.append(DemoBinding("wechat", account, "terminal", moved, new, events.moved_on))
    till = stores[events.till_at]
    shop = till_shop(till.city, till.name)
    found.append(DemoBinding("meituan", TILL_ACCOUNT[0], "store", shop, till.code))
    return tuple(found)
