"""How money works on: carried over from week to week, and less the more is spent."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LAGS = 8
"""Weeks that a week's spend works on, its own included."""


def weights(decay: float, later: float = 1.0) -> Floats:
    """Return weights of this week and the ones before, which add up to 1; [LAGS].

    Geometric from last week on; those before this week are ``later`` times what a geometric series
    gives them, so that spend may work best a week late. After Jin et al., "Bayesian Methods for
    Media Mix Modeling with Carryover and Shape Effects", 2017.
    """
    raw = later * decay ** np.arange(LAGS, dtype=np.float64)
    raw[0] = 1.0
    return np.asarray(raw / raw.sum(), dtype=np.float64)


def adstock(
    spend: Floats, decay: float, before: Floats | None = None, later: float = 1.0
) -> Floats:
    """Return what works in each week of spend [..., T]: a weighted mean of it and the weeks before.

    ``before`` [...]: a week's spend before the first week, 0 unless given.
    """
    shares = weights(decay, later)
    first = np.zeros(spend.shape[:-1]) if before is None else before
    padded = np.concatenate(
        [np.repeat(first[..., None], LAGS - 1, axis=-1), spend], axis=-1, dtype=np.float64
    )
    weeks = spend.shape[-1]
    out = np.zeros(spend.shape)
    for lag, share in enumerate(shares):
        start = LAGS - 1 - lag
        out += share * padded[..., start : start + weeks]
    return out


def saturation(working: Floats, half: float | Floats, power: float | Floats = 1.0) -> Floats:
    """Return 0 for nothing, ½ at ``half`` and towards 1 for ever more; S-shaped above a power of 1.

    Hill's function of ``working`` over ``half``.
    """
    raised = (working / half) ** power
    return np.asarray(raised / (raised + 1), dtype=np.float64)
