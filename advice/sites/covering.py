"""The classic ways to place several outlets, solved to the optimum by HiGHS: p-median and covering.

The formulations are ReVelle and Swain's (1970) and Church and ReVelle's (1974), with existing
outlets fixed and the owner's limits as further rows. HiGHS is the one in SciPy.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from advice.sites.places import Floats

_SECONDS = 60.0


@dataclass(frozen=True, eq=False)
class Limits:
    """What a choice of C candidates must keep to.

    ``count``: how many are chosen. ``cost`` [C] and ``budget``: in one unit, none: no budget.
    ``apart``: [N, 2] candidates too near each other. ``alike``: [N, 2] of one area. ``barred``: [C]
    too near to an existing outlet.
    """

    count: int
    cost: Floats | None
    budget: float | None
    apart: np.ndarray
    alike: np.ndarray
    barred: np.ndarray

    def rows(self, size: int, *, without: str = "") -> list[LinearConstraint]:
        """Return the limits as rows over the first ``size`` variables, save the one named so."""
        found = []
        if self.budget is not None and self.cost is not None and without != "budget":
            found.append(
                LinearConstraint(self._wide(self.cost[None, :], size), -np.inf, self.budget)
            )
        for name, conflicts in (("distance", self.apart), ("area", self.alike)):
            if len(conflicts) and name != without:
                each = np.arange(len(conflicts))
                places = (np.repeat(each, 2), conflicts.ravel())
                table = sparse.csr_array((np.ones(2 * len(each)), places), shape=(len(each), size))
                found.append(LinearConstraint(table, -np.inf, 1.0))
        return found

    def open(self, *, without: str = "") -> Floats:
        """Return 1 for each candidate that may be chosen at all: [C]."""
        barred = np.zeros_like(self.barred) if without == "distance" else self.barred
        return np.where(barred, 0.0, 1.0)

    @staticmethod
    def _wide(table: Floats, size: int) -> sparse.csr_array:
        out = np.zeros((len(table), size))
        out[:, : table.shape[1]] = table
        return sparse.csr_array(out)


def free(count: int, candidates: int) -> Limits:
    """Return the limits that say how many, and nothing else."""
    nothing = np.zeros((0, 2), dtype=np.int64)
    return Limits(count, None, None, nothing, nothing, np.zeros(candidates, dtype=bool))


def most(limits: Limits, *, without: str = "") -> int:
    """Return how many candidates the limits allow at most, one limit left out where named."""
    may = limits.open(without=without)
    found = _solve(-np.ones(len(may)), limits.rows(len(may), without=without), may, len(may))
    return round(float(found.sum()))


def best_sum(worth: Floats, limits: Limits) -> np.ndarray:
    """Return which candidates make the largest sum of ``worth`` [C] within the limits: rows."""
    size = len(worth)
    exactly = LinearConstraint(np.ones((1, size)), limits.count, limits.count)
    found = _solve(-worth, [*limits.rows(size), exactly], limits.open(), size)
    return np.flatnonzero(found > 0.5)


def p_median(
    weight: Floats, km: Floats, limits: Limits, fixed_km: Floats | None = None
) -> np.ndarray:
    """Return which candidates make the weighted way to the nearest outlet shortest: rows.

    ``weight``: [A]. ``km``: [A, C]. ``fixed_km``: [A], the way to the nearest existing outlet.
    """
    areas, size = km.shape
    before = np.full(areas, km.max() + 1.0) if fixed_km is None else fixed_km
    saving = (before[:, None] - km) * weight[:, None]
    area, candidate = np.nonzero(saving > 0)
    count = len(area)
    each = np.arange(count)
    worth = np.concatenate([np.zeros(size), -saving[area, candidate]])
    once = sparse.csr_array((np.ones(count), (area, size + each)), shape=(areas, size + count))
    served = sparse.csr_array(
        (
            np.concatenate([np.ones(count), -np.ones(count)]),
            (np.tile(each, 2), np.concatenate([size + each, candidate])),
        ),
        shape=(count, size + count),
    )
    rows = [
        *limits.rows(size + count),
        LinearConstraint(once, -np.inf, 1.0),
        LinearConstraint(served, -np.inf, 0.0),
        _exactly(limits.count, size, size + count),
    ]
    upper = np.concatenate([limits.open(), np.ones(count)])
    return np.flatnonzero(_solve(worth, rows, upper, size)[:size] > 0.5)


def maximal_covering(
    weight: Floats, km: Floats, reach_km: float, limits: Limits, fixed_km: Floats | None = None
) -> np.ndarray:
    """Return which candidates put the most weight within ``reach_km`` of an outlet: rows.

    Arguments as of `p_median`; what existing outlets cover counts for none.
    """
    areas, size = km.shape
    value = weight if fixed_km is None else np.where(fixed_km <= reach_km, 0.0, weight)
    area, candidate = np.nonzero(km <= reach_km)
    table = sparse.csr_array(
        (
            np.concatenate([-np.ones(len(area)), np.ones(areas)]),
            (
                np.concatenate([area, np.arange(areas)]),
                np.concatenate([candidate, size + np.arange(areas)]),
            ),
        ),
        shape=(areas, size + areas),
    )
    rows = [
        *limits.rows(size + areas),
        LinearConstraint(table, -np.inf, 0.0),
        _exactly(limits.count, size, size + areas),
    ]
    upper = np.concatenate([limits.open(), np.ones(areas)])
    worth = np.concatenate([np.zeros(size), -value])
    return np.flatnonzero(_solve(worth, rows, upper, size)[:size] > 0.5)


def _exactly(count: int, size: int, width: int) -> LinearConstraint:
    table = sparse.csr_array(np.concatenate([np.ones(size), np.zeros(width - size)])[None, :])
    return LinearConstraint(table, count, count)


def _solve(worth: Floats, rows: list[LinearConstraint], upper: Floats, whole: int) -> Floats:
    """Return the minimum over variables from 0 to ``upper``, the first ``whole`` of them whole.

    Raises ValueError where nothing fits or no answer was found in a minute.
    """
    integrality = np.zeros(len(worth))
    integrality[:whole] = 1
    options = {"time_limit": _SECONDS, "mip_rel_gap": 1e-6}
    found = milp(
        worth, integrality=integrality, bounds=Bounds(0.0, upper), constraints=rows, options=options
    )
    if found.x is None:
        raise ValueError(found.message)
    return np.asarray(found.x)
