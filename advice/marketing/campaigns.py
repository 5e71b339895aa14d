"""What each past campaign did: lift, pay-back, what was bought ahead, what moved next door.

A campaign's stores are set against stores without one at the time, weighted as in
``experiments.estimate``, days of the week allowed for. Where all stores took part there is nobody
to compare with: then against their own days before, and chance reaches far. How far is found by
reading days without a campaign as if there had been one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from advice.marketing.experiments import estimate
from advice.marketing.panel import Note
from advice.marketing.transforms import Flags, Floats
from chain.errors import PermanentError
from chain.words import Param

BEFORE = 56
AFTER = 14
_LEAST_BEFORE = 21
_LEAST_PLACEBOS = 8
_MOST_PLACEBOS = 40
_Z80 = 1.2816


@dataclass(frozen=True)
class Campaign:
    """What ran where and when; ``cost`` in the money of sales, ``mechanic`` as the owner says."""

    name: str
    mechanic: str
    stores: tuple[str, ...]
    starts: date
    ends: date
    cost: float


@dataclass(frozen=True)
class Moved:
    """A change as a share of sales, with bounds of 80 %."""

    lift: float
    low: float
    high: float


@dataclass(frozen=True)
class Effect:
    """What a campaign did.

    ``incremental``: extra sales with bounds of 80 %, what was lost in the weeks after and next door
    taken off; ``profit`` likewise, margin of them less the cost.

    ``after``: the two weeks behind it (below 0: bought ahead). ``neighbours``: stores near by
    meanwhile, None where there are none. ``by_store``: (lift, its standard error) in logarithms.
    ``against``: stores, or the stores' own time where all took part.
    """

    campaign: Campaign
    during: Moved
    after: Moved
    neighbours: Moved | None
    incremental: Moved
    profit: Moved
    against: Literal["stores", "own_time"]
    by_store: Mapping[str, tuple[float, float]]
    notes: tuple[Note, ...]


class _Days:
    """Sales by store and day, and who had a campaign when."""

    def __init__(
        self, days: pd.DataFrame, campaigns: Sequence[Campaign], store: str, day: str, outcome: str
    ) -> None:
        rows = days[[store, day, outcome]].set_axis(["store", "day", "outcome"], axis=1)
        rows = rows.assign(store=rows["store"].astype(str), day=pd.to_datetime(rows["day"]))
        wide = rows.pivot_table(index="store", columns="day", values="outcome", aggfunc="sum")
        every = pd.date_range(rows["day"].min(), rows["day"].max())
        wide = wide.reindex(columns=every).sort_index()
        self.stores = [str(name) for name in wide.index]
        self.first: date = every[0].date()
        sales = wide.to_numpy(dtype=np.float64)
        self.sales = np.where(sales > 0, sales, np.nan)
        self.busy = np.zeros(sales.shape, dtype=np.bool_)
        for campaign in campaigns:
            start, end = self.span(campaign)
            self.busy[self.rows(campaign.stores), max(start, 0) : max(end, 0)] = True

    def span(self, campaign: Campaign) -> tuple[int, int]:
        """Return the campaign's first day and the day after its last, counted from the first."""
        start = (campaign.starts - self.first).days
        return start, (campaign.ends - self.first).days + 1

    def rows(self, names: Sequence[str]) -> Flags:
        """Return which stores are named; [S]."""
        wanted = set(names)
        return np.array([name in wanted for name in self.stores], dtype=np.bool_)


def effects(
    days: pd.DataFrame,
    campaigns: Sequence[Campaign],
    *,
    store: str,
    day: str,
    outcome: str,
    margin: float,
    neighbours: Mapping[str, Sequence[str]] | None = None,
) -> list[Effect]:
    """Return what each campaign did, in the order given.

    ``days``: a row a store and day with sales; ``margin``: what is left of a unit of sales;
    ``neighbours``: for a store those so near that customers may come from there. A campaign whose
    stores have too few days before it raises PermanentError.
    """
    known = _Days(days, campaigns, store, day, outcome)
    return [_effect(known, one, margin, neighbours or {}) for one in campaigns]


