"""What moves each store's sales, as it is stored: shares by weekday, season, event and year."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting import ramp
from forecasting.components import Components, components
from forecasting.frame import read
from forecasting.panel import Floats, Panel

BLOCK = 250
"""So many stores are explained at once: their design is large."""


@dataclass(frozen=True)
class Explained:
    """What is known of stores beside their forecast.

    ``drivers``: of each store ``weekday`` [7], ``season`` [H], ``trend``, ``events`` (shares, None
    where nothing can be said) and ``days``, the steps ahead on which an event holds. ``new``: the
    stores in their first eight weeks.
    """

    drivers: dict[int, dict[str, Any]]
    new: frozenset[int]


def explained(history: pd.DataFrame, future: pd.DataFrame) -> Explained:
    """Return what moves each store of these frames, and which are new."""
    panel = read(history, future).panel
    return Explained(_drivers(panel), frozenset(int(s) for s in panel.stores[ramp.new(panel)]))


def _drivers(panel: Panel) -> dict[int, dict[str, Any]]:
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
