"""Two shapes that Dash and pandas give without types."""

from typing import Any, cast

import pandas as pd


def attributes(**values: str) -> dict[str, Any]:
    """Return HTML attributes with hyphens in their names: ``aria_label`` is ``aria-label``."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``frame``, each by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))
