"""A ranking fair to age, size and place: what a store took against what one of its kind does.

*Expected* of a store is what the others lead to expect (advice.shrinkage, everyone left out once)
from floor area, age, region, city and the platforms it sells on, in logarithms, per day of weight
1 (advice.weights): a store that opened in the period is asked for the days it was open. *Gap* is
the logarithm of actual over expected. It is the sum of gaps in the days it was open, orders per
day, ticket and what refunds and discounts left, because the smoother is linear: so the parts are
reasons that leave no remainder.

How sure it is: a store's takings swing from week to week beside what the whole chain does. The
spread of that is taken from differences of successive weeks (von Neumann, Annals of Mathematical
Statistics 12, 1941), which a trend does not swell, and drawn towards that of all stores where
weeks are few. With the error of what is expected it gives each gap an error, and the gap is shrunk
towards nothing by it (James and Stein; Laird and Louis, "Empirical Bayes ranking methods", Journal
of Educational Statistics 14, 1989). Two stores whose shrunken gaps differ by less than the error
of their difference (90 %) cannot be told apart; ``rank_best`` to ``rank_worst`` are the places
that a store may hold by those pairs (Goldstein and Spiegelhalter, "League tables and their
limitations", JRSS A 159, 1996). Stores of one ``tier`` cannot be told from its first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advice.reasons import Reason
from advice.shrinkage import Design, LeftOut, fit
from advice.weights import Kinds, day_weights
from chain.days import Period

Floats = NDArray[np.float64]

FEWEST_STORES = 3
FEWEST_DAYS = 5
"""A store with fewer days of data in the period is not ranked."""
PAIR = 1.645
"""Two-sided 90 % of the normal distribution."""
KIND = 1.2816
"""80 %: the range in which stores of a kind usually are."""
WEEK_SPREAD = 0.15
"""Where no two successive weeks are known: how much the logarithm of a week swings."""
PRIOR_WEEKS = 6.0
AGES = (60.0, 365.0)
"""Days in which what is special about a new store fades by a factor of e: opening, growing up."""
FEWEST_OF_A_GROUP = 2
PARTS = ("open", "orders", "ticket", "kept")
BLOCKS = ("area", "age", "region", "city", "platforms")
WORTH_SAYING = 0.01


@dataclass(frozen=True)
class Asked:
    """What a ranking is made of.

    ``days``: a row for each store and kind of day with data in the period: ``store``, ``kind``,
    ``days``, ``gross``, ``orders``, ``refund``, ``merchant_subsidy``. ``stores``: ``store``,
    ``opened``, ``closed`` (dates or None), ``area_sqm`` (NaN: not known), ``region``, ``city``
    (anything; None: not known). ``weeks``: ``store``, ``week``, ``amount`` of whole weeks up to the
    period's end. ``platforms``: ``store``, ``platform``, ``amount`` (gross in the period).
    ``usual``: as in ``day_weights``, or None.
    """

    days: pd.DataFrame
    stores: pd.DataFrame
    weeks: pd.DataFrame
    platforms: pd.DataFrame
    period: Period
    kinds: Kinds
    usual: pd.DataFrame | None = None


COLUMNS = (
    "store", "actual", "expected", "low", "high", "gap", "error", "rank", "rank_best",
    "rank_worst", "tier", "tied", *PARTS, *BLOCKS, "platform", "platform_share",
    "platform_expected", "age_days", "days_open", "days_with",
)  # fmt: skip


def rank_stores(asked: Asked) -> pd.DataFrame:
    """Return one row for each store that can be ranked, best first; ``COLUMNS``.

    ``actual`` and ``expected`` are net sales of the period in minor units, ``low`` to ``high`` the
    range of 80 % of stores of its kind. ``gap`` is the shrunken logarithm, ``error`` its standard
    error. ``PARTS`` are logarithms that add up to the plain one, ln(actual / expected); ``BLOCKS``
    what each trait of the store adds to what is expected of it, against the mean store. ``tied``:
    its place may be another. ``platform`` is the one whose share is furthest from what is usual
    for its kind, with both shares. Empty where there are fewer than three stores to compare.
    """
    facts = _Facts.of(asked)
    if len(facts.ids) < FEWEST_STORES:
        return pd.DataFrame({name: [] for name in COLUMNS})
    smoother = fit(_design(facts), facts.level)
    expected = smoother.expected(facts.level)
    spread = _spread(asked.weeks, facts)
    gap, error, between = _shrunken(facts.level - expected, facts.shut, smoother, spread)
    plain = facts.level - expected + facts.shut
    likely = np.exp(expected) * facts.could
    around = np.exp(KIND * np.sqrt(between + spread))
    rows = pd.DataFrame(
        {
            "store": facts.ids,
            "actual": facts.actual,
            "expected": np.rint(facts.actual / np.exp(plain)).astype(np.int64),
            "low": np.rint(likely / around).astype(np.int64),
            "high": np.rint(likely * around).astype(np.int64),
            "gap": gap,
            "error": error,
            "open": facts.shut,
            **{name: values - smoother.expected(values) for name, values in facts.parts.items()},
            **{name: smoother.through(facts.level, name) for name in BLOCKS},
            **_platforms(facts, smoother),
            "age_days": facts.age,
            "days_open": facts.days_open,
            "days_with": facts.days_with,
        }
    )
    return _ranked(rows)[list(COLUMNS)]


def reasons(row: Any, most: int = 2) -> list[Reason]:
    """Return why a store of ``rank_stores`` stands where it does, the strongest first.

    The parts that point the way of the whole gap, then the platform that stands out where that is
    part of it, and last what its age had to do with what is expected.
    """
    gap = sum(float(row[name]) for name in PARTS)
    expected = float(row["expected"])
    along = sorted(
        (name for name in PARTS if float(row[name]) * gap > 0),
        key=lambda name: (-abs(float(row[name])), PARTS.index(name)),
    )
    found = [
        Reason(
            "rank",
            name,
            float(np.expm1(row[name])),
            # By shares of the logarithm, so that the parts of the money add up as well.
            (float(row["actual"]) - expected) * float(row[name]) / gap,
            _numbers(row, name),
        )
        for name in along[:most]
        if abs(float(row[name])) >= WORTH_SAYING
    ]
    return [*found, *_of_platform(row, gap), *_of_age(row)]


def _numbers(row: Any, name: str) -> dict[str, float]:
    if name != "open":
        return {}
    return {"without": float(row["days_open"]) - float(row["days_with"])}


def _of_platform(row: Any, gap: float) -> list[Reason]:
    own, usual = float(row["platform_share"]), float(row["platform_expected"])
    away = own - usual
    if not row["platform"] or abs(away) < 0.05 or away * gap <= 0:
        return []
    return [
        Reason(
            "rank",
            "platform",
            away,
            float(row["actual"]) * away,
            {"own": own, "usual": usual},
            {"platform": str(row["platform"])},
        )
    ]


def _of_age(row: Any) -> list[Reason]:
    effect = float(row["age"])
    if np.isnan(row["age_days"]) or row["age_days"] > 2 * AGES[-1] or abs(effect) < 0.02:
        return []
    share = float(np.expm1(effect))
    months = max(1.0, round(float(row["age_days"]) / 30.44))
    return [Reason("rank", "age", share, float(row["expected"]) * share, {"months": months})]


@dataclass(frozen=True)
class _Facts:
    """Arrays by store, in order of their ids.

    ``could`` is the weight of the days it was open by its dates; ``level`` the logarithm of net
    sales per day of weight 1 with data, ``shut`` that of the share of days with data.
    """

    ids: NDArray[np.int64]
    actual: NDArray[np.int64]
    could: Floats
    level: Floats
    shut: Floats
    parts: dict[str, Floats]
    age: Floats
    area: Floats
    region: NDArray[np.object_]
    city: NDArray[np.object_]
    shares: pd.DataFrame
    days_open: Floats
    days_with: Floats

    @staticmethod
    def of(asked: Asked) -> "_Facts":
        weights = day_weights(_learned(asked))
        each = asked.days["kind"].map(lambda kind: weights.get(int(kind), 1.0))
        by = asked.days.assign(weight=each * asked.days["days"]).groupby("store")
        sums = by[["days", "weight", "gross", "orders", "refund", "merchant_subsidy"]].sum()
        about = asked.stores.set_index("store").reindex(sums.index)
        net = sums["gross"] - sums["refund"] - sums["merchant_subsidy"]
        could, days_open = _could(asked, about, weights)
        there = (net > 0) & (sums["orders"] > 0) & (sums["days"] >= FEWEST_DAYS)
        there &= sums.index.isin(asked.stores["store"])
        which = there.to_numpy(bool)
        sums, about, net = sums[there], about[there], net[there]
        weight = sums["weight"].to_numpy(float)
        could = np.maximum(could[which], weight)
        count, gross = sums["orders"].to_numpy(float), sums["gross"].to_numpy(float)
        level = np.log(net.to_numpy(float) / weight)
        orders, ticket = np.log(count / weight), np.log(gross / count)
        ids = sums.index.to_numpy(np.int64)
        return _Facts(
            ids=ids,
            actual=net.to_numpy(np.int64),
            could=could,
            level=level,
            shut=np.log(weight / could),
            parts={"orders": orders, "ticket": ticket, "kept": level - orders - ticket},
            age=np.array([_age(day, asked.period) for day in about["opened"]], dtype=float),
            area=about["area_sqm"].to_numpy(float),
            region=about["region"].to_numpy(object),
            city=about["city"].to_numpy(object),
            shares=_shares(asked.platforms, ids),
            days_open=days_open[which],
            days_with=sums["days"].to_numpy(float),
        )


def _learned(asked: Asked) -> pd.DataFrame:
    own = pd.DataFrame(
        {
            "group": "s" + asked.days["store"].astype(str),
            "kind": asked.days["kind"],
            "days": asked.days["days"],
            "amount": asked.days["gross"],
        }
    )
    if asked.usual is None or asked.usual.empty:
        return own
    more = asked.usual.assign(group="u" + asked.usual["group"].astype(str))
    return pd.concat([own, more[list(own.columns)]], ignore_index=True)


def _could(asked: Asked, about: pd.DataFrame, weights: dict[int, float]) -> tuple[Floats, Floats]:
    """Return the weight and the number of days on which each store was open by its dates."""
    weight: list[float] = []
    count: list[float] = []
    known: dict[tuple[date, date], tuple[float, float]] = {}
    for opened, closed in zip(about["opened"], about["closed"], strict=True):
        first, last = asked.period.start, asked.period.end
        if opened is not None and not pd.isna(opened):
            first = max(first, opened)
        if closed is not None and not pd.isna(closed):
            last = min(last, closed)
        if (first, last) not in known:
            days = asked.kinds.counted(first, last)
            whole = sum(number * weights.get(kind, 1.0) for kind, number in sorted(days.items()))
            known[first, last] = whole, float(sum(days.values()))
        weight.append(known[first, last][0])
        count.append(known[first, last][1])
    return np.array(weight), np.array(count)


def _age(opened: object, period: Period) -> float:
    """Return the days from opening to the middle of the period."""
    if not isinstance(opened, date) or pd.isna(opened):
        return float("nan")
    middle = (period.start.toordinal() + period.end.toordinal()) / 2
    return max(middle - opened.toordinal(), 0.0)


def _shares(platforms: pd.DataFrame, ids: NDArray[np.int64]) -> pd.DataFrame:
    """Return each platform's share of each store's gross sales, [stores, platforms]."""
    if platforms.empty:
        return pd.DataFrame(index=ids)
    wide = platforms.pivot_table(
        index="store", columns="platform", values="amount", aggfunc="sum", fill_value=0.0
    )
    wide = wide.reindex(ids).fillna(0.0).astype(float)
    total = wide.sum(axis=1)
    return wide.div(total.where(total > 0, 1.0), axis=0)


def _design(facts: _Facts) -> Design:
    """Return what may explain a store's level: centred columns."""
    columns: list[tuple[str, bool, Floats]] = []
    known = facts.area > 0
    if known.sum() >= FEWEST_STORES:
        size = np.log(np.where(known, facts.area, 1.0))
        columns.append(("area", False, _standard(np.where(known, size, size[known].mean()))))
        columns.append(("area", True, (~known).astype(float)))
    age = np.where(np.isnan(facts.age), np.inf, facts.age)
    columns.extend(("age", False, _standard(np.exp(-age / fades))) for fades in AGES)
    columns.extend(("region", True, each) for each in _members(facts.region))
    columns.extend(("city", True, each) for each in _members(facts.city))
    columns.extend(
        ("platforms", True, (facts.shares[name].to_numpy() > 0.01).astype(float))
        for name in facts.shares
    )
    used = [(block, group, values - values.mean()) for block, group, values in columns
            if values.std() > 0]  # fmt: skip
    return Design(
        np.column_stack([values for _, _, values in used])
        if used
        else np.zeros((len(facts.ids), 0)),
        np.array([group for _, group, _ in used], dtype=bool),
        tuple(block for block, _, _ in used),
    )


