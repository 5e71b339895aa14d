"""Who shops where: Huff's model with an outside option, over sparse pairs of area and outlet.

The share of area *i* that goes to outlet *j* is ``a_j f(d_ij) / (b + Σ_own a f + c Σ_rival w f)``
(Huff 1964; the outside option ``b`` as in McFadden's choice models: what people do who buy of none
of the listed). Attraction is ``a_j = size_j ** α``; ``f`` falls with distance as ``exp(-d / s)``
or as ``(1 + d / u) ** -λ``. Distances are straight lines, joined with 0.6 of the area's radius, the
mean way inside of it.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from advice.sites.places import Floats, solid

Form = Literal["exponential", "power"]
FORMS: tuple[Form, ...] = ("exponential", "power")
Ints = NDArray[np.int64]

INSIDE = 0.6
LEVEL, DECAY, OUTSIDE, RIVAL, SIZE = range(5)
GRAVITY = 5
"""The first numbers of a parameter vector: log of sales a unit of demand, log of the decay (``s``
relative to the unit, or λ), log of the outside option, log of a rival's pull, α. The effects of
area features and then of store features follow."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Areas and outlets within reach of each other: positions and distance in km, each [P]."""

    area: Ints
    outlet: Ints
    km: Floats


@dataclass(frozen=True, eq=False)
class City:
    """What shares are computed of: A areas with people and features, S stores, rivals.

    ``people``: [A]. ``area_features``: [A, F], ``store_features``: [S, G], both standardised.
    ``size``: [S], log of the size relative to the chain's median. ``own``, ``rival``: pairs; of
    rivals ``weight`` [R]. ``unit``: km that distances are measured in.
    """

    people: Floats
    area_features: Floats
    store_features: Floats
    size: Floats
    own: Pairs
    rival: Pairs
    weight: Floats
    form: Form
    unit: float

    def decay(self, km: Floats, params: Floats) -> Floats:
        """Return the pull at distances ``km`` relative to no distance."""
        return decay(self.form, km / self.unit, params[DECAY])

    def attractions(self, params: Floats) -> tuple[Floats, Floats]:
        """Return the pull of each own pair [P], and of all there is on each area [A]."""
        own = np.exp(params[SIZE] * self.size[self.own.outlet]) * self.decay(self.own.km, params)
        return own, self.others(params) + self._by_area(self.own, own)

    def others(self, params: Floats) -> Floats:
        """Return the pull of rivals and of the outside option on each area: [A]."""
        pull = self.weight[self.rival.outlet] * self.decay(self.rival.km, params)
        return np.asarray(
            np.exp(params[OUTSIDE]) + np.exp(params[RIVAL]) * self._by_area(self.rival, pull)
        )

    def demand(self, params: Floats) -> Floats:
        """Return what each area would spend if all of it came here: [A], in units of sales."""
        effects = params[GRAVITY : GRAVITY + self.area_features.shape[1]]
        return np.asarray(self.people * np.exp(params[LEVEL] + self.area_features @ effects))

    def sales(self, params: Floats) -> Floats:
        """Return what each store would take by its areas alone: [S]; its features left out."""
        own, total = self.attractions(params)
        spent = self.demand(params)[self.own.area] * own / total[self.own.area]
        return self._by_outlet(spent)

    def log_sales(self, params: Floats) -> tuple[Floats, Floats]:
        """Return log sales [S] and their derivatives by all parameters: [S, P]."""
        own, total = self.attractions(params)
        spent = self.demand(params)[self.own.area] * own / total[self.own.area]
        sales = np.maximum(self._by_outlet(spent), 1e-9)
        slopes = np.empty((len(sales), len(params)))
        slopes[:, LEVEL] = 1.0
        step = 1e-4
        for at in (DECAY, OUTSIDE, RIVAL, SIZE):
            moved = params.copy()
            moved[at] += step
            there = np.maximum(self.sales(moved), 1e-9)
            slopes[:, at] = (np.log(there) - np.log(sales)) / step
        count = self.area_features.shape[1]
        for feature in range(count):
            met = spent * self.area_features[self.own.area, feature]
            slopes[:, GRAVITY + feature] = self._by_outlet(met) / sales
        slopes[:, GRAVITY + count :] = self.store_features
        effects = params[GRAVITY + count :]
        return np.log(sales) + self.store_features @ effects, slopes

    def shares(self, params: Floats) -> tuple[Floats, Floats]:
        """Return each own pair's share of its area [P], and what is left to others [A].

        Over the pairs of an area they and what is left sum to one.
        """
        own, total = self.attractions(params)
        return own / total[self.own.area], self.others(params) / total

    def shaped(self, form: Form) -> "City":
        """Return the same with the other way of falling with distance."""
        return replace(self, form=form)

    def _by_area(self, pairs: Pairs, values: Floats) -> Floats:
        return summed(pairs.area, values, len(self.people))

    def _by_outlet(self, values: Floats) -> Floats:
        return summed(self.own.outlet, values, len(self.size))


def decay(form: Form, distance: Floats, log_pace: float) -> Floats:
    """Return the pull at ``distance`` (in units) relative to none; ``log_pace``: of s, or of λ."""
    if form == "exponential":
        return np.asarray(np.exp(-distance / np.exp(log_pace)))
    return np.asarray(np.exp(-np.exp(log_pace) * np.log1p(distance)))


def summed(at: Ints, values: Floats, count: int) -> Floats:
    """Return the sums of ``values`` by their positions ``at``: [count]."""
    return np.asarray(np.bincount(at, values, minlength=count), dtype=np.float64)


def pairs(areas: pd.DataFrame, outlets: pd.DataFrame, reach_km: float) -> Pairs:
    """Return the pairs of ``areas`` (lat, lon, radius_km) and ``outlets`` within ``reach_km``."""
    if outlets.empty or areas.empty:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    tree = cKDTree(solid(areas["lat"].to_numpy(), areas["lon"].to_numpy()))
    other = cKDTree(solid(outlets["lat"].to_numpy(), outlets["lon"].to_numpy()))
    found = tree.sparse_distance_matrix(other, reach_km, output_type="ndarray")
    area, outlet = found["i"].astype(np.int64), found["j"].astype(np.int64)
    inside = INSIDE * areas["radius_km"].to_numpy()[area]
    return Pairs(area, outlet, np.hypot(found["v"], inside))
