"""Effects of many stores at once, each shrunk to the chain by as much as stores are alike."""

from dataclasses import dataclass

import numpy as np

from forecasting.panel import Floats

_STEPS = 5
_FREE = 100.0
_LEAST_SPREAD = 1e-7
_LEAST_NOISE = 1e-4
_USUAL_NOISE = 0.05
_USUAL_SPREAD = 0.01


@dataclass(frozen=True)
class Shrinkage:
    """``spread``: [P], the variance of each effect between stores; the first is free."""

    spread: Floats


def departures(
    gram: Floats, moment: Floats, power: Floats, total: Floats, start: Shrinkage | None
) -> tuple[Floats, Shrinkage]:
    """Return each store's departures [S, P] from the chain and how far stores were shrunk.

    ``gram``: [S, P, P] = XᵀWX; ``moment``: [S, P] = XᵀWr; ``power``: [S] = rᵀWr; ``total``: [S] =
    ΣW. The model is r = Xδ + ε, δ ~ N(0, spread), ε ~ N(0, noise of the store); spread and noise
    come from a few steps of expectation and maximisation (Laird and Ware 1982), from ``start``.
    """
    size = gram.shape[1]
    spread = np.full(size, _USUAL_SPREAD) if start is None else start.spread
    spread = np.concatenate([[_FREE], spread[1:]])
    noise = np.full(len(gram), _USUAL_NOISE)
    found = np.zeros(gram.shape[:2])
    for _ in range(_STEPS if start is None else 2):
        inverse = np.linalg.inv(gram / noise[:, None, None] + np.diag(1 / spread))
        found = (inverse @ (moment / noise[:, None])[:, :, None])[:, :, 0]
        second = found**2 + np.einsum("spp->sp", inverse)
        spread = np.concatenate([[_FREE], np.maximum(second.mean(axis=0), _LEAST_SPREAD)[1:]])
        rest = np.maximum(power - (found * moment).sum(axis=1), 0.0)
        noise = np.where(total > 0, rest / np.maximum(total, 1e-9), _USUAL_NOISE)
        noise = np.maximum(noise, _LEAST_NOISE)
    return found, Shrinkage(spread)
