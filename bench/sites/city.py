"""Simulated cities whose truth is known: people, features, rivals, stores, and what each takes.

The truth is richer than the model: demand that nobody has measured, rivals that differ, distance
that fades by one of three laws, none of them exactly the model's, and luck of single stores.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MIDDLE = (31.0, 118.0)
_KM_LAT = 111.195
_STEP_KM = 0.8
_LUCK = 0.14
_USUAL = 3e7


@dataclass(frozen=True, eq=False)
class Truth:
    """A city as it is. Positions are km east and north; pulls and decay are the simulator's own."""

    areas: pd.DataFrame
    stores: pd.DataFrame
    rivals: pd.DataFrame
    candidates: pd.DataFrame
    demand: Floats
    pull_rivals: Floats
    luck: float
    law: str
    pace: float
    outside: float
    scale: float

    def gains(self, plans: Sequence[Sequence[int]]) -> Floats:
        """Return what the chain gains by each plan, a set of candidates that open together.

        Old stores keep their own luck, new ones have the usual.
        """
        old, total = self._before
        new = self._pull(self.candidates)
        found = []
        for plan in plans:
            more = new[:, list(plan)].sum(axis=1)
            after = (old + more) / (total + more)
            found.append(self.scale * float(self.demand @ (after - old / total)))
        return np.array(found)

    def revenue(self, candidate: int) -> float:
        """Return what a candidate would take if it opened alone, at the usual luck."""
        _, total = self._before
        new = self._pull(self.candidates)[:, candidate]
        return self.scale * float(self.demand @ (new / (total + new)))

    def expected(self) -> Floats:
        """Return what the stores there are take without their luck: [S]."""
        _, total = self._before
        return np.asarray(self.scale * (self.demand / total) @ self._pull(self.stores))

    @cached_property
    def _before(self) -> tuple[Floats, Floats]:
        """Return the pull of own stores, each times its luck, and of all there is: [A], [A]."""
        pull = self._pull(self.stores)
        others = self._pull(self.rivals) @ self.pull_rivals + self.outside
        return pull @ self.stores["luck"].to_numpy(), pull.sum(axis=1) + others

    def _pull(self, outlets: pd.DataFrame) -> Floats:
        x = np.subtract.outer(self.areas["x"].to_numpy(), outlets["x"].to_numpy())
        y = np.subtract.outer(self.areas["y"].to_numpy(), outlets["y"].to_numpy())
        km = np.hypot(np.hypot(x, y), 0.3)
        if self.law == "exponential":
            return np.asarray(np.exp(-km / self.pace))
        if self.law == "power":
            return np.asarray((1 + km / self.pace) ** -3.0)
        return np.asarray(np.exp(-((km / self.pace) ** 1.4)))


def simulate(seed: int, stores: int, candidates: int = 24) -> Truth:
    """Return a city with its chain."""
    rng = np.random.default_rng([seed, 90])
    side = rng.uniform(22.0, 34.0)
    steps = np.arange(0.0, side, _STEP_KM)
    x, y = (grid.ravel() for grid in np.meshgrid(steps, steps))
    centres = rng.uniform(0.2, 0.8, (rng.integers(2, 6), 2)) * side
    people = np.full(len(x), 300.0)
    for east, north in centres:
        reach = rng.uniform(2.0, 6.0)
        people += rng.uniform(4e3, 2e4) * np.exp(-np.hypot(x - east, y - north) / reach)
    people *= rng.lognormal(0.0, 0.35, len(x))
    income, offices, hidden = (_smooth(rng, x, y, side) for _ in range(3))
    effects = rng.normal((0.25, 0.15), 0.08)
    demand = people * np.exp(effects[0] * income + effects[1] * offices + 0.2 * hidden)
    areas = pd.DataFrame({"x": x, "y": y, "population": np.round(people)})
    areas["income"] = np.round(6000 * np.exp(0.3 * income))
    areas["offices"] = rng.poisson(np.exp(1.5 + 0.8 * offices))
    own, new, others = (
        _placed(rng, areas, demand, count, power)
        for count, power in (
            (stores, 0.7),
            (candidates, 0.4),
            (int(stores * rng.uniform(1, 4)), 0.8),
        )
    )
    own["luck"] = rng.lognormal(0.0, _LUCK, stores)
    law = ("exponential", "power", "bell")[int(rng.integers(3))]
    truth = Truth(
        _degrees(areas).assign(area=[f"a{n}" for n in range(len(areas))]),
        _degrees(own).assign(store=[f"s{n}" for n in range(stores)]),
        _degrees(others),
        _degrees(new).assign(candidate=[f"c{n}" for n in range(candidates)]),
        demand,
        rng.lognormal(-0.3, 0.4, len(others)),
        _LUCK,
        law,
        float(rng.uniform(1.0, 2.6)) * (1.6 if law == "power" else 1.0),
        float(np.exp(rng.normal(-0.3, 0.5))),
        1.0,
    )
    truth = replace(truth, scale=_USUAL / float(truth.expected().mean()))
    truth.stores["revenue"] = truth.expected() * truth.stores["luck"]
    return truth


def _smooth(rng: np.random.Generator, x: Floats, y: Floats, side: float) -> Floats:
    """Return a smooth field over the city of mean 0 and deviation 1."""
    field = np.zeros(len(x))
    for _ in range(14):
        east, north = rng.uniform(0, side, 2)
        field += rng.normal() * np.exp(-(((x - east) ** 2 + (y - north) ** 2) / (2 * 3.5**2)))
    return np.asarray((field - field.mean()) / field.std())


def _placed(
    rng: np.random.Generator, areas: pd.DataFrame, demand: Floats, count: int, power: float
) -> pd.DataFrame:
    chance = demand**power / (demand**power).sum()
    at = rng.choice(len(areas), count, replace=False, p=chance)
    shift = rng.uniform(-_STEP_KM / 2, _STEP_KM / 2, (count, 2))
    return pd.DataFrame(
        {"x": areas["x"].to_numpy()[at] + shift[:, 0], "y": areas["y"].to_numpy()[at] + shift[:, 1]}
    )


def _degrees(frame: pd.DataFrame) -> pd.DataFrame:
    lat = _MIDDLE[0] + frame["y"] / _KM_LAT
    lon = _MIDDLE[1] + frame["x"] / (_KM_LAT * np.cos(np.radians(_MIDDLE[0])))
    return frame.assign(lat=lat, lon=lon)
