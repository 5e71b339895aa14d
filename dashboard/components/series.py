"""What pages need of a series: sums that line up, values beside values, a fitting grain."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd

from chain.days import Period
from chain.metrics import METRICS, Metric
from reports.series import matched, sums, value_of
from warehouse.reads.protocol import Daily

__all__ = ["beside", "known_metric", "matched", "sums", "value_of", "values_of"]


def known_metric(name: str, *, series: bool = False, ranks: bool = False) -> Metric:
    """Return the metric chosen, or net sales where it cannot be shown so."""
    metric = METRICS.get(name, METRICS["net_sales"])
    fits = (metric.series or not series) and (metric.ranks or not ranks)
    return metric if fits else METRICS["net_sales"]


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
