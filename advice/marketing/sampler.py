"""Draws from a density of a dozen numbers, cheap enough for many chains, and how far to trust them.

The mode is sought and a Student t with its curvature laid over it; chains then renew one block of
numbers after the other from the t given the rest (Tierney, "Markov Chains for Exploring Posterior
Distributions", 1994), and a first round of them mends the t.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from advice.marketing.transforms import Floats

_FREEDOM = 6.0
_STEP = 0.05
_ROUNDS = 3
_NEAR = 4
_SHORT = 0.7
"""Every fourth sweep takes shorter steps from where it is, which leave places no leap does."""
_AGREED, _ENOUGH = 1.05, 80
_LEAST_CURVATURE = 0.8
"""The prior alone has 1; a little less allows for densities that fall slower than a Gaussian."""


@dataclass(frozen=True)
class Sample:
    """``positions`` [chains, draws, D]; ``accepted``: the least share taken of a block's moves."""

    positions: Floats
    accepted: float


class _Block:
    """A Student t of the numbers at ``at``, given all the others of a Gaussian cloud."""

    def __init__(self, at: Sequence[int], middle: Floats, spread: Floats) -> None:
        self.at = np.array(at)
        rest = np.setdiff1d(np.arange(len(middle)), self.at)
        self._middle, self._rest = middle, rest
        across = spread[np.ix_(self.at, rest)]
        self._slope = np.linalg.solve(spread[np.ix_(rest, rest)], across.T).T
        left = spread[np.ix_(self.at, self.at)] - self._slope @ across.T
        self._root = np.linalg.cholesky((left + left.T) / 2)

    def expected(self, position: Floats) -> Floats:
        """Return where the block is expected, given the others."""
        away = position[self._rest] - self._middle[self._rest]
        return np.asarray(self._middle[self.at] + self._slope @ away, dtype=np.float64)

    def draw(self, around: Floats, rng: np.random.Generator, scale: float) -> Floats:
        """Return values for the block."""
        far = scale * np.sqrt(_FREEDOM / rng.chisquare(_FREEDOM))
        return np.asarray(around + far * (self._root @ rng.standard_normal(len(self.at))))

    def log(self, values: Floats, around: Floats) -> float:
        """Return the logarithm of the density of values but for a constant."""
        away = np.linalg.solve(self._root, values - around)
        return float(-0.5 * (_FREEDOM + len(away)) * np.log1p(away @ away / _FREEDOM))


