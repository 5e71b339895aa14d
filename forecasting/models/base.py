"""What a model of the tournament is."""

from typing import Protocol

from forecasting.panel import Floats, Panel


class Model(Protocol):
    """Forecasts every store of a panel it can bear.

    A model knows nothing of intervals, closed days or scores: the tournament adds these to all
    models alike.
    """

    @property
    def name(self) -> str:
        """How tables and pages call it: lower case, words joined by underscores."""
        ...

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return the expected value of each store and step ahead: [S, H].

        A row of NaN says that the model cannot bear that store. The result depends on the panel
        and the seed alone, whatever ``workers`` (processes or threads it may use, at least 1) is.
        """
        ...
