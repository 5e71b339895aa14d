"""What kind of day brings how much: the weight of a Saturday, a Tuesday, a National Day.

The weights are those of a multiplicative model, amount of a group on a kind of day = days × level
of the group × weight of the kind, fitted by setting fitted and actual sums equal in turn for groups
and for kinds: Bailey's method of marginal totals (R. A. Bailey, "Insurance rates with minimum
bias", 1963), which is the maximum likelihood of a Poisson model with a log link. So a kind that
only occurs in a strong month is not taken for a strong kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS = 200
CLOSE = 1e-10
PRIOR_DAYS = 2.0
"""So many days of weight 1 are added to each kind: one freak day alone makes no rule."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kind of each day (any whole numbers: weekdays, named holidays)."""

    of: Mapping[date, int]

    def counted(self, first: date, last: date) -> dict[int, int]:
        """Return how many days of each kind lie between two days, both included."""
        counts: dict[int, int] = {}
        for day, kind in self.of.items():
            if first <= day <= last:
                counts[kind] = counts.get(kind, 0) + 1
        return counts


def day_weights(rows: pd.DataFrame) -> dict[int, float]:
    """Return the weight of each kind of day; the mean over the days of ``rows`` is about 1.

    ``rows``: ``group`` (whatever has a level of its own: a store in a period, the chain in a
    month), ``kind``, ``days`` (with data) and ``amount``. Kinds that are not in it weigh 1.
    """
    rows = rows[(rows["days"] > 0) & (rows["amount"] > 0)]
    if rows.empty:
        return {}
    group, groups = pd.factorize(rows["group"], sort=True)
    kind, kinds = pd.factorize(rows["kind"], sort=True)
    days = rows["days"].to_numpy(float)
    amount = rows["amount"].to_numpy(float)
    weight = _fitted(group, kind, days, amount, (len(groups), len(kinds)))
    weight /= (weight[kind] * days).sum() / days.sum()
    return dict(zip(map(int, kinds), map(float, weight), strict=True))


def _fitted(
    group: NDArray[np.intp],
    kind: NDArray[np.intp],
    days: Floats,
    amount: Floats,
    shape: tuple[int, int],
) -> Floats:
    of_group = np.bincount(group, amount, shape[0])
    of_kind = np.bincount(kind, amount, shape[1])
    usual = amount.sum() / days.sum()
    weight = np.ones(shape[1])
    for _ in range(ROUNDS):
        level = of_group / np.bincount(group, days * weight[kind], shape[0])
        expected = np.bincount(kind, days * level[group], shape[1])
        prior = PRIOR_DAYS * usual
        found = (of_kind + prior) / (expected + prior)
        found /= found.mean()
        if np.abs(found - weight).max() < CLOSE:
            break
        weight = found
    return weight
