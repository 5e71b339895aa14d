"""A regression that expects of each case what the others say: ridge with everyone left out once.

Ridge (Hoerl and Kennard, Technometrics 12, 1970): what few cases say about a city or a floor area
counts little. Its two penalties, one for measures and one for groups, are those with the smallest
sum of squared errors of prediction of the cases left out (PRESS: Allen, Technometrics 16, 1974),
which needs no second fit: an error left out is the plain error over ``1 - h``, h being the case's
own leverage.
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEASURE_PENALTIES = (0.3, 3.0, 30.0, 1e6)
GROUP_PENALTIES = (1.0, 4.0, 16.0, 64.0, 1e6)
FEWEST = 5
"""With fewer cases nothing but their mean is learned."""
MOST_LEVERAGE = 0.95


@dataclass(frozen=True)
class Design:
    """Columns that may explain: ``values`` [cases, columns], centred.

    ``group`` tells columns of membership from columns of measures; ``block`` names what a column
    belongs to ("area", "age", …).
    """

    values: Floats
    group: NDArray[np.bool_]
    block: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """A fitted smoother: linear, so that what adds up still adds up once expected."""

    design: Floats
    inverse: Floats
    leverage: Floats
    block: tuple[str, ...]

    def expected(self, values: Floats) -> Floats:
        """Return what the others lead to expect of each case."""
        missed = values - self.design @ (self.inverse @ (self.design.T @ values))
        expected: Floats = values - missed / (1 - self.leverage)
        return expected

    def through(self, values: Floats, block: str) -> Floats:
        """Return what a block of columns adds to what is expected of each case."""
        effect = self.inverse @ (self.design.T @ values)
        own = np.array([name == block for name in self.block])
        added: Floats = self.design[:, own] @ effect[own]
        return added


def fit(design: Design, values: Floats) -> LeftOut:
    """Return the smoother whose left-out errors on ``values`` are least; at least two cases."""
    cases = len(values)
    columns = np.column_stack([np.ones(cases), design.values])
    block = ("mean", *design.block)
    gram = columns.T @ columns
    moment = columns.T @ values
    best: tuple[float, Floats, Floats] | None = None
    few = cases < FEWEST
    for measure, group in [(1e6, 1e6)] if few else product(MEASURE_PENALTIES, GROUP_PENALTIES):
        penalty = np.concatenate([[0.0], np.where(design.group, group, measure)])
        inverse = np.linalg.inv(gram + np.diag(penalty))
        leverage = np.einsum("ij,jk,ik->i", columns, inverse, columns, optimize=True)
        leverage = np.minimum(leverage, MOST_LEVERAGE)
        missed = (values - columns @ (inverse @ moment)) / (1 - leverage)
        press = float((missed**2).sum())
        # As good is better simpler: later penalties are larger.
        if best is None or press <= best[0] * (1 + 1e-9):
            best = press, inverse, leverage
    assert best is not None
    return LeftOut(columns, best[1], best[2], block)
