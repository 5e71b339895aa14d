"""What people know better: a forecast scaled or set for a period, beside what the model said.

The model's own forecast is never lost: both are kept, and once the days have come both are scored,
so that people see whether their overrides help.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.panel import Bools, Floats

BASE = "base"
"""The column of what the model said."""


@dataclass(frozen=True)
class Override:
    """A correction of ``stores`` from ``start`` to ``end``, both included.

    ``factor`` scales each day (1.1 is 10 % more). ``amount`` is what all these stores shall take in
    the whole period, in the unit of the forecast. Raises ValueError unless exactly one is given and
    it is not negative, or where the period ends before it starts.
    """

    stores: tuple[Any, ...]
    start: date
    end: date
    factor: float | None = None
    amount: float | None = None

    def __post_init__(self) -> None:
        given = [value for value in (self.factor, self.amount) if value is not None]
        if len(given) != 1 or not (np.isfinite(given[0]) and given[0] >= 0):
            raise ValueError("an override has either a factor or an amount, 0 or more")
        if self.end < self.start:
            raise ValueError(f"the override ends {self.end} before it starts {self.start}")

    def touches(self, rows: pd.DataFrame) -> Bools:
        """Return which rows (store, ds) it is about."""
        inside = (rows["ds"] >= pd.Timestamp(self.start)) & (rows["ds"] <= pd.Timestamp(self.end))
        return np.asarray(inside & rows["store"].isin(self.stores), dtype=bool)


def applied(
    forecast: pd.DataFrame, overrides: Sequence[Override], came: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the forecast (store, ds, mean, q…) with ``base`` (the mean as it was), ``overridden``.

    Later ones go on top of earlier ones. Quantiles move with their mean, so a range stays as wide
    in proportion. ``came``: store, ds, y of days already known: where an amount is for a period
    that has begun, what is left of it goes to the days ahead. It is shared out as the forecast is,
    or evenly where that is 0 throughout. Whole numbers stay whole and add up to the amount.
    """
    out = forecast.copy()
    out[BASE] = forecast["mean"]
    touched = np.zeros(len(out), dtype=bool)
    for override in overrides:
        rows = override.touches(out)
        if rows.any():
            _apply(out, override, rows, came)
            touched |= rows
    out["overridden"] = touched
    return out


def _apply(out: pd.DataFrame, override: Override, rows: Bools, came: pd.DataFrame | None) -> None:
    before = out.loc[rows, "mean"].to_numpy(dtype=np.float64)
    if override.factor is not None:
        after = before * override.factor
        total = float(after.sum())
    else:
        taken = 0.0 if came is None else float(came.loc[override.touches(came), "y"].sum())
        total = max((override.amount or 0.0) - taken, 0.0)
        even = np.full(len(before), 1 / len(before))
        after = total * (before / before.sum() if before.sum() > 0 else even)
    counted = pd.api.types.is_integer_dtype(out["mean"].dtype)
    out.loc[rows, "mean"] = _whole(after, total) if counted else after
    scale = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    for column in _quantiles(out):
        moved = out.loc[rows, column].to_numpy(dtype=np.float64) * scale
        moved = np.where(before > 0, moved, after)
        out.loc[rows, column] = np.rint(moved).astype(np.int64) if counted else moved


def _quantiles(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns if str(name).startswith("q0.")]


def _whole(exact: Floats, total: float) -> NDArray[np.int64]:
    """Return whole numbers as near as can be that sum to the rounded total: largest remainder."""
    low = np.floor(exact)
    left = round(total) - int(low.sum())
    low[np.argsort(low - exact, kind="stable")[:left]] += 1
    return low.astype(np.int64)


def scored(
    forecast: pd.DataFrame, overrides: Sequence[Override], came: pd.DataFrame
) -> pd.DataFrame:
    """Return how each override did, a row an override and store, over its days that have come.

    ``forecast``: as ``applied`` gave it; ``came``: store, ds, y. Columns: ``override`` (position),
    ``store``, ``days``; sums ``actual``, ``base``, ``adjusted``; ``base_error`` and
    ``adjusted_error`` (sums of absolute misses by day); ``helped``: the override missed by less.
    """
    rows = forecast.merge(came[["store", "ds", "y"]].dropna(), on=["store", "ds"])
    parts = []
    for position, override in enumerate(overrides):
        own = rows[override.touches(rows)]
        parts.append(
            pd.DataFrame(
                {
                    "override": position,
                    "store": own["store"],
                    "days": 1,
                    "actual": own["y"],
                    "base": own[BASE],
                    "adjusted": own["mean"],
                    "base_error": (own["y"] - own[BASE]).abs(),
                    "adjusted_error": (own["y"] - own["mean"]).abs(),
                }
            )
        )
    if not parts:
        parts = [pd.DataFrame(columns=pd.Index(_SCORED))]
    sums = pd.concat(parts, ignore_index=True).groupby(["override", "store"], as_index=False).sum()
    return sums.assign(helped=sums["adjusted_error"] < sums["base_error"])


_SCORED = "override store days actual base adjusted base_error adjusted_error".split()
