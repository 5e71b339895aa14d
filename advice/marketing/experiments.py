"""Tests of marketing in some stores and not in others: how to plan one, and what one has shown.

A test is read by synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens and
Wager, "Synthetic Difference-in-Differences", American Economic Review, 2021): stores outside are
weighted so that before the test they move as those inside did, and both are compared with their own
time before. How far chance reaches is found by placebo: past weeks in which nothing was tested are
read with stores drawn by lot as the test was, or, where the past is too short for it, groups of the
stores outside as if they had been in it. Lifts are shares of sales (0.05: 5 %).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from advice.marketing.panel import Note
from advice.marketing.transforms import Flags, Floats
from chain.errors import PermanentError

LEAST_BEFORE = 12
LEAST_STORES = 6
_LEVEL, _POWER = 0.05, 0.8
_TRIALS = 100


@dataclass(frozen=True)
class Design:
    """A test to run. ``lift``: the smallest share of sales it finds in 80 of 100 cases.

    ``power``: (true lift, chance to find it), simulated on the chain's own past. ``cost``: extra
    spend, or sales that may be lost where the channel is switched off; None where not asked.
    """

    treated: tuple[str, ...]
    control: tuple[str, ...]
    weeks: int
    lift: float
    power: tuple[tuple[float, float], ...]
    cost: float | None


@dataclass(frozen=True)
class Reading:
    """What a test has shown: ``lift`` with bounds of 80 % and 95 %, as shares of sales.

    ``p_value`` by placebo; ``fit``: how far the stores outside missed those inside before, as a
    share of sales a week; ``incremental``: sales gained over the test, with bounds of 90 %.
    """

    lift: float
    low80: float
    high80: float
    low95: float
    high95: float
    p_value: float
    fit: float
    incremental: tuple[float, float, float]
    placebos: int
    verdict: Literal["worked", "none_found", "harmed", "bad_match"]
    note: Note


def design(
    panel: pd.DataFrame,
    *,
    store: str,
    date: str,
    outcome: str,
    weeks: int = 8,
    share: float = 0.5,
    spend_a_week: float | None = None,
    seed: int = 0,
) -> Design:
    """Return the stores to draw for a test of ``weeks``, and how small a lift it would find.

    ``panel``: a row a store and week of the time before. Stores are paired by size and by how they
    moved, and one of each pair is drawn by lot; with a ``share`` below one half, of so many pairs.
    ``spend_a_week``: what the channel costs a treated store. Power is simulated: past weeks are
    taken for the test, drawn again and again, and read as the test will be. Raises PermanentError
    where there are too few stores or weeks.
    """
    names, logs, _ = _matrix(panel, store, date, outcome)
    if len(names) < LEAST_STORES:
        raise PermanentError("marketing.too_few_stores", count=LEAST_STORES)
    if logs.shape[1] < LEAST_BEFORE + weeks:
        raise PermanentError("marketing.no_test_weeks", before=LEAST_BEFORE)
    rng = np.random.default_rng(seed)
    count = max(2, min(round(share * len(names)), len(names) // 2))
    treated = _drawn(logs, count, rng)
    nulls = _nulls(logs, count, weeks, rng)
    error = float(np.sqrt((nulls**2).mean()))
    freedom = _freedom(len(names), logs.shape[1] - weeks, weeks)
    bar = error * float(stats.t.ppf(1 - _LEVEL / 2, freedom))
    lift = bar + error * float(stats.t.ppf(_POWER, freedom))
    steps = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
    power = [(float(np.expm1(k * lift)), float((nulls + k * lift > bar).mean())) for k in steps]
    return Design(
        treated=tuple(names[s] for s in treated),
        control=tuple(name for s, name in enumerate(names) if s not in set(treated)),
        weeks=weeks,
        lift=float(np.expm1(lift)),
        power=tuple(power),
        cost=None if spend_a_week is None else spend_a_week * weeks * count,
    )


def analyse(
    panel: pd.DataFrame,
    *,
    store: str,
    date: str,
    outcome: str,
    treated: Sequence[str],
    first: pd.Timestamp,
    last: pd.Timestamp,
    seed: int = 0,
) -> Reading:
    """Return what the test from ``first`` to ``last`` in the stores ``treated`` has shown.

    ``panel``: a row a store and week, of the test and at least twelve weeks before; stores with a
    week without sales are left out. Raises PermanentError where there is too little of either.
    """
    rows = panel[pd.to_datetime(panel[date]) <= last]
    names, logs, dates = _matrix(rows, store, date, outcome)
    inside = np.array([name in set(treated) for name in names])
    test = np.asarray(dates >= first)
    if inside.sum() < 1 or (~inside).sum() < max(3, LEAST_STORES - inside.sum()):
        raise PermanentError("marketing.too_few_stores", count=LEAST_STORES)
    if test.sum() < 1 or (~test).sum() < LEAST_BEFORE:
        raise PermanentError("marketing.no_test_weeks", before=LEAST_BEFORE)
    found, fit_ = estimate(logs, inside, test)
    rng = np.random.default_rng(seed)
    before = logs[:, ~test]
    if before.shape[1] >= LEAST_BEFORE + 2 * test.sum():
        nulls = _nulls(before, int(inside.sum()), int(test.sum()), rng)
    else:
        nulls = _placebos(logs, inside, test, rng)
    error = float(np.sqrt((nulls**2).mean()))
    freedom = _freedom(len(logs), before.shape[1], int(test.sum()))
    p = float(2 * stats.t.sf(abs(found) / error, freedom)) if error > 0 else 1.0
    sold = np.exp(logs[inside][:, test]).sum()
    gained = [float(sold * -np.expm1(-(found + k * error))) for k in (0.0, *_t(0.9, freedom))]
    bounds80, bounds95 = (
        [float(np.expm1(found + k * error)) for k in _t(level, freedom)] for level in (0.8, 0.95)
    )
    usual = float(np.median(np.abs(np.diff(logs[:, ~test], axis=1))))
    verdict, note = _said(found, error, p, bounds95, fit_ > 3 * usual, freedom)
    return Reading(
        lift=float(np.expm1(found)),
        low80=bounds80[0],
        high80=bounds80[1],
        low95=bounds95[0],
        high95=bounds95[1],
        p_value=p,
        fit=fit_,
        incremental=(gained[0], gained[1], gained[2]),
        placebos=len(nulls),
        verdict=verdict,
        note=note,
    )


def calibrated(
    reading: Reading, spend: float, *, prior: tuple[float, float] = (-2.0, 6.0)
) -> tuple[float, float]:
    """Return the prior of ``fit`` for a channel after a test, as bounds of 90 %.

    ``spend``: the money by which test and comparison differed. What was thought before and what the
    test measured are weighed by their precision; Gaussian both.
    """
    if spend <= 0:
        raise ValueError("the stores in the test must have spent more than the others")
    middle, low, high = (amount / spend for amount in reading.incremental)
    width = 2 * float(stats.norm.ppf(0.95))
    before = np.array([(prior[0] + prior[1]) / 2, (prior[1] - prior[0]) / width])
    test = np.array([middle, max((high - low) / width, 1e-6)])
    weight = np.array([before[1] ** -2, test[1] ** -2])
    mean = float(weight @ [before[0], test[0]] / weight.sum())
    sd = float(weight.sum() ** -0.5)
    return mean - sd * width / 2, mean + sd * width / 2


def estimate(logs: Floats, inside: Flags, test: Flags) -> tuple[float, float]:
    """Return the effect in logarithms, and the misfit before the test.

    ``logs`` [S, T]; ``inside`` [S] and ``test`` [T] are True for treated stores and test weeks.
    """
    control, treated = logs[~inside], logs[inside].mean(axis=0)
    before = ~test
    noise = float(np.diff(control[:, before], axis=1).std())
    ridge = (inside.sum() * test.sum()) ** 0.25 * noise
    stores = _weights(control[:, before].T, treated[before], ridge**2 * before.sum())
    time = _weights(
        control[:, before], control[:, test].mean(axis=1), 1e-6 * noise**2 * len(control)
    )
    gap = treated - stores @ control
    fit_ = gap[before] - time @ gap[before]
    return float(gap[test].mean() - time @ gap[before]), float(np.sqrt((fit_**2).mean()))


def _weights(columns: Floats, target: Floats, ridge: float) -> Floats:
    """Return weights of at least 0 that add up to 1 and bring columns nearest to the target.

    But for a constant, and drawn towards equal by the ridge. Solved as non-negative least squares
    with the sum as a heavy row.
    """
    count = columns.shape[1]
    left = columns - columns.mean(axis=0)
    right = target - target.mean()
    heavy = 1e3 * max(float(np.abs(left).max()), 1e-6) * np.sqrt(len(left))
    rows = np.vstack([left, np.sqrt(ridge) * np.eye(count), np.full(count, heavy)])
    wanted = np.concatenate([right, np.zeros(count), [heavy]])
    found = optimize.nnls(rows, wanted)[0]
    return np.asarray(found / found.sum(), dtype=np.float64)


def _placebos(logs: Floats, inside: Flags, test: Flags, rng: np.random.Generator) -> Floats:
    """Return the effects read where there was none, scaled to the size of the test's group."""
    outside = logs[~inside]
    count, size = len(outside), int(inside.sum())
    group = min(size, count // 2)
    out = []
    for _ in range(_TRIALS):
        chosen = np.zeros(count, dtype=np.bool_)
        chosen[rng.choice(count, group, replace=False)] = True
        out.append(estimate(outside, chosen, test)[0])
    share = 1 / group + 1 / (count - group)
    return np.asarray(np.array(out) * np.sqrt((1 / size + 1 / count) / share))


def _matrix(
    panel: pd.DataFrame, store: str, date: str, outcome: str
) -> tuple[list[str], Floats, pd.DatetimeIndex]:
    """Return stores that sold in every week, logarithms [S, T] of what they sold, and the weeks."""
    rows = panel[[store, date, outcome]].set_axis(["store", "date", "outcome"], axis=1)
    rows = rows.assign(store=rows["store"].astype(str), date=pd.to_datetime(rows["date"]))
    wide = rows.pivot_table(index="store", columns="date", values="outcome", aggfunc="sum")
    wide = wide[(wide > 0).all(axis=1) & wide.notna().all(axis=1)].sort_index()
    return (
        [str(name) for name in wide.index],
        np.log(wide.to_numpy(dtype=np.float64)),
        pd.DatetimeIndex(wide.columns),
    )


def _drawn(logs: Floats, count: int, rng: np.random.Generator) -> list[int]:
    """Return ``count`` stores, one of each of the pairs that are most alike."""
    moved = logs - logs.mean(axis=1, keepdims=True)
    apart = ((moved[:, None] - moved[None]) ** 2).mean(axis=2) ** 0.5
    level = logs.mean(axis=1)
    apart = apart + 0.1 * np.abs(level[:, None] - level[None])
    np.fill_diagonal(apart, np.inf)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count and np.isfinite(apart).any():
        a, b = np.unravel_index(int(np.argmin(apart)), apart.shape)
        pairs.append((int(a), int(b)))
        for gone in (a, b):
            apart[gone, :] = apart[:, gone] = np.inf
    return sorted(pair[int(rng.integers(2))] for pair in pairs)


def _nulls(logs: Floats, count: int, weeks: int, rng: np.random.Generator) -> Floats:
    """Return what tests of past weeks, with stores drawn anew, would have shown of nothing."""
    length = logs.shape[1]
    out = []
    for _ in range(_TRIALS):
        end = int(rng.integers(LEAST_BEFORE + weeks, length + 1))
        part = logs[:, max(0, end - weeks - 52) : end]
        inside = np.zeros(len(logs), dtype=np.bool_)
        inside[_drawn(part[:, :-weeks], count, rng)] = True
        test = np.arange(part.shape[1]) >= part.shape[1] - weeks
        out.append(estimate(part, inside, test)[0])
    found = np.array(out)
    return np.concatenate([found, -found])


def _freedom(stores: int, before: int, weeks: int) -> int:
    """Return how many placebos are about independent: twice the spans of time, or the stores."""
    return max(min(stores - 2, 2 * before // weeks), 2)


def _t(level: float, freedom: int) -> tuple[float, float]:
    far = float(stats.t.ppf(0.5 + level / 2, freedom))
    return -far, far


def _said(
    found: float, error: float, p: float, bounds: list[float], bad: bool, freedom: int
) -> tuple[Literal["worked", "none_found", "harmed", "bad_match"], Note]:
    shown = {
        "lift": f"{100 * np.expm1(found):.1f}",
        "low": f"{100 * bounds[0]:.1f}",
        "high": f"{100 * bounds[1]:.1f}",
    }
    if bad:
        return "bad_match", Note("marketing.test.bad_match")
    if p < _LEVEL and found > 0:
        chance = f"{100 * p:.0f}" if p >= 0.01 else "<1"
        return "worked", Note("marketing.test.worked", {**shown, "chance": chance})
    if p < _LEVEL:
        fell = {"lift": f"{-100 * np.expm1(found):.1f}"}
        turned = {"low": f"{-100 * bounds[1]:.1f}", "high": f"{-100 * bounds[0]:.1f}"}
        return "harmed", Note("marketing.test.harmed", {**fell, **turned})
    factor = stats.t.ppf(1 - _LEVEL / 2, freedom) + stats.t.ppf(_POWER, freedom)
    smallest = f"{100 * np.expm1(factor * error):.1f}"
    return "none_found", Note("marketing.test.none_found", {**shown, "smallest": smallest})
