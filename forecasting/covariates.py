"""Covariates of any kind as numbers: yes or no as 0 and 1, names as one column each."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from chain.errors import PermanentError
from forecasting.panel import Floats

MOST_NAMES = 20
"""Of a column of names so many get a column each, the commonest first."""


def numeric_columns(rows: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[str, Floats]]:
    """Give each covariate as (name, values of length len(rows)), NaN where not stated.

    A column of names gives one column of 0 and 1 for each but the commonest, called
    ``column=name``. Raises PermanentError for a column of anything else, and for text in a
    column of numbers, naming store and day.
    """
    for name in names:
        column = rows[name]
        if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
            values: Floats = np.asarray(column.astype("Float64").to_numpy(na_value=np.nan), float)
            _finite(rows, name, values)
            yield name, values
        elif isinstance(column.dtype, pd.CategoricalDtype) or _text(column):
            yield from _one_hot(name, column)
        else:
            raise PermanentError("forecasting.no_covariate", column=str(name))


def _text(column: "pd.Series[str]") -> bool:
    if pd.api.types.is_string_dtype(column) or column.isna().all():
        return True
    kinds = pd.api.types.infer_dtype(column, skipna=True)
    return column.dtype == object and kinds in {"string", "boolean", "mixed-integer", "mixed"}


def _finite(rows: pd.DataFrame, name: str, values: Floats) -> None:
    wrong = np.isinf(values)
    if wrong.any():
        bad = rows.iloc[int(wrong.argmax())]
        raise PermanentError(
            "forecasting.no_number",
            store=str(bad["store"]),
            day=f"{pd.Timestamp(bad['ds']):%Y-%m-%d}",
            column=str(name),
            value=str(bad[name]),
        )


def _one_hot(name: str, column: "pd.Series[str]") -> Iterator[tuple[str, Floats]]:
    stated = column.notna().to_numpy()
    text = column.astype("str")
    counts = text[stated].value_counts()
    order = sorted(counts.index, key=lambda level: (-counts[level], level))
    for level in order[1 : MOST_NAMES + 1]:
        yield f"{name}={level}", np.where(stated, text.eq(level).to_numpy(), np.nan)
