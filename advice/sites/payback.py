"""When a store has earned what it cost to open."""

from dataclasses import dataclass

import numpy as np

from advice.sites.places import Floats

LONGEST_MONTHS = 240
_WEEKS_A_MONTH = 365.25 / 7 / 12


@dataclass(frozen=True, slots=True)
class PayBack:
    """Months until the outlay is back: ``low``, ``middle``, ``high`` (10, 50, 90 %) and ``chance``.

    Infinite where it is not back within 20 years; NaN where outlay or margin are not known.
    ``chance``: that it is back within the horizon, 0 to 1. ``month``: profit of a settled month,
    minor units, at the middle.
    """

    low: float
    middle: float
    high: float
    chance: float
    month: float


UNKNOWN = PayBack(*(float("nan"),) * 5)


def pay_back(
    gains: Floats, ramp: Floats, *, margin: float, rent: float, capex: float, horizon_months: int
) -> PayBack:
    """Return when ``capex`` is earned back by ``gains`` [N]: settled months' outcomes, minor units.

    ``margin``: what is left of a unit of sales before rent (0.6: 60 %). ``rent``: a month, paid
    from the first. ``ramp``: [W], takings of each week relative to settled ones.
    """
    if not (np.isfinite(capex) and np.isfinite(margin)):
        return UNKNOWN
    rent = float(np.nan_to_num(rent))
    parts = monthly(ramp, LONGEST_MONTHS)
    earned = np.zeros(len(gains))
    months = np.full(len(gains), np.inf)
    for month, part in enumerate(parts, start=1):
        earned += gains * part * margin - rent
        months = np.where(np.isinf(months) & (earned >= capex), month, months)
    low, middle, high = np.quantile(months, [0.1, 0.5, 0.9], method="inverted_cdf")
    return PayBack(
        float(low),
        float(middle),
        float(high),
        float(np.mean(months <= horizon_months)),
        float(np.median(gains) * margin - rent),
    )


def monthly(ramp: Floats, months: int) -> Floats:
    """Return the ramp by months: the mean over the weeks of each, 1 once settled: [months]."""
    weeks = np.append(ramp, 1.0)
    at = (np.arange(months * 10) + 0.5) / 10 * _WEEKS_A_MONTH
    week = np.minimum(at.astype(np.int64), len(ramp))
    return np.asarray(weeks[week].reshape(months, 10).mean(axis=1))