def playbook(
    found: Sequence[Effect], *, like: Sequence[str] | None = None, least: int = 3
) -> pd.DataFrame:
    """Return mechanic, stores, campaigns, lift, low, high (80 %), of stores that are alike.

    ``like``: the stores to count, all unless given; mechanics that fewer than ``least`` of them
    ran are left out. Stores and campaigns differ truly too, so the mean is that of random effects
    (DerSimonian and Laird, "Meta-Analysis in Clinical Trials", 1986). Best first.
    """
    wanted = None if like is None else set(like)
    rows: dict[str, list[tuple[str, str, float, float]]] = {}
    for effect in found:
        for name, (lift, error) in effect.by_store.items():
            if wanted is None or name in wanted:
                rows.setdefault(effect.campaign.mechanic, []).append(
                    (name, effect.campaign.name, lift, error)
                )
    lines = []
    for mechanic, runs in rows.items():
        stores = {run[0] for run in runs}
        if len(stores) < least:
            continue
        by_campaign = [
            _pooled([run for run in runs if run[1] == name]) for name in {run[1] for run in runs}
        ]
        mean, error = _random_effects(by_campaign)
        lines.append(
            {
                "mechanic": mechanic,
                "stores": len(stores),
                "campaigns": len(by_campaign),
                "lift": float(np.expm1(mean)),
                "low": float(np.expm1(mean - _Z80 * error)),
                "high": float(np.expm1(mean + _Z80 * error)),
            }
        )
    columns = ["mechanic", "stores", "campaigns", "lift", "low", "high"]
    table = pd.DataFrame(lines, columns=columns)
    return table.sort_values("lift", ascending=False, ignore_index=True)


def _effect(
    known: _Days, campaign: Campaign, margin: float, near: Mapping[str, Sequence[str]]
) -> Effect:
    start, end = known.span(campaign)
    inside = known.rows(campaign.stores)
    beside = known.rows([n for s in campaign.stores for n in near.get(s, ())]) & ~inside
    last = min(end + AFTER, known.sales.shape[1])
    if start < _LEAST_BEFORE or end > known.sales.shape[1] or not inside.any():
        raise PermanentError("marketing.no_campaign", campaign=campaign.name)
    if not np.isfinite(known.sales[inside, start - _LEAST_BEFORE : end]).any():
        raise PermanentError("marketing.no_campaign", campaign=campaign.name)
    free = ~known.busy[:, start:last].any(axis=1) & ~inside & ~beside
    during, own = _moved(known, inside, free, start, end)
    after, _ = _moved(known, inside, free, start, last, test_from=end)
    moved = _moved(known, beside & ~known.busy[:, start:end].any(axis=1), free, start, end)
    next_door = moved[0] if beside.any() else None
    sold = _sales(known, inside, start, end)
    later = _sales(known, inside, end, last)
    aside = _sales(known, beside, start, end)
    parts = [(during, sold), (after, later)]
    if next_door is not None:
        parts.append((next_door, aside))
    gained = [_money(one, base) for one, base in parts]
    total = sum(one[0] for one in gained)
    error = float(np.sqrt(sum(one[1] ** 2 for one in gained)))
    incremental = Moved(total, total - _Z80 * error, total + _Z80 * error)
    profit = Moved(*(margin * part - campaign.cost for part in vars(incremental).values()))
    return Effect(
        campaign=campaign,
        during=during,
        after=after,
        neighbours=next_door,
        incremental=incremental,
        profit=profit,
        against="stores" if free.sum() >= 3 else "own_time",
        by_store=own,
        notes=_notes(profit, after, next_door),
    )