def _standard(values: Floats) -> Floats:
    spread = values.std()
    scaled: Floats = (values - values.mean()) / spread if spread > 0 else values * 0
    return scaled


def _members(names: NDArray[np.object_]) -> list[Floats]:
    codes, known = pd.factorize(names, sort=False)
    counts = np.bincount(codes[codes >= 0], minlength=len(known))
    return [
        (codes == at).astype(float) for at in np.flatnonzero(counts >= FEWEST_OF_A_GROUP).tolist()
    ]


def _spread(weeks: pd.DataFrame, facts: _Facts) -> Floats:
    """Return the variance of each store's ``level`` by chance."""
    rows = weeks[weeks["amount"] > 0]
    own = np.zeros(len(facts.ids))
    count = np.zeros(len(facts.ids))
    if len(rows):
        wide = rows.pivot_table(index="store", columns="week", values="amount", aggfunc="sum")
        logs = np.log(wide.reindex(facts.ids).sort_index(axis=1).to_numpy(float))
        with np.errstate(invalid="ignore"):
            steps = np.diff(logs, axis=1)
        known = np.isfinite(steps)
        common = np.where(known, steps, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        alone = np.where(known, steps - common, 0.0)
        # The common step is made of the stores' own, and takes a part of them away.
        stores = np.maximum(known.sum(axis=0), 2)
        own = (alone**2 * stores / (stores - 1)).sum(axis=1) / 2
        count = known.sum(axis=1).astype(float)
    usual = own.sum() / count.sum() if count.sum() else WEEK_SPREAD**2
    a_week = (own + PRIOR_WEEKS * usual) / (count + PRIOR_WEEKS)
    return a_week * 7 / np.maximum(facts.days_with, 1)


def _shrunken(
    missed: Floats, shut: Floats, smoother: LeftOut, spread: Floats
) -> tuple[Floats, Floats, float]:
    """Return the shrunken gaps, their errors, and the variance between stores of a kind."""
    whole = float((missed**2 * (1 - smoother.leverage)).mean())
    between = max(whole - float(spread.mean()), 0.05 * whole, 1e-12)
    learned = (between + spread) * smoother.leverage / (1 - smoother.leverage)
    doubt = spread + learned
    trust = between / (between + doubt)
    # Days shut are no matter of chance in what the others do: they are seen.
    return missed * trust + shut, np.sqrt(trust * doubt), between


def _platforms(facts: _Facts, smoother: LeftOut) -> dict[str, list[object]]:
    """Return the platform whose share is furthest from what is usual, and both shares."""
    names = list(facts.shares.columns)
    if len(names) < 2:
        blank: list[object] = [""] * len(facts.ids)
        nothing: list[object] = [float("nan")] * len(facts.ids)
        return {"platform": blank, "platform_share": nothing, "platform_expected": nothing}
    own = facts.shares.to_numpy(float)
    usual = np.clip(
        np.column_stack([smoother.expected(own[:, at]) for at in range(len(names))]), 0, 1
    )
    at = np.abs(own - usual).argmax(axis=1)
    row = np.arange(len(own))
    return {
        "platform": [names[each] for each in at],
        "platform_share": list(own[row, at]),
        "platform_expected": list(usual[row, at]),
    }


def _ranked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows best first, with the places that each may hold."""
    rows = rows.sort_values(["gap", "store"], ascending=[False, True], ignore_index=True)
    gap, error = rows["gap"].to_numpy(float), rows["error"].to_numpy(float)
    better = np.empty(len(rows), dtype=np.int64)
    worse = np.empty(len(rows), dtype=np.int64)
    for at in range(len(rows)):
        apart = (gap - gap[at]) / np.maximum(np.hypot(error, error[at]), 1e-12)
        better[at], worse[at] = (apart > PAIR).sum(), (apart < -PAIR).sum()
    rows["rank"] = np.arange(1, len(rows) + 1)
    rows["rank_best"] = better + 1
    rows["rank_worst"] = len(rows) - worse
    rows["tied"] = rows["rank_best"] != rows["rank_worst"]
    rows["tier"] = _tiers(gap, error)
    return rows


def _tiers(gap: Floats, error: Floats) -> Sequence[int]:
    """Return tiers from 1: a new one begins with the first that is told from the last one's."""
    tiers: list[int] = []
    first = 0
    for at in range(len(gap)):
        if not tiers:
            tiers.append(1)
        elif (gap[first] - gap[at]) / max(np.hypot(error[first], error[at]), 1e-12) > PAIR:
            first = at
            tiers.append(tiers[-1] + 1)
        else:
            tiers.append(tiers[-1])
    return tiers
