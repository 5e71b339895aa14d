"""Rolling-origin backtests: the models set back, and asked for what has since come."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.models import combination
from forecasting.models.base import Model
from forecasting.panel import Bools, Floats, Panel

WINDOWS = 3
"""So many times the panel is set back, each time by one horizon."""

_FEWEST_STEPS = 28


@dataclass(frozen=True)
class Backtests:
    """M models on W windows, the latest first, and on the days ahead.

    ``actual``, ``opened``: [W, S, H']; ``past``: [M, W, S, H']; ``ahead``: [M, S, H]. H' is H, or
    less where history is short. ``seconds``: what each model took.
    """

    names: tuple[str, ...]
    seconds: tuple[float, ...]
    actual: Floats
    opened: Bools
    past: Floats
    ahead: Floats

    @property
    def earlier(self) -> slice:
        """The windows that choices are made on: all but the last in time, if there are several."""
        return slice(1, None) if len(self.actual) > 1 else slice(None)


def play(panel: Panel, models: Sequence[Model], *, seed: int, workers: int) -> Backtests:
    """Let each model play all windows and the days ahead; their combination joins them."""
    back = windows(panel)
    horizon = back[0].horizon if back else 0
    shape = (len(back), len(panel.stores), horizon)
    actual = np.array([panel.y[:, w.origin : w.origin + horizon] for w in back]).reshape(shape)
    opened = np.array([w.open[:, w.origin :] for w in back], dtype=bool).reshape(shape)
    seconds = [0.0] * len(models)
    played: list[list[Floats]] = [[] for _ in models]
    for view in (panel, *back):
        for at, model in enumerate(models):
            begun = time.perf_counter()
            played[at].append(_play(model, view, seed, workers))
            seconds[at] += time.perf_counter() - begun
    alone = Backtests(
        names=tuple(model.name for model in models),
        seconds=tuple(seconds),
        actual=actual,
        opened=opened,
        past=np.array([np.reshape(forecasts[1:], shape) for forecasts in played]),
        ahead=np.array([forecasts[0] for forecasts in played]),
    )
    return _with_combination(alone)


def windows(panel: Panel) -> list[Panel]:
    """Return the panel set back, the latest window first; none where history is too short."""
    horizon = min(panel.horizon, max((panel.origin - _FEWEST_STEPS) // 2, 0))
    if not horizon:
        return []
    most = (panel.origin - _FEWEST_STEPS) // horizon
    return [panel.rewound(horizon * k, horizon) for k in range(1, min(WINDOWS, most) + 1)]


def _play(model: Model, panel: Panel, seed: int, workers: int) -> Floats:
    forecast = model.predict(panel, seed=seed, workers=workers)
    forecast = np.where(np.isfinite(forecast), np.maximum(forecast, 0.0), np.nan)
    return np.where(panel.open[:, panel.origin :], forecast, 0.0 * forecast)


def _with_combination(alone: Backtests) -> Backtests:
    early = alone.earlier
    shares = combination.weights(alone.actual[early], alone.past[:, early])
    return Backtests(
        names=(*alone.names, combination.NAME),
        seconds=(*alone.seconds, sum(alone.seconds)),
        actual=alone.actual,
        opened=alone.opened,
        past=np.array([*alone.past, combination.combined(alone.past, shares)]),
        ahead=np.array([*alone.ahead, combination.combined(alone.ahead, shares)]),
    )
