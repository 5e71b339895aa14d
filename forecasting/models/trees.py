"""LightGBM as all models here use it: same rows from same seed, whatever the threads."""

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.features import Singles
from forecasting.panel import Floats

# Threads that wait must sleep: where they spin, a busy machine makes each step take a time slice.
# The library reads this when it is loaded, which is why it is loaded here, once.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import lightgbm as lgb

_ROWS_A_THREAD = 40_000


@dataclass(frozen=True)
class Growth:
    """How trees are grown; ``rows``: learned from so many rows at most, drawn by the seed.

    Losses are Huber's: squares of errors up to ``bend``, from there on absolute, so that shocks of
    single dates lead less astray.
    """

    rounds: int
    least_in_leaf: int
    rows: int
    features: float
    penalty: float
    leaves: int = 31
    learning_rate: float = 0.06
    bend: float = 0.1


@dataclass(frozen=True)
class Trees:
    """Grown trees."""

    booster: lgb.Booster

    def predict(self, columns: Singles, workers: int) -> Floats:
        """Return the value of each row of columns [..., F]: [...]."""
        flat = columns.reshape(-1, columns.shape[-1])
        found = self.booster.predict(flat, num_threads=_threads(len(flat), workers))
        return np.asarray(found, dtype=np.float64).reshape(columns.shape[:-1])


def grow(
    columns: Singles, target: Floats, weight: Floats, growth: Growth, *, seed: int, workers: int
) -> Trees:
    """Return trees; columns [N, F], target and weight [N]."""
    parameters = {
        "objective": "huber",
        "alpha": growth.bend,
        "num_leaves": growth.leaves,
        "learning_rate": growth.learning_rate,
        "min_data_in_leaf": growth.least_in_leaf,
        "feature_fraction": growth.features,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": growth.penalty,
        "seed": seed,
        "num_threads": _threads(len(target), workers),
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }
    data = lgb.Dataset(columns, target, weight=weight)
    return Trees(lgb.train(parameters, data, growth.rounds))


def sample(count: int, growth: Growth, seed: int) -> NDArray[np.bool_]:
    """Return which of so many rows are learned from: [count]."""
    return np.random.default_rng(seed).random(count) < growth.rows / max(count, 1)


def _threads(rows: int, workers: int) -> int:
    return max(1, min(workers, rows // _ROWS_A_THREAD))