def _moved(
    known: _Days, inside: Flags, free: Flags, start: int, end: int, test_from: int | None = None
) -> tuple[Moved, dict[str, tuple[float, float]]]:
    """Return what moved from ``test_from`` (or ``start``) to ``end``, all stores and each alone."""
    first = start if test_from is None else test_from
    if not inside.any() or first >= end:
        return Moved(0.0, 0.0, 0.0), {}
    here = _read(known, inside, free, start, first, end)
    if here is None:
        return Moved(0.0, -1.0, 1.0), {}
    nulls: list[dict[int, float]] = []
    wide = end - start
    for back in range(7, 7 * 52, 7):
        ends = start - back + wide
        if start - back < _LEAST_BEFORE or len(nulls) >= _MOST_PLACEBOS:
            break
        if ends > start or known.busy[inside, start - back : ends].any():
            continue
        null = _read(known, inside, free, start - back, first - back, end - back)
        if null is not None:
            nulls.append(null)
    error = _rms([null[-1] for null in nulls])
    if len(nulls) < _LEAST_PLACEBOS:
        error = max(error, 0.1)
    # Placebos overlap: only so many of them are independent.
    error *= float(stats.t.ppf(0.9, max(2, 7 * len(nulls) // wide))) / _Z80
    own = {}
    for at in (s for s in here if s >= 0):
        missed = [null[at] for null in nulls if at in null]
        own[known.stores[at]] = (here[at], max(_rms(missed), 0.5 * error, 1e-4))
    lift = here[-1]
    bounds = [float(np.expm1(lift + k * _Z80 * error)) for k in (0, -1, 1)]
    return Moved(*bounds), own


def _read(
    known: _Days, inside: Flags, free: Flags, start: int, first: int, end: int
) -> dict[int, float] | None:
    """Return effects in logarithms by store, and of all at -1; None where days are missing."""
    begin = max(0, start - BEFORE)
    part = np.log(known.sales[:, begin:end])
    before = np.arange(begin, end) < start
    calm = before & ~known.busy[inside, begin:end].any(axis=0)
    before = calm if calm.sum() >= _LEAST_BEFORE else before
    test = np.arange(begin, end) >= first
    use = before | test
    whole = np.isfinite(part[:, use]).all(axis=1)
    stores, outside = inside & whole, free & whole
    if not stores.any():
        return None
    level = _by_weekday(part, before, begin)
    left = (part - level)[:, use]
    if outside.sum() >= 3:
        chosen = stores | outside
        flags = stores[chosen]
        effect, _ = estimate(left[chosen], flags, test[use])
        rest = left[outside].mean(axis=0)
    else:
        rest = np.zeros(int(use.sum()))
        effect = float(left[stores][:, test[use]].mean() - left[stores][:, ~test[use]].mean())
    gap = left - rest
    single = gap[:, test[use]].mean(axis=1) - gap[:, ~test[use]].mean(axis=1)
    shift = effect - float(single[stores].mean())
    found = {int(s): float(single[s] + shift) for s in np.flatnonzero(stores)}
    return {**found, -1: float(effect)}


def _by_weekday(logs: Floats, before: Flags, begin: int) -> Floats:
    """Return each store's usual logarithm by day of the week, of the days before; [S, T]."""
    weekday = (np.arange(logs.shape[1]) + begin) % 7
    out = np.zeros_like(logs)
    for k in range(7):
        then = before & (weekday == k)
        if then.any():
            known = np.where(np.isfinite(logs[:, then]), logs[:, then], 0.0).sum(axis=1)
            count = np.isfinite(logs[:, then]).sum(axis=1)
            out[:, weekday == k] = (known / np.maximum(count, 1))[:, None]
    return out


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if len(values) else 0.0


def _sales(known: _Days, who: Flags, start: int, end: int) -> float:
    return float(np.nansum(known.sales[who, start:end]))


def _money(moved: Moved, sold: float) -> tuple[float, float]:
    """Return the sales that a change of what was sold is worth, and its standard error."""
    gained = sold * moved.lift / (1 + moved.lift)
    width = (moved.high - moved.low) / (2 * _Z80) / max(1 + moved.lift, 0.1)
    return gained, sold * width


def _pooled(runs: Sequence[tuple[str, str, float, float]]) -> tuple[float, float]:
    """Return one campaign's mean over stores; they share their comparison, so errors add up."""
    lifts, errors = np.array([run[2] for run in runs]), np.array([run[3] for run in runs])
    return float(lifts.mean()), float(errors.mean() * np.sqrt(0.5 + 0.5 / len(runs)))


def _random_effects(means: Sequence[tuple[float, float]]) -> tuple[float, float]:
    lifts, errors = np.array(means).T
    weight = errors**-2.0
    fixed = float(weight @ lifts / weight.sum())
    excess = float(weight @ (lifts - fixed) ** 2) - (len(lifts) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(excess / scale, 0.0) if scale > 0 else 0.0
    weight = 1 / (errors**2 + between)
    return float(weight @ lifts / weight.sum()), float(weight.sum() ** -0.5)


def _notes(profit: Moved, after: Moved, beside: Moved | None) -> tuple[Note, ...]:
    found = []
    if profit.low > 0:
        found.append(Note("marketing.campaign.paid", {"profit": f"{profit.lift:,.0f}"}))
    elif profit.high < 0:
        found.append(Note("marketing.campaign.lost", {"profit": f"{profit.lift:,.0f}"}))
    else:
        bounds: dict[str, Param] = {"low": f"{profit.low:,.0f}", "high": f"{profit.high:,.0f}"}
        found.append(Note("marketing.campaign.open", bounds))
    if after.high < 0:
        fell: dict[str, Param] = {"weeks": AFTER // 7, "lift": f"{-100 * after.lift:.1f}"}
        found.append(Note("marketing.campaign.forward", fell))
    if beside is not None and beside.high < 0:
        found.append(Note("marketing.campaign.neighbours", {"lift": f"{-100 * beside.lift:.1f}"}))
    return tuple(found)
