"""One month's payments, drawn at once: who paid what, where, when, and took it back."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from runtime.demo.demand import Demand
from runtime.demo.geography import CITIES
from runtime.demo.menu import menu
from runtime.demo.scenario import Scenario

WECHAT, ALIPAY, MEITUAN = 0, 1, 2
PLATFORMS = ("wechat", "alipay", "meituan")
SALE, TOP_UP, REFUND = 0, 1, 2
KINDS = ("sale", "topup", "refund")
MOVED_TILL, UNKNOWN_TILL = 3, 4
DAY = 86_400
PAYERS_PER_CITY = 14_000
_ALIPAY_SHARE = {"上海": 0.42, "杭州": 0.53, "苏州": 0.42, "南京": 0.40, "成都": 0.36, "武汉": 0.34}
_REFUNDED = 0.008
_LONGEST_REFUND_DAYS = 25

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Customers an hour, from 09:00 (to 22:00; a late-night store goes on to 02:00).
_HOURS = {
    ("mall", False): (1, 3, 5, 7, 7, 8, 8, 7, 8, 10, 10, 8, 4),
    ("mall", True): (1, 4, 7, 9, 10, 11, 11, 10, 9, 10, 10, 8, 4),
    ("street", False): (1, 3, 5, 7, 8, 8, 8, 8, 8, 9, 9, 7, 4),
    ("street", True): (2, 4, 7, 9, 10, 11, 11, 10, 9, 10, 10, 8, 5),
    ("office", False): (7, 9, 7, 8, 11, 12, 10, 7, 5, 4, 3, 2, 1),
    ("office", True): (2, 4, 6, 7, 8, 8, 8, 7, 5, 4, 3, 2, 1),
    ("campus", False): (3, 5, 6, 9, 7, 6, 7, 8, 8, 10, 11, 10, 6),
    ("campus", True): (2, 4, 6, 8, 9, 9, 9, 8, 8, 10, 11, 10, 6),
    ("late", False): (0, 2, 3, 5, 5, 6, 6, 6, 7, 9, 10, 10, 9, 8, 6, 4, 2),
    ("late", True): (0, 2, 4, 6, 7, 8, 8, 7, 8, 9, 10, 11, 11, 10, 9, 6, 3),
}


@dataclass(frozen=True, slots=True)
class World:
    """The scenario with its demand, and where each month's payments start in the numbering."""

    scenario: Scenario
    demand: Demand

    def span(self, month: int) -> tuple[int, int]:
        """Return the first day of ``month`` and the day after its last, as day numbers."""
        first = self.scenario.chain.first_day
        start = (self.scenario.month_start(month) - first).days
        end = (self.scenario.month_start(month + 1) - first).days
        return start, min(end, self.scenario.days)

    def day(self, number: int) -> date:
        """Return the date of day ``number``, counted from the demo's first (0)."""
        return self.scenario.chain.first_day + timedelta(days=number)


def platform_shares(scenario: Scenario) -> tuple[Floats, Floats]:
    """Return the shares of Alipay and Meituan by (store, day); the rest pays with WeChat."""
    age = np.arange(scenario.days) / 365.25
    alipay = np.array([_ALIPAY_SHARE[c.name] for c in scenario.cities])
    delivery = np.array([0.7 if s.kind == "street" else 1.0 for s in scenario.spots])
    return alipay[:, None] - 0.02 * age, delivery[:, None] * (0.014 + 0.007 * age)


def month_sales(world: World, month: int) -> pl.DataFrame:
    """Return the sales and top-ups of the business days of ``month``, sorted by time.

    Columns, all integers: number (unique for life), platform, store, till, at (seconds since the
    demo's first midnight, Shanghai time), basket, payer, kind, gross, merchant and subsidy (what
    merchant and platform gave away) in fen, refund_at (null where kept), refund (fen).
    """
    scenario, demand = world.scenario, world.demand
    start, end = world.span(month)
    rng = np.random.default_rng([scenario.seed, 100 + month])
    drawn = demand.drawn[:, start:end]
    cells = np.repeat(np.arange(drawn.size), drawn.ravel())
    store, day = cells // (end - start), cells % (end - start) + start
    platform = _platforms(scenario, store, day, rng)
    at = day * DAY + _seconds(world, store, day, rng)
    basket = _baskets(platform, rng)
    gross, top_up = menu().fen[basket], menu().top_up[basket]
    merchant = _discounts(world, store, day, platform, gross, rng) * ~top_up
    subsidy = _subsidies(platform, rng) * ~top_up
    city = np.array([[c.name for c in CITIES].index(c.name) for c in scenario.cities])
    rank = (PAYERS_PER_CITY * rng.random(len(cells)) ** 2.2).astype(np.int64)
    refund_at, refund = _refunds(at, gross, merchant + subsidy, ~top_up, rng)
    frame = pl.DataFrame(
        {
            "platform": platform,
            "store": store,
            "till": _tills(world, store, at, rng),
            "at": at,
            "basket": basket,
            "payer": city[store] * PAYERS_PER_CITY + rank,
            "kind": np.where(top_up, TOP_UP, SALE),
            "gross": gross,
            "merchant": merchant,
            "subsidy": subsidy,
            "refund_at": refund_at,
            "refund": refund,
        }
    ).sort("at", maintain_order=True)
    first = int(demand.drawn[:, :start].sum())
    numbers = pl.int_range(first, first + len(cells), dtype=pl.Int64, eager=True)
    return frame.with_columns(
        numbers.alias("number"),
        pl.when(pl.col("refund_at") > 0).then("refund_at").alias("refund_at"),
    )


