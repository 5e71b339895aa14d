"""The long frame as dense arrays: stores by dates, with what is known ahead of time.

Models read a ``Panel`` and nothing else. A backtest is the same panel rewound: what lies after the
new origin is hidden, so that a model cannot see it by mistake.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

OPEN = "open"
"""The known-ahead covariate that says whether a store is open; 0 is a day with no sales."""


@dataclass(frozen=True, eq=False)
class Panel:
    """S stores by T + H dates at a regular step; the first T are history.

    ``y``: [S, T + H], NaN where nothing is known: gaps, before a store's first date, the future.
    ``known``: covariates known ahead, each [S, T + H], NaN where not stated.
    ``past``: covariates known of the past only, each [S, T + H], NaN from the origin on.
    ``season``: steps of one season (7 for days with a week). ``memo``: what was found of this
    panel and of those rewound from it, under keys that name the origin, for others to use.
    ``root``: what this panel was rewound from, if it was.
    """

    stores: pd.Index
    dates: pd.DatetimeIndex
    y: Floats
    origin: int
    season: int
    known: Mapping[str, Floats]
    past: Mapping[str, Floats]
    memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    root: "Panel | None" = field(default=None, repr=False)

    @property
    def horizon(self) -> int:
        """H: the steps to forecast."""
        return len(self.dates) - self.origin

    @property
    def history(self) -> Floats:
        """What was taken: [S, T]."""
        return self.y[:, : self.origin]

    @property
    def step(self) -> pd.Timedelta:
        """The time from one date to the next."""
        return self.dates[1] - self.dates[0]

    @property
    def daily(self) -> bool:
        """Whether a step is one day, so that weekdays mean something."""
        return bool(self.step == pd.Timedelta(days=1))

    @cached_property
    def open(self) -> Bools:
        """Whether each store is open: [S, T + H]; where nothing is said, it is."""
        stated = self.known.get(OPEN)
        if stated is None:
            return np.ones(self.y.shape, dtype=bool)
        return np.asarray(~(stated == 0))

    def rewound(self, steps: int, horizon: int) -> "Panel":
        """Return the panel as it stood ``steps`` before its origin, with that horizon.

        What came after is not in it. Raises ValueError where that is before the first date or
        beyond the last one.
        """
        origin = self.origin - steps
        end = origin + horizon
        if origin < 1 or end > len(self.dates) or horizon < 1:
            raise ValueError(
                f"cannot rewind {steps} steps with a horizon of {horizon}:"
                f" there are {self.origin} steps of history and {self.horizon} ahead"
            )
        return replace(
            self,
            root=self.root or self,
            dates=self.dates[:end],
            y=_hidden(self.y[:, :end], origin),
            origin=origin,
            known={name: values[:, :end] for name, values in self.known.items()},
            past={name: _hidden(values[:, :end], origin) for name, values in self.past.items()},
        )

    def showing(self, y: Floats) -> "Panel":
        """Return the panel with other figures, [S, T + H]."""
        return replace(self, y=y, memo={}, root=None)

    def knowing(self, known: Mapping[str, Floats]) -> "Panel":
        """Return the panel with other covariates known ahead, each [S, T + H]."""
        return replace(self, known=known, memo={}, root=None)

    def of(self, rows: NDArray[Any]) -> "Panel":
        """Return the panel of some stores: ``rows`` are positions or a mask of length S."""
        return replace(
            self,
            memo={},
            root=None,
            stores=self.stores[rows],
            y=self.y[rows],
            known={name: values[rows] for name, values in self.known.items()},
            past={name: values[rows] for name, values in self.past.items()},
        )


def _hidden(values: Floats, origin: int) -> Floats:
    seen = values.copy()
    seen[:, origin:] = np.nan
    return seen
