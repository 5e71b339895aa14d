"""What moves each store's sales, as it is stored: shares by weekday, season, event and year."""

from typing import Any

import numpy as np
import pandas as pd

from forecasting.components import Components, components
from forecasting.frame import read
from forecasting.panel import Floats, Panel

BLOCK = 250
"""So many stores are explained at once: their design is large."""


def drivers(history: pd.DataFrame, future: pd.DataFrame) -> dict[int, dict[str, Any]]:
    """Return for each store ``weekday`` [7], ``season`` [H], ``trend``, ``events`` and ``days``.

    Shares, None where nothing can be said. ``days`` are the steps ahead on which an event holds.
    Empty for figures that are not daily.
    """
    panel = read(history, future).panel
    found: dict[int, dict[str, Any]] = {}
    for first in range(0, len(panel.stores) if panel.daily else 0, BLOCK):
        part = panel.of(np.arange(first, min(first + BLOCK, len(panel.stores))))
        told = components(part)
        for row, store in enumerate(part.stores):
            found[int(store)] = _store(part, told, row)
    return found


def _store(panel: Panel, told: Components, row: int) -> dict[str, Any]:
    ahead = {
        name: np.flatnonzero(panel.known[name][row, panel.origin :] == 1).tolist()
        for name in told.events
    }
    return {
        "weekday": _shares(told.weekday[row]),
        "season": _shares(told.season[row]),
        "trend": _shares(told.trend[row : row + 1])[0],
        "events": {name: _shares(effect[row : row + 1])[0] for name, effect in told.events.items()},
        "days": {name: steps for name, steps in ahead.items() if steps},
    }


def _shares(values: Floats) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
