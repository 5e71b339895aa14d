"""A product changed: how much of the change each of its factors made.

The share of a factor is its Shapley value: the mean, over all orders in which the factors could
change one after the other, of what its own change then adds. It leaves no remainder, does not
depend on an order, turns its sign when before and after are swapped, and bears factors of zero,
where shares of logarithms do not. Source: A. F. Shorrocks, "Decomposition procedures for
distributional analysis: a unified framework based on the Shapley value", Journal of Economic
Inequality 11 (2013); for a product of two factors it is the "jointly created, equally distributed"
rule of J. W. Sun, Energy Economics 20 (1998).
"""

from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def slopes(before: Floats, now: Floats) -> Floats:
    """Return what one unit of change of each factor makes, everything else at its Shapley mean.

    ``before`` and ``now`` are [factors, cases]; so is the answer. A factor's share of the change
    of the product is its slope times its own change, which is how a factor that is itself a sum
    (1 - refunds - discounts) is divided further.
    """
    count = len(before)
    found = np.zeros_like(before)
    for at in range(count):
        others = [each for each in range(count) if each != at]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for changed in combinations(others, size):
                product = np.ones(before.shape[1])
                for other in others:
                    product = product * (now if other in changed else before)[other]
                found[at] += weight * product
    return found


def whole(parts: Floats, total: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round ``parts`` [parts, cases] to whole numbers that add up to ``total`` [cases].

    Each is rounded, and what is then missing goes one by one to the parts that rounding moved most
    (largest remainder). Of negated parts the answer is negated.
    """
    rounded = np.rint(parts).astype(np.int64)
    missing = total - rounded.sum(axis=0)
    for case in np.flatnonzero(missing):
        sign = 1 if missing[case] > 0 else -1
        moved = (parts[:, case] - rounded[:, case]) * sign
        order = np.argsort(-moved, kind="stable")
        for step in range(abs(int(missing[case]))):
            rounded[order[step % len(order)], case] += sign
    return rounded