def sample(
    log_density: Callable[[Floats], float],
    blocks: Sequence[Sequence[int]],
    *,
    seed: int,
    chains: int = 4,
    draws: int = 200,
    first: int = 60,
) -> Sample:
    """Return ``draws`` positions of each chain; ``first`` more of each mend the cloud before.

    Where chains do not agree, they go on from where they are, with a cloud mended by all that was
    drawn, up to three times; the last draws are returned, agreed or not.
    ``blocks`` name every number once. The density is taken to have a Gaussian prior of unit width.
    """
    size = sum(len(block) for block in blocks)
    rngs = [np.random.default_rng(stream) for stream in np.random.SeedSequence(seed).spawn(chains)]
    middle, spread = _around_mode(log_density, size)
    root = np.linalg.cholesky(spread)
    starts = [middle + 1.5 * (root @ rng.standard_normal(size)) for rng in rngs]
    runs = _round(log_density, blocks, middle, spread, starts, first, rngs)
    known = np.concatenate([run[first // 3 :] for run, _ in runs])
    for _ in range(_ROUNDS):
        worth = len(known) / (len(known) + 20 * size)
        spread = worth * np.cov(known, rowvar=False) + (1 - worth) * spread
        starts = [run[-1] for run, _ in runs]
        runs = _round(log_density, blocks, known.mean(axis=0), spread, starts, draws, rngs)
        positions = np.stack([run for run, _ in runs])
        if _settled(positions):
            break
        known = np.concatenate([run for run, _ in runs])
    taken = np.mean([share for _, share in runs], axis=0)
    return Sample(positions, float(taken.min()))


def _settled(positions: Floats) -> bool:
    each = np.moveaxis(positions, 2, 0)
    return (
        max(rank_normalised_r_hat(one) for one in each) < _AGREED
        and min(effective_size(one) for one in each) > _ENOUGH
    )


def _round(
    log_density: Callable[[Floats], float],
    blocks: Sequence[Sequence[int]],
    middle: Floats,
    spread: Floats,
    starts: Sequence[Floats],
    draws: int,
    rngs: Sequence[np.random.Generator],
) -> list[tuple[Floats, Floats]]:
    parts = [_Block(at, middle, spread) for at in blocks]
    return [
        _chain(log_density, parts, start, draws, rng)
        for start, rng in zip(starts, rngs, strict=True)
    ]


def _chain(
    log_density: Callable[[Floats], float],
    parts: Sequence[_Block],
    start: Floats,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    at, here = start.copy(), log_density(start)
    taken = np.zeros(len(parts))
    out = np.empty((draws, len(start)))
    for i in range(draws):
        for k, part in enumerate(parts):
            near = i % _NEAR == _NEAR - 1
            around = at[part.at] if near else part.expected(at)
            step = at.copy()
            step[part.at] = part.draw(around, rng, _SHORT if near else 1.0)
            value = log_density(step)
            # A step from where one is is as likely as the step back.
            odds = 0.0 if near else part.log(at[part.at], around) - part.log(step[part.at], around)
            if np.log(rng.random()) < value - here + odds:
                at, here = step, value
                taken[k] += not near
        out[i] = at
    return out, taken / (draws - draws // _NEAR)


def _around_mode(log_density: Callable[[Floats], float], size: int) -> tuple[Floats, Floats]:
    """Return the mode and the inverse of the curvature there."""

    def cost(position: Floats) -> float:
        value = log_density(position)
        return -value if np.isfinite(value) else 1e12

    def slope(position: Floats) -> Floats:
        return np.asarray(optimize.approx_fprime(position, cost, 1e-4), dtype=np.float64)

    found = optimize.minimize(
        cost,
        np.zeros(size),
        jac=slope,
        method="L-BFGS-B",
        bounds=[(-4, 4)] * size,
        options={"maxiter": 40, "ftol": 1e-7},
    )
    mode = np.asarray(found.x, dtype=np.float64)
    values, vectors = np.linalg.eigh(_curvature(cost, mode))
    spread = (vectors / np.maximum(values, _LEAST_CURVATURE)) @ vectors.T
    return mode, np.asarray((spread + spread.T) / 2, dtype=np.float64)


def _curvature(cost: Callable[[Floats], float], at: Floats) -> Floats:
    """Return the second derivatives by differences over two steps each way."""
    steps = _STEP * np.eye(len(at))
    here = cost(at)
    ahead = np.array([cost(at + step) for step in steps])
    behind = np.array([cost(at - step) for step in steps])
    curved = np.diag((ahead + behind - 2 * here) / _STEP**2)
    for i in range(len(at)):
        for j in range(i):
            both = cost(at + steps[i] + steps[j]) + cost(at - steps[i] - steps[j])
            lone = ahead[i] + behind[i] + ahead[j] + behind[j]
            curved[i, j] = curved[j, i] = (both - lone + 2 * here) / (2 * _STEP**2)
    return curved


def rank_normalised_r_hat(chains: Floats) -> float:
    """Return split R-hat of ranks of [chains, draws].

    Vehtari, Gelman, Simpson, Carpenter and Bürkner, "Rank-normalization, folding, and localization:
    An improved R-hat", 2021. 1 where all chains agree.
    """
    half = chains.shape[1] // 2
    split = np.concatenate([chains[:, :half], chains[:, -half:]])
    ranks = np.argsort(np.argsort(split, axis=None, kind="stable")).reshape(split.shape) + 1
    scores = special.ndtri((ranks - 0.375) / (split.size + 0.25))
    within = scores.var(axis=1, ddof=1).mean()
    between = scores.mean(axis=1).var(ddof=1)
    return float(np.sqrt((half - 1) / half + between / within)) if within > 0 else 1.0


def effective_size(chains: Floats) -> float:
    """Return how many independent draws [chains, draws] are worth.

    Geyer's initial positive sequence over all chains; Gelman et al., "Bayesian Data Analysis", 3rd
    edition, section 11.5.
    """
    count, draws = chains.shape
    centred = chains - chains.mean(axis=1, keepdims=True)
    padded = np.fft.rfft(centred, 2 * draws, axis=1)
    lagged = np.fft.irfft(padded * padded.conj(), axis=1)[:, :draws] / draws
    within = lagged[:, 0].mean() * draws / (draws - 1)
    whole = within * (draws - 1) / draws + (chains.mean(axis=1).var(ddof=1) if count > 1 else 0.0)
    if whole <= 0:
        return float(count * draws)
    rho = 1 - (within - lagged.mean(axis=0)) / whole
    rho[0] = 1.0
    pairs = rho[: draws // 2 * 2].reshape(-1, 2).sum(axis=1)
    end = int(np.argmax(pairs < 0)) if (pairs < 0).any() else len(pairs)
    tau = -1 + 2 * float(np.minimum.accumulate(pairs[:end]).sum())
    return float(count * draws / max(tau, 1 / np.log10(count * draws)))
