"""Several sites at once: those that together gain the chain most, and the classic answers beside.

New sites also take from each other, so a plan is worth less than the sum of its sites. The gain is
submodular (each site adds less the more there are), so greedy picks and then single swaps come near
the best; a plan that starts from the best sum is tried too.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from advice.sites.covering import Limits, best_sum, maximal_covering, most, p_median
from advice.sites.frames import candidates_frame
from advice.sites.gravity import summed
from advice.sites.market import Market
from advice.sites.places import Floats, distance_km
from advice.sites.scoring import Ground, ground, noises, present_sales
from chain.errors import PermanentError

Method = Literal["net_gain", "p_median", "covering"]
METHODS: tuple[Method, ...] = ("net_gain", "p_median", "covering")
_POINTS = 400


@dataclass(frozen=True, eq=False)
class Plan:
    """Sites chosen together. ``rows``: positions among the candidates, ``candidates`` their names.

    ``low``, ``net_gain``, ``high``: what the chain gains by all together (10, 50, 90 %), minor
    units a month; ``alone``: the sum of what each would gain alone, at the mode.
    """

    method: Method
    rows: tuple[int, ...]
    candidates: tuple[str, ...]
    low: float
    net_gain: float
    high: float
    alone: float


def choose(
    market: Market,
    candidates: pd.DataFrame,
    *,
    k: int,
    budget: float | None = None,
    min_distance_km: float | None = None,
    one_per_area: bool = True,
    method: Method = "net_gain",
    cover_km: float | None = None,
) -> Plan:
    """Return ``k`` of ``candidates`` under the limits; existing stores stay.

    ``budget``: for their capex together, minor units. ``min_distance_km``: between new ones, and
    to existing stores. ``one_per_area``: at most one of those with the same ``area``. ``method``:
    the largest net gain, or the shortest ways of people (p-median), or the most people within
    ``cover_km`` (default: twice the market's unit). Raises PermanentError that names the limit
    because of which no ``k`` sites fit, and how many do.
    """
    frame = candidates_frame(candidates, market.stores)
    limits = limits_of(market, frame, k, budget, min_distance_km, one_per_area=one_per_area)
    on = ground(market, frame)
    joint = Joint.of(market, on)
    if method == "net_gain":
        rows = joint.best(limits)
    else:
        rows = _classic(market, frame, on, limits, method, cover_km or 2 * market.unit)
    alone = sum(joint.gain([row]) for row in rows)
    low, middle, high = _range(market, on, rows)
    names = tuple(str(frame["candidate"].iloc[row]) for row in rows)
    return Plan(method, tuple(rows), names, low, middle, high, alone)


def limits_of(
    market: Market,
    frame: pd.DataFrame,
    k: int,
    budget: float | None,
    min_distance_km: float | None,
    *,
    one_per_area: bool,
) -> Limits:
    """Return the limits over checked candidates. Raises PermanentError where they can't be kept."""
    if k < 1 or k > len(frame):
        raise PermanentError("sites.infeasible.candidates", k=k, most=len(frame))
    lat, lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
    nearer = np.triu(distance_km(lat[:, None], lon[:, None], lat, lon) < (min_distance_km or 0), 1)
    stores = market.stores["lat"].to_numpy(), market.stores["lon"].to_numpy()
    to_store = distance_km(lat[:, None], lon[:, None], *stores).min(axis=1)
    barred = np.asarray(to_store < (min_distance_km or 0))
    area = frame["area"].to_numpy(object)
    stated = frame["area"].notna().to_numpy()
    alike = np.triu((area[:, None] == area) & stated[:, None], 1) & one_per_area
    cost = frame["capex"].to_numpy("float64")
    if budget is not None and np.isnan(cost).any():
        row = str(frame["candidate"].iloc[int(np.isnan(cost).argmax())])
        raise PermanentError("sites.no_capex", row=row)
    limits = Limits(
        k, None if budget is None else cost, budget, np.argwhere(nearer), np.argwhere(alike), barred
    )
    _feasible(limits)
    return limits


def _feasible(limits: Limits) -> None:
    fits = most(limits)
    if fits >= limits.count:
        return
    for name in ("budget", "distance", "area"):
        if most(limits, without=name) >= limits.count:
            raise PermanentError(f"sites.infeasible.{name}", k=limits.count, most=fits)
    raise PermanentError("sites.infeasible.together", k=limits.count, most=fits)


class Joint:
    """The net gain of any set of candidates at one vector of parameters."""

    def __init__(self, pulls: Floats, total: Floats, demand: Floats, taken: Floats, lift: Floats):
        self._pulls, self._total, self._demand = pulls, total, demand
        self._taken, self._lift = taken, lift

    @classmethod
    def of(cls, market: Market, on: Ground, draw: int = 0) -> "Joint":
        """Return the sums that `gain` is made of, by one draw of the market."""
        params = market.draws[draw]
        city = on.city
        own, total = city.attractions(params)
        demand = city.demand(params)
        real = present_sales(market) / np.maximum(market.base[draw], 1e-9)
        spent = demand[city.own.area] * own / total[city.own.area] * real[city.own.outlet]
        taken = summed(city.own.area, spent, len(demand))
        pulls = on.matrix(on.pulls(params)).toarray()
        return cls(pulls, total, demand, taken, on.lift(params))

    def gain(self, rows: list[int]) -> float:
        """Return what the chain gains by the candidates at ``rows`` together, a month."""
        revenue, loss = self.parts(rows)
        return float(revenue.sum() - loss)

    def parts(self, rows: list[int]) -> tuple[Floats, float]:
        """Return the revenue of each, beside the others, and what existing stores lose."""
        pulls = self._pulls[rows]
        together = self._total + pulls.sum(axis=0)
        revenue = (pulls / together) @ self._demand * self._lift[rows]
        return revenue, float(pulls.sum(axis=0) / together @ self._taken)

    def best(self, limits: Limits) -> list[int]:
        """Return the rows of the best plan found, in the order of what each adds."""
        alone = np.array([self.gain([row]) for row in range(len(self._pulls))])
        starts = [best_sum(alone, limits).tolist(), self._greedy(limits)]
        plans = [self._swapped(start, limits) for start in starts if len(start) == limits.count]
        chosen = max(plans, key=self.gain)
        ordered: list[int] = []
        while chosen:
            ordered.append(max(chosen, key=lambda row: self.gain([*ordered, row])))
            chosen = [row for row in chosen if row != ordered[-1]]
        return ordered

    def _greedy(self, limits: Limits) -> list[int]:
        rows: list[int] = []
        for _ in range(limits.count):
            may = [
                r for r in range(len(self._pulls)) if r not in rows and _fits([*rows, r], limits)
            ]
            if not may:
                break
            rows.append(max(may, key=lambda row: self.gain([*rows, row])))
        return rows

    def _swapped(self, rows: list[int], limits: Limits) -> list[int]:
        best, gain = rows, self.gain(rows)
        improved = True
        while improved:
            improved = False
            for at in range(len(best)):
                for other in range(len(self._pulls)):
                    if other in best:
                        continue
                    tried = [*best[:at], other, *best[at + 1 :]]
                    if _fits(tried, limits) and self.gain(tried) > gain * (1 + 1e-9):
                        best, gain, improved = tried, self.gain(tried), True
        return best


def _fits(rows: list[int], limits: Limits) -> bool:
    if limits.barred[rows].any():
        return False
    spent = 0.0 if limits.cost is None else float(limits.cost[rows].sum())
    if limits.budget is not None and spent > limits.budget:
        return False
    chosen = np.zeros(len(limits.barred), dtype=bool)
    chosen[rows] = True
    both = [chosen[pair].all(axis=1).any() for pair in (limits.apart, limits.alike) if len(pair)]
    return not any(both)


def _range(market: Market, on: Ground, rows: list[int]) -> tuple[float, float, float]:
    """Return the 10, 50 and 90 % of a plan's gain over the draws and each site's own luck."""
    rng = np.random.default_rng([market.seed, 73])
    factors = noises(market)
    found = []
    for draw in range(len(market.draws)):
        revenue, loss = Joint.of(market, on, draw).parts(rows)
        luck = rng.choice(factors, (len(factors), len(rows)))
        found.append(luck @ (revenue - loss * revenue / max(revenue.sum(), 1e-9)))
    low, middle, high = np.quantile(np.concatenate(found), [0.1, 0.5, 0.9])
    return float(low), float(middle), float(high)


def _classic(
    market: Market, frame: pd.DataFrame, on: Ground, limits: Limits, method: Method, cover: float
) -> list[int]:
    """Return the rows by the classic ways, over the places of most people."""
    weight = on.city.demand(market.draws[0])
    rows = np.argsort(-weight)[:_POINTS]
    near = market.areas.iloc[on.rows[rows]]
    lat, lon = near["lat"].to_numpy()[:, None], near["lon"].to_numpy()[:, None]
    km = distance_km(lat, lon, frame["lat"].to_numpy(), frame["lon"].to_numpy())
    stores = market.stores["lat"].to_numpy(), market.stores["lon"].to_numpy()
    fixed = distance_km(lat, lon, *stores).min(axis=1)
    if method == "p_median":
        return [int(row) for row in p_median(weight[rows], km, limits, fixed)]
    return [int(row) for row in maximal_covering(weight[rows], km, cover, limits, fixed)]
