"""The test that would settle what a channel does, from how much the chain's stores vary."""

import numpy as np
from scipy import stats

from advice.marketing.density import Shape
from advice.marketing.panel import Note, Panel

WEEKS = 8
POWER, LEVEL = 0.8, 0.05


def smallest_lift(
    *, treated: int, control: int, weeks: int, noise: float, persistence: float
) -> float:
    """Return the smallest lift in logarithms that a test finds in 80 of 100 cases.

    Half the stores' difference over ``weeks`` against as long a time before; ``noise`` of a
    store's week with that ``persistence`` over a week. Bloom, "Minimum Detectable Effects", 1995.
    """
    lags = np.arange(1, weeks)
    whole = noise**2 / (1 - persistence**2)
    mean = whole / weeks * (1 + 2 * float(((1 - lags / weeks) * persistence**lags).sum()))
    error = np.sqrt(2 * mean * (1 / treated + 1 / control))
    freedom = max(treated + control - 2, 1)
    factor = stats.t.ppf(1 - LEVEL / 2, freedom) + stats.t.ppf(POWER, freedom)
    return float(np.expm1(factor * error))


def proposal(panel: Panel, channel: int, shape: Shape) -> Note:
    """Return the test to propose: stop or start the channel in half the stores for two months."""
    count = len(panel.stores)
    half = max(1, count // 2)
    lift = smallest_lift(
        treated=half,
        control=count - half,
        weeks=WEEKS,
        noise=shape.noise,
        persistence=shape.persistence,
    )
    return Note(
        "marketing.settle.on_off",
        {
            "channel": panel.channels[channel],
            "stores": half,
            "others": count - half,
            "weeks": WEEKS,
            "lift": f"{100 * lift:.1f}",
        },
    )
