"""Where a chain like this opens next, by where it has opened so far.

Sales say where a store would do well; past openings also show what nobody writes down: how far
from its own stores a chain is able to go, and what size of town it likes.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.spatial import cKDTree
from scipy.special import expit

from advice.sites.places import Floats, solid

NEAR_KM = 20.0
"""An opening belongs to the place that is nearest to it, up to here."""

_RINGS_KM = (50.0, 150.0, 400.0)
_RIDGE = 1.0
_WINDOWS = 2


@dataclass(frozen=True, eq=False)
class Habit:
    """What the chain's openings had in common: ``weights`` [K] of standardised features.

    ``learned``: how many places got a store in the windows that it was learned from.
    """

    weights: Floats
    middle: Floats
    width: Floats
    learned: int

    def chance(self, network: pd.DataFrame, places: pd.DataFrame) -> Floats:
        """Return for each place (lat, lon, population) how likely it is next: [N], 0 to 1.

        ``network``: lat, lon of the stores there are. Good for an order; the level is that of the
        windows learned from.
        """
        features = (_features(network, places) - self.middle) / self.width
        return np.asarray(expit(_with_one(features) @ self.weights))


def learn_habit(
    openings: pd.DataFrame, places: pd.DataFrame, until: float, *, years: float = 5.0
) -> Habit:
    """Return the habit that openings (lat, lon, when: in years) up to ``until`` show.

    Which ``places`` got a store in each of the last two windows of ``years`` is explained by the
    network at the window's start. Raises ValueError where no window has an opening at a place.
    """
    tables, got = [], []
    for back in range(1, _WINDOWS + 1):
        start = until - back * years
        before = openings[openings["when"] <= start]
        during = openings[(openings["when"] > start) & (openings["when"] <= start + years)]
        if before.empty or during.empty:
            continue
        tables.append(_features(before, places))
        got.append(opened_at(during, places) > 0)
    if not got or not np.concatenate(got).any():
        raise ValueError("no opening to learn from")
    table, target = np.concatenate(tables), np.concatenate(got).astype(np.float64)
    middle, width = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-9)
    weights = _logistic(_with_one((table - middle) / width), target)
    return Habit(weights, middle, width, int(target.sum()))


def opened_at(openings: pd.DataFrame, places: pd.DataFrame) -> Floats:
    """Return how many openings belong to each place: [N]."""
    tree = cKDTree(solid(places["lat"].to_numpy(), places["lon"].to_numpy()))
    apart, at = tree.query(solid(openings["lat"].to_numpy(), openings["lon"].to_numpy()))
    return np.bincount(at[apart <= NEAR_KM], minlength=len(places)).astype(np.float64)


def _features(network: pd.DataFrame, places: pd.DataFrame) -> Floats:
    stores = cKDTree(solid(network["lat"].to_numpy(), network["lon"].to_numpy()))
    points = solid(places["lat"].to_numpy(), places["lon"].to_numpy())
    apart, _ = stores.query(points)
    people = places["population"].to_numpy("float64")
    around = cKDTree(points).query_ball_point(points, _RINGS_KM[0])
    columns = [
        np.log1p(people),
        np.log1p(people) ** 2,
        np.log1p([people[rows].sum() for rows in around]),
        np.log1p(apart),
        np.log1p(apart) ** 2,
        *(np.log1p(stores.query_ball_point(points, km, return_length=True)) for km in _RINGS_KM),
    ]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _with_one(features: Floats) -> Floats:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def _logistic(x: Floats, target: Floats) -> Floats:
    """Return the weights of a logistic regression with a ridge on all but the first."""
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 0.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = x @ weights
        value = np.logaddexp(0, score).sum() - target @ score + ridge @ weights**2 / 2
        return float(value), np.asarray(x.T @ (expit(score) - target) + ridge * weights)

    start = np.zeros(x.shape[1])
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)
