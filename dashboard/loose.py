"""Two shapes that Dash and pandas give without types."""

from typing import Any, cast

import pandas as pd


def attributes(**values: str) -> dict[str, Any]:
    """Return HTML attributes with hyphens in their names: ``aria_label`` is ``aria-label``."""
    return {name.replace("_", "-"): value for name, value in values.items()}


def as_button(name: str, label: str = "") -> dict[str, Any]:
    """Return ``boxWrapperProps`` that make the box around a popover's target the button itself.

    Mantine says on that box whether the popover is open; a button within it would not say so.
    """
    said = attributes(aria_label=label) if label else {}
    return {"component": "button", "type": "button", "className": name, "w": "auto", **said}


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``frame``, each by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))
