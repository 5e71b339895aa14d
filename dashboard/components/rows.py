"""The rows of the ranking, as compact as the wire wants them."""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import pandas as pd

from chain.metrics import METRICS, Metric
from dashboard.components.names import store_names
from dashboard.frame import Here

SIDE_METRICS = ("orders", "average_ticket", "refund_rate", "fee_rate")


class Wire(Sequence[dict[str, Any]]):
    """Rows of plain values, which Dash writes as they are.

    In a list it would look at each of the tens of thousands of values for something to convert;
    what has a ``tolist`` it takes at its word.
    """

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._rows = rows

    def tolist(self) -> list[dict[str, Any]]:
        """Return the rows."""
        return self._rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[at]


def rows_of(here: Here, metric: Metric, ranked: pd.DataFrame, stores: pd.DataFrame) -> Wire:
    """Return the rows with short keys and no blanks; by column, as there may be many."""
    names = store_names(here, stores)
    about = stores.set_index("store_id").reindex(ranked["store_id"])
    ids = [int(store) for store in ranked["store_id"]]
    made: dict[str, list[Any]] = {
        "id": ids,
        "n": [names.get(store, str(store)) for store in ids],
        "p": _words(about["sort_key"]) if here.lang == "zh" else [""] * len(ids),
        "r": _numbers(ranked["rank"], 0),
        "m": _numbers(ranked["rank_change"], 0),
        "v": _numbers(ranked["value"], 4 if metric.unit == "ratio" else 0),
        "c": _numbers(_difference(metric, ranked), 4),
        "s": _numbers(ranked["share"], 4),
        "k": _sparks(ranked["spark"]),
        "city": _named(here, about, "city"),
        "region": _named(here, about, "region"),
        "dw": _numbers(ranked["days_without"], 0),
    }
    for name in SIDE_METRICS:
        made[name] = _numbers(_each(METRICS[name], ranked), 4 if METRICS[name].over else 0)
    keys = list(made)
    return Wire(
        [
            {key: value for key, value in zip(keys, row, strict=True) if value not in (None, "")}
            for row in zip(*made.values(), strict=True)
        ]
    )


def _difference(metric: Metric, ranked: pd.DataFrame) -> "pd.Series[float]":
    if metric.unit != "ratio":
        return ranked["change"]
    return ranked["value"].astype("float64") - ranked["value_before"].astype("float64")


def _each(metric: Metric, frame: pd.DataFrame) -> "pd.Series[float]":
    """Return ``metric`` for every row at once; NaN where it divides by nothing."""
    columns: Any = {name: frame[name].astype("float64") for name in metric.columns}
    top: Any = metric.top.value(columns)
    if metric.over is None:
        return top  # type: ignore[no-any-return]
    over: Any = metric.over.value(columns)
    return top / over.where(over != 0)  # type: ignore[no-any-return]


def _numbers(column: "pd.Series[Any]", digits: int) -> list[float | None]:
    """Return short numbers for the wire; None for None, NaN and NA."""
    floats = np.round(
        pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=np.nan), digits
    )
    whole: list[float] = floats.tolist()
    return [None if x != x else int(x) if x == int(x) else x for x in whole]


def _sparks(column: "pd.Series[Any]") -> list[list[int | None]]:
    """Return each line on a scale of 0 to 99: a cell shows its shape, and no figure of it."""
    wide = np.array([list(values) for values in column], dtype="float64")
    if not wide.size:
        return [[] for _ in range(len(column))]
    top = np.where(np.isnan(wide), 0, wide).max(axis=1, keepdims=True)
    scaled = np.round(wide / np.where(top > 0, top, 1) * 99)
    lines: list[list[float]] = scaled.tolist()
    return [[None if x != x else int(x) for x in line] for line in lines]


def _named(here: Here, about: pd.DataFrame, column: str) -> list[str]:
    own = _words(about[column])
    if here.lang != "en":
        return own
    english = _words(about[f"{column}_en"])
    return [name or other for name, other in zip(english, own, strict=True)]


def _words(column: "pd.Series[Any]") -> list[str]:
    return [word if isinstance(word, str) else "" for word in column.tolist()]
