"""Rows of suggestions as JSON holds them: stored by a job, shown by a page."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from advice.sites.notes import Note, plain


def as_plain(row: Mapping[Any, Any], *, proposed: bool) -> dict[str, Any]:
    """Return a row of `suggest` as JSON holds it: what is missing is None, no end is "never"."""
    found = {str(name): as_json(value) for name, value in row.items()}
    return {**found, "proposed": proposed}


def as_json(value: Any) -> Any:
    """Return a value as JSON holds it: what is missing is None, no end is "never"."""
    if isinstance(value, Note):
        return plain([value])[0]
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if isinstance(value, dict):
        return {str(name): as_json(one) for name, one in value.items()}
    if value is None or value is pd.NA:
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else "never" if math.isinf(value) else value
    return value
