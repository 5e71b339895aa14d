"""Sums of a series that line up with those they are compared with."""

from datetime import timedelta

import pandas as pd

from chain.days import Period
from chain.metrics import Metric
from warehouse.reads.protocol import SUMS, Daily


def matched(daily: Daily, now: Period, before: Period) -> tuple[dict[str, int], dict[str, int]]:
    """Return the sums of both periods over the days that have data in both.

    A store silent for three days has not lost three days of sales, so those are left out of the
    comparison as well. For weeks and months there is no such pairing: all is summed.
    """
    one, other = daily.frame, daily.before
    if daily.grain == "day" and len(one) and len(other):
        shift = timedelta(days=(now.start - before.start).days)
        mapped = {day + shift for day in other["day"]}
        ours = set(one["day"])
        one = one[one["day"].isin(mapped)]
        other = other[other["day"].isin({day - shift for day in ours})]
    return sums(one), sums(other)


def sums(frame: pd.DataFrame) -> dict[str, int]:
    """Return each base sum over all rows of ``frame``."""
    return {name: int(frame[name].sum()) if len(frame) else 0 for name in SUMS}


def value_of(metric: Metric, of: dict[str, int]) -> float | None:
    """Return the metric of base sums; None where there is nothing at all."""
    return metric.value(of) if any(of.values()) else None
