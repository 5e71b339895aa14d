"""What pages need of a series: sums that line up, values beside values, a fitting grain."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd

from chain.days import Period
from chain.metrics import METRICS, Metric
from warehouse.reads.protocol import SUMS, Daily


def known_metric(name: str, *, series: bool = False, ranks: bool = False) -> Metric:
    """Return the metric chosen, or net sales where it cannot be shown so."""
    metric = METRICS.get(name, METRICS["net_sales"])
    fits = (metric.series or not series) and (metric.ranks or not ranks)
    return metric if fits else METRICS["net_sales"]


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


def values_of(metric: Metric, frame: pd.DataFrame, suffix: str = "") -> list[float | None]:
    """Return the metric of each row of sums; None where a row has none."""
    columns = [frame[name + suffix].astype("float64").tolist() for name in metric.columns]
    values: list[float | None] = []
    for row in zip(*columns, strict=True):
        missing = any(value != value for value in row)
        values.append(
            None if missing else metric.value(dict(zip(metric.columns, row, strict=True)))
        )
    return values


def beside(
    metric: Metric, daily: Daily, now: Period, before: Period
) -> tuple[Sequence[float | None], Sequence[float | None]]:
    """Return the metric day by day in both periods, gaps None, for a sparkline."""
    return _every(metric, daily.frame, now), _every(metric, daily.before, before)[: now.days]


def _every(metric: Metric, frame: pd.DataFrame, period: Period) -> list[float | None]:
    known = dict(zip(frame["day"], values_of(metric, frame), strict=True)) if len(frame) else {}
    days = (period.start + timedelta(days=i) for i in range(period.days))
    return [known.get(day) for day in days]