def month_rows(world: World, month: int, sales: list[pl.DataFrame]) -> pl.DataFrame:
    """Return what the bills of calendar ``month`` hold: its sales, and the refunds made in it.

    ``sales`` are the frames of the month and the one before, whose late nights and late refunds
    reach into it. Columns as of `month_sales`, with paid_at (the sale's own time), and the amounts
    of refunds negative.
    """
    start, end = (day * DAY for day in world.span(month))
    both = pl.concat(sales)
    kept = both.with_columns(paid_at=pl.col("at"))
    back = both.filter(pl.col("refund_at").is_not_null()).with_columns(
        kind=pl.lit(REFUND, dtype=pl.Int64),
        paid_at=pl.col("at"),
        at=pl.col("refund_at"),
        gross=-pl.col("refund"),
        merchant=-pl.col("merchant"),
        subsidy=-pl.col("subsidy"),
    )
    rows = pl.concat([kept, back.select(kept.columns)])
    return rows.filter(pl.col("at").is_between(start, end, closed="left")).sort(
        "at", maintain_order=True
    )


def _platforms(scenario: Scenario, store: Ints, day: Ints, rng: np.random.Generator) -> Ints:
    alipay, meituan = platform_shares(scenario)
    pick = rng.random(len(store))
    delivered = meituan[store, day]
    return np.where(
        pick < delivered, MEITUAN, np.where(pick < delivered + alipay[store, day], ALIPAY, WECHAT)
    )


def _seconds(world: World, store: Ints, day: Ints, rng: np.random.Generator) -> Ints:
    """Return seconds after the business date's midnight, by the hours such a store is busy."""
    late = np.array([s.cutover_hour > 0 for s in world.scenario.chain.stores])
    kinds = np.array([s.kind for s in world.scenario.spots])
    kinds = np.where(late, "late", kinds)
    monday = world.scenario.chain.first_day.weekday()
    weekend = (day + monday) % 7 >= 5
    pick = rng.random(len(store))
    seconds = np.empty(len(store), dtype=np.int64)
    at_kind = kinds[store]
    for (kind, on_weekend), busy in _HOURS.items():
        here = (at_kind == kind) & (weekend == on_weekend)
        share = np.concatenate([[0.0], np.cumsum(busy)]) / sum(busy)
        hours = 9.0 + np.interp(pick[here], share, np.arange(len(busy) + 1.0))
        seconds[here] = (hours * 3600).astype(np.int64)
    return seconds


def _baskets(platform: Ints, rng: np.random.Generator) -> Ints:
    pick = rng.random(len(platform))
    basket = np.searchsorted(menu().till, pick, side="right")
    home = platform == MEITUAN
    basket[home] = np.searchsorted(menu().delivery, pick[home], side="right")
    return basket


def _discounts(
    world: World,
    store: Ints,
    day: Ints,
    platform: Ints,
    gross: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Return what the merchant gave away: coupons now and then, and the promotion of the day."""
    pick = rng.random(len(store))
    given = np.where(pick < 0.03, 200, 0)
    given[(platform == MEITUAN) & (pick > 0.45)] = 300
    which = world.demand.promotion[store, day]
    for k, promotion in enumerate(world.scenario.promotions):
        campaign = promotion.campaign
        part = (which == k) & (gross >= campaign.threshold) & (pick < promotion.take_up)
        if part.any():
            codes = [PLATFORMS.index(name) for name in campaign.platforms]
            given[part & np.isin(platform, codes)] = campaign.discount
    return given


def _subsidies(platform: Ints, rng: np.random.Generator) -> Ints:
    pick = rng.random(len(platform))
    given = np.where(pick < 0.04, 100, 0) + np.where(pick < 0.01, 100, 0)
    return np.where((platform == MEITUAN) & (pick > 0.6), 200, given)


def _refunds(
    at: Ints, gross: Ints, given: Ints, may: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return when (0: never) and how much; a ticket with a discount is always refunded whole."""
    pick, how, long = rng.random((3, len(at)))
    minutes = np.where(how < 0.8, 60 + long * 1800, DAY * (1 + 2 * long))
    wait = np.where(how > 0.92, DAY * (4 + (_LONGEST_REFUND_DAYS - 4) * long), minutes)
    back = may & (pick < _REFUNDED)
    half = (pick < _REFUNDED / 4) & (given == 0)
    amount = np.where(half, gross // 2, gross)
    return np.where(back, at + wait.astype(np.int64), 0), np.where(back, amount, 0)


def _tills(world: World, store: Ints, at: Ints, rng: np.random.Generator) -> Ints:
    """Return the till that took the money: 1 or 2, the one that moved in, or the unknown one."""
    events, first = world.scenario.events, world.scenario.chain.first_day
    pick = rng.random(len(store))
    till = np.where(pick < 0.38, 2, 1)
    moved = at >= (events.moved_on - first).days * DAY
    till[(store == events.moved_from) & moved] = 1
    till[(store == events.moved_to) & moved & (pick > 0.72)] = MOVED_TILL
    strange = at >= (events.unknown_from - first).days * DAY
    till[(store == events.unknown_at) & strange & (pick > 0.65)] = UNKNOWN_TILL
    return till
