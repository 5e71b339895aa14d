"""How likely the data are for given carry-over, saturation and spreads, all else integrated out.

The logarithm of a store's weekly outcome is the sum of

* its level and slope, drawn from the chain's;
* the chain's season (waves of a year) and what the controls say;
* one shock a week that all stores share, so spend that all stores share is told from it by time;
* for each channel its return times saturated adstock, each store's return drawn from the chain's;
* a disturbance that lasts: autoregressive of order one, wider in stores that vary more.

All but carry-over, half saturation, spreads and persistence is linear with Gaussian priors, so it
is integrated exactly (Woodbury's identity, store by store; Rasmussen and Williams, "Gaussian
Processes for Machine Learning", 2006, sections 2.7 and A.3), and drawn exactly afterwards.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from advice.marketing.design import STORE_SD, design
from advice.marketing.panel import Panel, run_in
from advice.marketing.transforms import Floats, adstock, saturation

_FAR = 8.0
"""Standard deviations of the prior beyond which no position is looked at."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters that are not integrated out; ``decay``, ``half``, ``spread`` are [C].

    ``half``: the spend, in multiples of a channel's usual one, that does half of what ever more
    would. ``spread``: how far stores' returns lie apart. ``persistence`` of a store's disturbance
    over a week, its size ``noise``, and that of the weeks' common shocks, ``shock``.
    """

    decay: Floats
    half: Floats
    spread: Floats
    persistence: float
    noise: float
    shock: float


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw: ``shape``, and ``effect`` [C, S]: what full saturation adds to the logarithm."""

    shape: Shape
    effect: Floats


@dataclass(frozen=True, slots=True)
class _Solved:
    """``chain``: lower Cholesky factor for the common coefficients, ``right`` its right side.

    ``store`` [S, Q, Q], ``cross`` [S, Q, N] and ``own`` [S, Q]: the same for what is a store's.
    """

    log: float
    chain: Floats
    right: Floats
    store: Floats
    cross: Floats
    own: Floats
    factor: Floats


