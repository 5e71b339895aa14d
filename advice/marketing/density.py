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
from advice.marketing.products import Products, Workshop, whitened
from advice.marketing.transforms import Counts, Floats, adstock, saturation

_FAR = 8.0
"""Standard deviations of the prior beyond which no position is looked at."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The parameters that are not integrated out; those of channels are [C].

    ``decay`` and ``later``: how spend is carried over (``transforms.weights``). ``half``: the
    spend, in multiples of a channel's usual one, that does half of what ever more would; ``power``:
    how S-shaped that is. ``spread``: how far stores' returns lie apart.

    ``persistence``: how much of a store's disturbance is left a week later; ``noise``: its size;
    ``shock``: the size of the weeks' common shocks.
    """

    decay: Floats
    later: Floats
    half: Floats
    power: Floats
    spread: Floats
    persistence: float
    noise: float
    shock: float

    def curves(self) -> list[tuple[float, ...]]:
        """Return decay, later, half and power of each channel."""
        every = zip(self.decay, self.later, self.half, self.power, strict=True)
        return [tuple(float(one) for one in curve) for curve in every]


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw: ``shape``, and ``effect`` [C, S]: what full saturation adds to the logarithm."""

    shape: Shape
    effect: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of stores and season, of marketing [N, C], the target, which store and week; [N]."""

    others: Floats
    money: Floats
    target: Floats
    store: Counts
    week: Counts


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
    """The posterior density of a panel over positions: shapes in units of the prior, [5 C + 3]."""

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
        met = panel.valid & np.pad(panel.valid[:, :-1], ((0, 0), (1, 0)))
        self._workshop = Workshop(self._design, panel.valid, met, self._column, len(panel.channels))
        steps = np.abs(np.diff(self._design.y, axis=1)[met[:, 1:]])
        size = float(np.log(np.median(steps) + 1e-3))
        count = len(panel.channels)
        spread = np.log(0.25 * self.prior_sd)
        usual = [np.full(count, at) for at in (-0.4, 0.2, 0.4, 0.15)]
        self._centre = np.concatenate([*usual, spread, [0.3, size, size - 1.0]])
        widths = [np.full(count, width) for width in (0.8, 0.5, 0.8, 0.2, 0.7)]
        self._width = np.concatenate([*widths, [0.4, 0.7, 0.9]])

    @property
    def size(self) -> int:
        """How many numbers a position has."""
        return len(self._centre)

    def blocks(self) -> list[list[int]]:
        """Return which numbers of a position belong together: each channel's, then the rest."""
        count = len(self.panel.channels)
        each = [[k * count + c for k in range(5)] for c in range(count)]
        return [*each, [self.size - 3, self.size - 2, self.size - 1]]

    def shape(self, position: Floats) -> Shape:
        """Return what a position means."""
        at = self._centre + self._width * position
        decay, later, half, power, spread = at[:-3].reshape(5, -1)
        return Shape(
            decay=1 / (1 + np.exp(-decay)),
            later=np.exp(later),
            half=np.exp(half),
            power=np.exp(power),
            spread=np.exp(spread),
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
        made = [self._column(c, curve) for c, curve in enumerate(shape.curves())]
        return np.stack([one for one, _ in made]), np.array([factor for _, factor in made])

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

    def rows(self, shape: Shape) -> Rows:
        """Return what a regression with independent errors sees: a row a valid store and week.

        Columns are scaled so that their coefficients have priors of unit width. Weeks'
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
        size, late = self._workshop.whitening(shape.persistence)
        every = whitened(every, size / shape.noise, late)
        valid = self.panel.valid[..., None]
        seen = np.maximum(valid.sum(axis=0), 1)
        part = 1 - 1 / np.sqrt(1 + seen * (shape.shock / shape.noise) ** 2)
        every = every - part * (every * valid).sum(axis=0) / seen
        flat = every[self.panel.valid]
        count = money.shape[2]
        store, week = np.nonzero(self.panel.valid)
        return Rows(flat[:, : -1 - count], flat[:, -1 - count : -1], flat[:, -1], store, week)

    def _column(self, channel: int, curve: tuple[float, ...]) -> tuple[Floats, float]:
        """Return a channel's saturated adstock [S, T] and its factor; see ``columns``."""
        decay, later, half, power = curve
        carried = adstock(self.relative[channel], decay, self._before[channel], later)
        working = saturation(carried, half, power)
        brought = float((working * self.weight).sum())
        return working, float(self.spent[channel] / (brought if brought > 0 else 1.0))

    def _solve(self, shape: Shape) -> _Solved:
        made = self._workshop.products(shape.persistence, shape.curves(), self.prior_mean)
        stores, weeks = self.panel.valid.shape
        width = made.gram.shape[1]
        at, count = width - 1, len(made.factor)
        # A store's level and slope are the first columns, as the chain's are.
        own = np.array([0, 1, *range(at - count, at)])
        cross = np.concatenate([made.gram[:, own], made.own_shocks], axis=2) / shape.noise**2
        prior_own = np.concatenate([STORE_SD, shape.spread])
        store = np.asarray(
            np.linalg.cholesky(cross[..., own] + np.diag(prior_own**-2)), dtype=np.float64
        )
        reduced = (np.linalg.inv(store) @ cross).reshape(-1, cross.shape[2])
        whole = _gram(made) / shape.noise**2 - reduced.T @ reduced
        keep = np.arange(len(whole)) != at
        prior = np.concatenate([self._design.sd, self.prior_sd, np.full(weeks, shape.shock)])
        right = whole[keep, at]
        chain = np.linalg.cholesky(whole[np.ix_(keep, keep)] + np.diag(prior**-2))
        fitted = linalg.solve_triangular(chain, right, lower=True)
        log = -0.5 * (whole[at, at] - fitted @ fitted) + made.fixed.log
        log -= int(self.panel.valid.sum()) * np.log(shape.noise)
        log -= float(np.log(np.diagonal(store, axis1=1, axis2=2)).sum())
        log -= stores * float(np.log(prior_own).sum())
        log -= float(np.log(np.diag(chain)).sum() + np.log(prior).sum())
        return _Solved(
            float(log),
            np.asarray(chain, dtype=np.float64),
            right,
            store,
            cross[..., keep],
            cross[..., at],
            made.factor,
        )


def _gram(made: Products) -> Floats:
    """Return the products of all common columns, the target among them, and the weeks' shocks."""
    width, weeks = made.shocks.shape
    whole = np.zeros((width + weeks, width + weeks))
    whole[:width, :width] = made.gram.sum(axis=0)
    whole[:width, width:] = made.shocks
    whole[width:, :width] = made.shocks.T
    at = np.arange(weeks) + width
    whole[at, at] = made.fixed.diagonal
    whole[at[1:], at[:-1]] = whole[at[:-1], at[1:]] = made.fixed.beside
    return whole


def _units(panel: Panel) -> Floats:
    """Return a channel's usual weekly spend as a share of a store's usual outcome; [C]."""
    relative = panel.spend / panel.level[:, None]
    used = (relative > 0) & panel.valid
    total, count = (relative * used).sum(axis=(1, 2)), used.sum(axis=(1, 2))
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
