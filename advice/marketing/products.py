"""Products of all columns of the model, store by store, with what has not changed kept.

A step of the sampler changes one channel's curve and leaves all else as it was, so each channel's
columns and their products are kept for the last few curves, and those of the other columns for the
last persistence.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from advice.marketing.design import Design
from advice.marketing.transforms import Flags, Floats

_KEPT = 4


@dataclass(frozen=True, slots=True)
class Fixed:
    """What does not depend on marketing, whitened; columns are the design's and then the target.

    ``columns`` [S, T, K + 1]; ``gram`` [S, K + 1, K + 1]; ``shocks`` [K + 1, T]: their products
    with the weeks' shocks, all stores together; ``own_shocks`` [S, 2, T]: those of level and slope,
    store by store; ``diagonal`` [T] and ``beside`` [T - 1]: the shocks' own products; ``log``: the
    logarithm of the whitening's determinant. All at a noise of 1.
    """

    persistence: float
    size: Floats
    late: Floats
    columns: Floats
    gram: Floats
    shocks: Floats
    own_shocks: Floats
    diagonal: Floats
    beside: Floats
    log: float


@dataclass(frozen=True, slots=True)
class Curve:
    """A channel's whitened column [S, T], its products with the fixed ones [S, K + 1] and shocks.

    ``factor``: what makes the column money (see ``Density.columns``); products are of the column
    without it.
    """

    column: Floats
    fixed: Floats
    shocks: Floats
    factor: float


@dataclass(frozen=True, slots=True)
class Products:
    """Over design, money and target [N]: ``gram`` [S, N, N], ``shocks`` [N, T] of all stores.

    ``own_shocks`` [S, 2 + C, T]: those of level, slope and money by store.
    """

    gram: Floats
    shocks: Floats
    own_shocks: Floats
    factor: Floats
    fixed: Fixed


class Workshop:
    """Makes products; ``column`` gives a channel's working spend [S, T] and factor for a curve."""

    def __init__(
        self,
        design: Design,
        valid: Flags,
        met: Flags,
        column: Callable[[int, tuple[float, ...]], tuple[Floats, float]],
        channels: int,
    ) -> None:
        self._most = _KEPT * channels
        self._design, self._valid, self._met = design, valid, met
        self._column = column
        self._last: Fixed | None = None
        self._curves: dict[Hashable, Curve] = {}

    def whitening(self, persistence: float) -> tuple[Floats, Floats]:
        """Return each row's weight, and the share of last week's disturbance it keeps; [S, T]."""
        late = np.where(self._met, persistence, 0.0)
        alone = np.where(self._met, 1.0, np.sqrt(1 - persistence**2))
        return self._valid * alone / self._design.scale[:, None], late

    def products(
        self, persistence: float, curves: list[tuple[float, ...]], expected: Floats
    ) -> Products:
        """Return the products for curves [C], the target less what money is ``expected`` to do."""
        fixed = self._fixed(persistence)
        made = [self._curve(c, curve, fixed) for c, curve in enumerate(curves)]
        factor = np.array([one.factor for one in made])
        width, count = fixed.gram.shape[1] - 1, len(made)
        money = slice(width, width + count)
        others = np.array([*range(width), width + count])
        gram = np.empty((len(fixed.gram), width + count + 1, width + count + 1))
        gram[:, others[:, None], others] = fixed.gram
        beside = np.stack([one.fixed for one in made], axis=1) * factor[:, None]
        gram[:, money, others] = beside
        gram[:, others, money] = np.swapaxes(beside, 1, 2)
        columns = np.stack([one.column for one in made], axis=1)
        gram[:, money, money] = (columns @ np.swapaxes(columns, 1, 2)) * np.outer(factor, factor)
        own = np.stack([one.shocks for one in made], axis=1) * factor[:, None]
        shocks = np.empty((width + count + 1, fixed.shocks.shape[1]))
        shocks[others] = fixed.shocks
        shocks[money] = own.sum(axis=0)
        shocks[-1] -= expected @ shocks[money]
        gram[:, -1] -= expected @ gram[:, money]
        gram[:, :, -1] -= gram[:, :, money] @ expected
        return Products(
            gram, shocks, np.concatenate([fixed.own_shocks, own], axis=1), factor, fixed
        )

    def _fixed(self, persistence: float) -> Fixed:
        if self._last is None or self._last.persistence != persistence:
            size, late = self.whitening(persistence)
            columns = np.concatenate([self._design.columns, self._design.y[..., None]], axis=2)
            columns = whitened(columns, size, late)
            shocks = _unwhitened(columns, size, late)
            back = size * late
            diagonal = (size**2).sum(0)
            diagonal[:-1] += (back[:, 1:] ** 2).sum(0)
            self._last = Fixed(
                persistence=persistence,
                size=size,
                late=late,
                columns=columns,
                gram=np.swapaxes(columns, 1, 2) @ columns,
                shocks=shocks.sum(axis=0).T,
                own_shocks=np.ascontiguousarray(np.swapaxes(shocks[..., :2], 1, 2)),
                diagonal=diagonal,
                beside=-(size[:, 1:] * back[:, 1:]).sum(0),
                log=float(np.log(size[self._valid]).sum()),
            )
        return self._last

    def _curve(self, channel: int, curve: tuple[float, ...], fixed: Fixed) -> Curve:
        key = (channel, curve, fixed.persistence)
        found = self._curves.pop(key, None)
        if found is None:
            working, factor = self._column(channel, curve)
            column = whitened(working[..., None], fixed.size, fixed.late)
            found = Curve(
                column[..., 0],
                (np.swapaxes(column, 1, 2) @ fixed.columns)[:, 0],
                _unwhitened(column, fixed.size, fixed.late)[..., 0],
                factor,
            )
            if len(self._curves) >= self._most:
                self._curves.pop(next(iter(self._curves)))
        self._curves[key] = found
        return found


def whitened(columns: Floats, size: Floats, late: Floats) -> Floats:
    """Return columns [S, T, P] less what last week's disturbance explains, in its units."""
    out = columns.copy()
    out[:, 1:] -= late[:, 1:, None] * columns[:, :-1]
    return np.asarray(out * size[..., None], dtype=np.float64)


def _unwhitened(columns: Floats, size: Floats, late: Floats) -> Floats:
    """Return the transpose of that step applied to whitened columns [S, T, P]."""
    scaled = columns * size[..., None]
    scaled[:, :-1] -= late[:, 1:, None] * scaled[:, 1:]
    return scaled
