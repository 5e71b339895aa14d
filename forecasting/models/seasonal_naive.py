"""The bar that every other model must clear: the same weekday of the last season on record."""

import numpy as np

from forecasting.panel import Floats, Panel


class SeasonalNaive:
    """Repeats the last season in which the store was open and its figure is known."""

    name = "seasonal_naive"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store of which no phase of the season is known."""
        del seed, workers  # nothing is drawn and nothing takes long
        seen = np.where(panel.open[:, : panel.origin], panel.history, np.nan)
        phases = np.stack([_last(seen, phase, panel) for phase in range(panel.season)], axis=1)
        ahead = np.arange(panel.origin, len(panel.dates)) % panel.season
        return np.asarray(phases[:, ahead])


def _last(seen: Floats, phase: int, panel: Panel) -> Floats:
    """Return each store's last known figure of one phase, else its last known figure: [S]."""
    own = _last_known(seen[:, phase :: panel.season])
    return np.where(np.isnan(own), _last_known(seen), own)


def _last_known(values: Floats) -> Floats:
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    known = ~np.isnan(values)
    position = values.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    last = values[np.arange(len(values)), position]
    return np.where(known.any(axis=1), last, np.nan)
