"""The bridge from one period's net sales to another's: what made the difference, to the minor unit.

Of a store that was there in both periods, net sales are a product::

    net = W × u × q × t × k

    W  days of the period, each by the weight of its kind (advice.weights)   -> calendar
    u  share of W on which the store had data                                -> closed days
    q  orders per such day of weight 1                                       -> orders
    t  gross sales per order                                                 -> ticket
    k  1 - refunds/gross - discounts/gross [- fees/gross]   -> refunds, subsidies, fees

The change of the product is divided among its factors by Shapley value (advice.shapley, with the
sources), and the change of k among its three rates in proportion to their own change. So *refunds*
is what a change of the refund *rate* made: more orders at the old rate bring more refunds too, and
those are in *orders*. What cannot be known of a period without data (its ticket, say) is taken as
in the other one, so that all of it is *closed days*. Stores that opened or closed on the way, and
money bound to no store, are steps of their own. Everything is added up from whole minor units a
store, so steps, stores and totals agree exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advice.reasons import Reason
from advice.shapley import slopes, whole
from advice.weights import Kinds, day_weights
from chain.days import Period

Floats = NDArray[np.float64]
Measure = Literal["net_sales", "after_fees"]

STEPS = (
    "calendar",
    "closed",
    "orders",
    "ticket",
    "refunds",
    "subsidies",
    "fees",
    "opened",
    "left",
    "unassigned",
)
"""All steps in their order; ``opened`` and ``left``: stores that came and went."""
WITHIN = STEPS[:7]
"""Steps that a store in both periods can have."""
SUMMED = ("days", "gross", "orders", "refund", "merchant_subsidy", "fee")
WORTH = 0.05
_RATES = ("refund", "merchant_subsidy", "fee")


@dataclass(frozen=True)
class Bridge:
    """How ``before`` became ``now``, in minor units.

    ``steps`` has every one of ``STEPS`` and adds up to ``now - before``. ``stores``: a row a store
    by ``store``: ``group`` (same, opened, left, unassigned), ``before``, ``now`` and the steps,
    which add up along rows and columns alike. ``same`` are net sales of the stores in both periods,
    before and now; ``facts`` are totals over those stores (before, now): ``orders``, ``ticket``
    (minor units), ``open_days``, ``refund_rate``, ``subsidy_rate``, ``fee_rate``.
    """

    measure: Measure
    before: int
    now: int
    steps: Mapping[str, int]
    stores: pd.DataFrame
    same: tuple[int, int]
    facts: Mapping[str, tuple[float, float]]

    @property
    def growth(self) -> float | None:
        """Same-store growth; None where those stores took nothing before."""
        return self.same[1] / self.same[0] - 1 if self.same[0] > 0 else None


def bridge(
    days: pd.DataFrame,
    stores: pd.DataFrame,
    periods: tuple[Period, Period],
    kinds: Kinds,
    *,
    usual: pd.DataFrame | None = None,
    measure: Measure = "net_sales",
) -> Bridge:
    """Return the bridge between the two ``periods`` (before, now).

    ``days``: a row for each store, side (0 before, 1 now) and kind of day with data: ``store``,
    ``side``, ``kind`` and ``SUMMED`` (``days`` with data; money in minor units). ``stores``: a row
    a store: ``store``, ``opened``, ``closed`` (dates or None), ``unassigned``. ``kinds`` says the
    kind of each day of both periods on which there may be data. ``usual``: rows to learn the
    weights of days from, in place of ``days``; see ``day_weights``.
    """
    if periods[1].start < periods[0].start:
        turned = days.assign(side=1 - days["side"])
        return _turned(
            bridge(turned, stores, (periods[1], periods[0]), kinds, usual=usual, measure=measure)
        )
    sums = _Sums.of(days, stores)
    group = _groups(sums, periods)
    weights = day_weights(_learned_from(days, usual))
    calendar = _calendar(periods, kinds, weights)
    same = group == "same"
    net = sums.net(measure)
    steps = np.zeros((len(STEPS), len(sums.stores)), dtype=np.int64)
    steps[: len(WITHIN), same] = _within(sums.only(same), calendar, weights, measure)
    for name in ("opened", "left", "unassigned"):
        there = group == name
        steps[STEPS.index(name), there] = (net[1] - net[0])[there]
    rows = pd.DataFrame({"store": sums.stores, "group": group, "before": net[0], "now": net[1]})
    for at, name in enumerate(STEPS):
        rows[name] = steps[at]
    return Bridge(
        measure=measure,
        before=int(net[0].sum()),
        now=int(net[1].sum()),
        steps={name: int(steps[at].sum()) for at, name in enumerate(STEPS)},
        stores=rows,
        same=(int(net[0][same].sum()), int(net[1][same].sum())),
        facts=_facts(sums.only(same)),
    )


def reasons(made: Bridge, store: int, most: int = 2) -> list[Reason]:
    """Return what moved a store most, the largest first: the steps that went the way it went.

    Steps of less than ``WORTH`` of the change explain nothing and are not named.
    ``share`` is of what the store took before. Empty for a store that is not there in both periods
    or did not change.
    """
    found = made.stores[(made.stores["store"] == store) & (made.stores["group"] == "same")]
    if found.empty:
        return []
    row = found.iloc[0]
    change = int(row["now"] - row["before"])
    before = float(row["before"]) or float("nan")
    along = [
        (name, int(row[name]))
        for name in WITHIN
        if int(row[name]) * change > 0 and abs(int(row[name])) >= WORTH * abs(change)
    ]
    along.sort(key=lambda step: (-abs(step[1]), WITHIN.index(step[0])))
    return [Reason("bridge", name, amount / before, amount) for name, amount in along[:most]]


@dataclass(frozen=True)
class _Sums:
    """Sums by [side, store, kind], stores in order of their id."""

    stores: NDArray[np.int64]
    kinds: tuple[int, ...]
    by: Mapping[str, Floats]
    opened: list[date | None]
    closed: list[date | None]
    unassigned: NDArray[np.bool_]

    @staticmethod
    def of(days: pd.DataFrame, stores: pd.DataFrame) -> "_Sums":
        about = stores.set_index("store")
        ids = np.unique(days["store"].to_numpy(np.int64))
        kinds = tuple(int(kind) for kind in np.unique(days["kind"].to_numpy()))
        at = (
            days["side"].to_numpy(np.int64),
            np.searchsorted(ids, days["store"].to_numpy(np.int64)),
            np.searchsorted(np.array(kinds), days["kind"].to_numpy()),
        )
        by = {}
        for name in SUMMED:
            by[name] = np.zeros((2, len(ids), max(len(kinds), 1)))
            np.add.at(by[name], at, days[name].to_numpy(float))
        known = about.reindex(ids)
        return _Sums(
            ids,
            kinds,
            by,
            [_day(day) for day in known["opened"]],
            [_day(day) for day in known["closed"]],
            known["unassigned"].eq(True).to_numpy(bool),
        )

    def only(self, which: NDArray[np.bool_]) -> "_Sums":
        return _Sums(
            self.stores[which],
            self.kinds,
            {name: values[:, which] for name, values in self.by.items()},
            [],
            [],
            self.unassigned[which],
        )

    def total(self, name: str) -> Floats:
        """Return [side, store]."""
        summed: Floats = self.by[name].sum(axis=2)
        return summed

    def net(self, measure: Measure) -> NDArray[np.int64]:
        net = self.total("gross") - self.total("refund") - self.total("merchant_subsidy")
        if measure == "after_fees":
            net = net - self.total("fee")
        return np.rint(net).astype(np.int64)

    def traded(self, weights: Mapping[int, float]) -> Floats:
        """Return the weight of the days with data, [side, store]."""
        each = np.array([weights.get(kind, 1.0) for kind in self.kinds] or [1.0])
        weighed: Floats = self.by["days"] @ each
        return weighed


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) and not pd.isna(value) else None


def _groups(sums: _Sums, periods: tuple[Period, Period]) -> NDArray[np.object_]:
    """Return what each store is; ``periods`` are in the order of time."""
    first, last = periods[0].start, max(period.end for period in periods)
    without = sums.total("days")[0] == 0
    found: list[str] = []
    for at in range(len(sums.stores)):
        opened, closed = sums.opened[at], sums.closed[at]
        if sums.unassigned[at]:
            found.append("unassigned")
        elif closed and closed < last:
            found.append("left")
        elif opened > first if opened else without[at]:
            found.append("opened")
        else:
            found.append("same")
    return np.array(found, dtype=object)


def _learned_from(days: pd.DataFrame, usual: pd.DataFrame | None) -> pd.DataFrame:
    """Return what the weights of days are learned from: ``usual`` alone, where there is any.

    So that a store's steps are the same in a bridge of itself and in one of the whole chain.
    """
    if usual is not None and len(usual):
        return usual.sort_values(["group", "kind"])
    return pd.DataFrame(
        {
            "group": "s" + days["store"].astype(str) + "/" + days["side"].astype(str),
            "kind": days["kind"],
            "days": days["days"],
            "amount": days["gross"],
        }
    ).sort_values(["group", "kind"])


def _calendar(
    periods: tuple[Period, Period], kinds: Kinds, weights: Mapping[int, float]
) -> tuple[float, float]:
    before, now = (
        float(
            sum(
                count * weights.get(kind, 1.0)
                for kind, count in sorted(kinds.counted(period.start, period.end).items())
            )
        )
        for period in periods
    )
    return before, now


def _within(
    sums: _Sums, calendar: tuple[float, float], weights: Mapping[int, float], measure: Measure
) -> NDArray[np.int64]:
    """Return the steps of stores in both periods, [WITHIN, stores]."""
    gross, orders = sums.total("gross"), sums.total("orders")
    traded = sums.traded(weights)
    traded = np.where((traded == 0) & (gross != 0), 1.0, traded)
    # Days with data that the calendar does not know must not make a share above all there is.
    calendar_days = np.maximum(np.array(calendar)[:, None], traded)
    share = _known(traded, calendar_days, calendar_days > 0)
    rate = _known(orders, traded, (traded > 0) & ((orders > 0) | (gross == 0)))
    ticket = _known(gross, traded * rate, traded * rate > 0)
    off = {name: sums.total(name) for name in _RATES}
    if measure == "net_sales":
        off["fee"] = np.zeros_like(gross)
    taken = {name: _known(amount, gross, gross != 0, unknown=0.0) for name, amount in off.items()}
    factors = np.stack([calendar_days, share, rate, ticket, 1 - sum(taken.values())], axis=1)
    slope = slopes(factors[0], factors[1])
    parts = list(slope[:4] * (factors[1] - factors[0])[:4])
    for name, amount in off.items():
        # Taken off in a period without any gross sales: no rate, but an amount all the same.
        beside = np.where(gross != 0, 0.0, amount)
        change = taken[name][1] - taken[name][0]
        parts.append(-slope[4] * change - (beside[1] - beside[0]))
    net = sums.net(measure)
    return whole(np.stack(parts), net[1] - net[0])


def _known(top: Floats, under: Floats, known: NDArray[np.bool_], *, unknown: float = 1.0) -> Floats:
    """Return ``top / under`` [side, store]; not known: as on the other side, else ``unknown``."""
    ratio = np.divide(top, under, out=np.zeros_like(top), where=known)
    either = np.where(known[::-1], ratio[::-1], unknown)
    return np.where(known, ratio, either)


def _facts(same: _Sums) -> dict[str, tuple[float, float]]:
    """Return the totals that sentences compare, over stores in both periods."""
    total = {name: same.total(name).sum(axis=1) for name in SUMMED}

    def over(top: str, under: str) -> tuple[float, float]:
        before, now = (
            float(a / b) if b else float("nan")
            for a, b in zip(total[top], total[under], strict=True)
        )
        return before, now

    return {
        "orders": (float(total["orders"][0]), float(total["orders"][1])),
        "open_days": (float(total["days"][0]), float(total["days"][1])),
        "ticket": over("gross", "orders"),
        "refund_rate": over("refund", "gross"),
        "subsidy_rate": over("merchant_subsidy", "gross"),
        "fee_rate": over("fee", "gross"),
    }


def _turned(made: Bridge) -> Bridge:
    """Return the bridge the other way."""
    rows = made.stores.rename(columns={"before": "now", "now": "before"})
    rows = rows[list(made.stores.columns)]
    rows[list(STEPS)] = -rows[list(STEPS)]
    return Bridge(
        measure=made.measure,
        before=made.now,
        now=made.before,
        steps={name: -amount for name, amount in made.steps.items()},
        stores=rows,
        same=(made.same[1], made.same[0]),
        facts={name: (now, before) for name, (before, now) in made.facts.items()},
    )