class Density:
    """The posterior density of a panel over positions: shapes in units of the prior, [3 C + 3]."""

    def __init__(self, panel: Panel, low: Floats, high: Floats) -> None:
        """``low``, ``high`` [C]: 90 % of what a unit of spend is thought to bring back."""
        self.panel = panel
        self.prior_mean = np.asarray((low + high) / 2, dtype=np.float64)
        self.prior_sd = np.asarray((high - low) / (2 * 1.6449), dtype=np.float64)
        self.weight = np.where(panel.valid, panel.outcome, 0.0)
        self.spent = np.einsum("cst,st->c", panel.spend, panel.valid)
        self.unit = _units(panel)
        scale = panel.level[:, None] * self.unit[:, None, None]
        self.relative = panel.spend / scale
        self._before = run_in(panel) / scale[..., 0]
        self._design = design(panel)
        self._met = panel.valid & np.pad(panel.valid[:, :-1], ((0, 0), (1, 0)))
        steps = np.abs(np.diff(self._design.y, axis=1)[self._met[:, 1:]])
        size = float(np.log(np.median(steps) + 1e-3))
        count = len(panel.channels)
        spread = np.log(0.25 * self.prior_sd)
        self._centre = np.concatenate(
            [np.full(count, -0.4), np.full(count, 0.6), spread, [0.3, size, size - 1.0]]
        )
        self._width = np.concatenate(
            [np.full(count, 0.8), np.full(count, 0.8), np.full(count, 0.7), [0.4, 0.7, 0.9]]
        )

    @property
    def size(self) -> int:
        """How many numbers a position has."""
        return len(self._centre)

    def shape(self, position: Floats) -> Shape:
        """Return what a position means."""
        at = self._centre + self._width * position
        count = len(self.panel.channels)
        return Shape(
            decay=1 / (1 + np.exp(-at[:count])),
            half=np.exp(at[count : 2 * count]),
            spread=np.exp(at[2 * count : 3 * count]),
            persistence=float(np.tanh(at[-3])),
            noise=float(np.exp(at[-2])),
            shock=float(np.exp(at[-1])),
        )

    def __call__(self, position: Floats) -> float:
        """Return the logarithm of the density but for a constant; -inf where it cannot be had."""
        if not np.isfinite(position).all() or np.abs(position).max() > _FAR:
            return -np.inf
        try:
            found = self._solve(self.shape(position)).log
        except np.linalg.LinAlgError:
            return -np.inf
        return found - 0.5 * float(position @ position)

    def columns(self, shape: Shape) -> tuple[Floats, Floats]:
        """Return saturated adstock [C, S, T], and for each the factor [C] that makes it money.

        A column times its factor times a return is what that return adds to the logarithm.
        """
        working = np.empty_like(self.relative)
        for c, (decay, half) in enumerate(zip(shape.decay, shape.half, strict=True)):
            carried = adstock(self.relative[c], float(decay), self._before[c])
            working[c] = saturation(carried, float(half))
        brought = np.einsum("cst,st->c", working, self.weight)
        return working, self.spent / np.where(brought > 0, brought, 1.0)

    def draw(self, position: Floats, rng: np.random.Generator) -> Draw:
        """Return a draw of the effects given a position."""
        shape = self.shape(position)
        found = self._solve(shape)
        common = linalg.cho_solve((found.chain, True), found.right)
        noise = rng.standard_normal(len(common))
        common = common + linalg.solve_triangular(found.chain, noise, lower=True, trans="T")
        left = (found.own - found.cross @ common)[..., None]
        half = np.linalg.solve(found.store, left) + rng.standard_normal(left.shape)
        own = np.linalg.solve(np.swapaxes(found.store, 1, 2), half)[..., 0]
        count = len(self.panel.channels)
        width = self._design.columns.shape[2]
        returns = self.prior_mean + common[width : width + count] + own[:, len(STORE_SD) :]
        return Draw(shape, np.asarray((returns * found.factor).T, dtype=np.float64))

    def rows(self, shape: Shape) -> tuple[Floats, Floats, Floats, Floats]:
        """Return what a regression with independent errors sees: a row a valid store and week.

        Columns of stores and season, those of marketing [rows, C], the target, and the week's
        number. Columns are scaled so that their coefficients have priors of unit width. Weeks'
        common shocks are allowed for by taking away a part of each week's mean (Fuller and Battese,
        "Estimation of Linear Models with Crossed-Error Structure", 1974).
        """
        stores, weeks = self.panel.valid.shape
        working, factor = self.columns(shape)
        money = np.moveaxis(working * (factor * self.prior_sd)[:, None, None], 0, 2)
        own = np.zeros((stores, weeks, 2 * stores))
        at = np.arange(stores)
        own[at, :, 2 * at] = STORE_SD[0]
        own[at, :, 2 * at + 1] = STORE_SD[1] * self._design.slope
        shared = self._design.columns * self._design.sd
        every = np.concatenate([shared, own, money, self._design.y[..., None]], axis=2)
        size, late = self._whitening(shape)
        every = _whitened(every, size, late)
        valid = self.panel.valid[..., None]
        seen = np.maximum(valid.sum(axis=0), 1)
        part = 1 - 1 / np.sqrt(1 + seen * (shape.shock / shape.noise) ** 2)
        every = every - part * (every * valid).sum(axis=0) / seen
        flat = every[self.panel.valid]
        count = money.shape[2]
        number = np.broadcast_to(np.arange(weeks, dtype=np.float64), (stores, weeks))
        return (
            flat[:, : -1 - count],
            flat[:, -1 - count : -1],
            flat[:, -1],
            number[self.panel.valid],
        )

    def _whitening(self, shape: Shape) -> tuple[Floats, Floats]:
        """Return the scale of each row and what share of last week's disturbance it keeps."""
        late = np.where(self._met, shape.persistence, 0.0)
        fresh = np.sqrt(1 - shape.persistence**2)
        alone = np.where(self._met, 1.0, fresh) / shape.noise
        return self.panel.valid * alone / self._design.scale[:, None], late

    def _solve(self, shape: Shape) -> _Solved:
        design_, valid = self._design, self.panel.valid
        stores, weeks = valid.shape
        working, factor = self.columns(shape)
        money = np.moveaxis(working * factor[:, None, None], 0, 2)
        target = design_.y - money @ self.prior_mean
        size, late = self._whitening(shape)
        every = np.concatenate([design_.columns, money, target[..., None]], axis=2)
        every = _whitened(every, size, late)
        slope = np.broadcast_to(np.stack([np.ones(weeks), design_.slope], 1), (stores, weeks, 2))
        own = np.concatenate(
            [_whitened(slope, size, late), every[..., -1 - money.shape[2] : -1]], axis=2
        )
        across = np.swapaxes(own, 1, 2)
        prior_own = np.concatenate([STORE_SD, shape.spread])
        store = np.linalg.cholesky(across @ own + np.diag(prior_own**-2))
        cross = np.concatenate(
            [across @ every, np.swapaxes(_unwhitened(own, size, late), 1, 2)], axis=2
        )
        reduced = np.linalg.solve(store, cross).reshape(-1, cross.shape[2])
        whole = self._gram(every, size, late) - reduced.T @ reduced
        at = every.shape[2] - 1
        keep = np.arange(len(whole)) != at
        prior = np.concatenate([design_.sd, self.prior_sd, np.full(weeks, shape.shock)])
        right = whole[keep, at]
        chain = np.linalg.cholesky(whole[np.ix_(keep, keep)] + np.diag(prior**-2))
        fitted = linalg.solve_triangular(chain, right, lower=True)
        log = -0.5 * (whole[at, at] - fitted @ fitted)
        log += float(np.log(size[valid]).sum())
        log -= float(np.log(np.diagonal(store, axis1=1, axis2=2)).sum())
        log -= stores * float(np.log(prior_own).sum())
        log -= float(np.log(np.diag(chain)).sum() + np.log(prior).sum())
        return _Solved(
            float(log),
            chain,
            right,
            store,
            cross[..., np.arange(len(whole)) != at],
            cross[..., at],
            factor,
        )

    def _gram(self, every: Floats, size: Floats, late: Floats) -> Floats:
        """Return the products of all common columns, the target among them, and the weeks."""
        width, weeks = every.shape[2], every.shape[1]
        flat = every.reshape(-1, width)
        whole = np.zeros((width + weeks, width + weeks))
        whole[:width, :width] = flat.T @ flat
        shocks = _unwhitened(every, size, late).sum(axis=0)
        whole[:width, width:] = shocks.T
        whole[width:, :width] = shocks
        back = size * late
        diagonal = (size**2).sum(0)
        diagonal[:-1] += (back[:, 1:] ** 2).sum(0)
        beside = -(size[:, 1:] * back[:, 1:]).sum(0)
        at = np.arange(weeks) + width
        whole[at, at] = diagonal
        whole[at[1:], at[:-1]] = beside
        whole[at[:-1], at[1:]] = beside
        return whole


def _units(panel: Panel) -> Floats:
    """Return a channel's usual weekly spend as a share of a store's usual outcome; [C]."""
    relative = panel.spend / panel.level[:, None]
    used = (relative > 0) & panel.valid
    total, count = (relative * used).sum(axis=(1, 2)), used.sum(axis=(1, 2))
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)


def _whitened(columns: Floats, size: Floats, late: Floats) -> Floats:
    """Return columns [S, T, P] less what last week's disturbance explains, in its units."""
    out = columns.copy()
    out[:, 1:] -= late[:, 1:, None] * columns[:, :-1]
    return np.asarray(out * size[..., None], dtype=np.float64)


def _unwhitened(columns: Floats, size: Floats, late: Floats) -> Floats:
    """Return the transpose of that step applied to whitened columns [S, T, P]."""
    scaled = columns * size[..., None]
    scaled[:, :-1] -= late[:, 1:, None] * scaled[:, 1:]
    return scaled
