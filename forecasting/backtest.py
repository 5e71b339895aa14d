"""Rolling-origin backtests: the models set back, and asked for what has since come."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

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

    def earlier_than(self, window: int, count: int) -> "Backtests":
        """Return the backtests as they stood before a window, which is what lay ahead."""
        known = slice(window + 1, window + 1 + count)
        return with_combination(
            replace(
                self,
                actual=self.actual[known],
                opened=self.opened[known],
                past=self.past[:, known],
                ahead=self.past[:, window],
            )
        )


def play(panel: Panel, models: Sequence[Model], *, seed: int, workers: int) -> Backtests:
    """Let each model play all windows and the days ahead; their combination joins them."""
    views = [panel, *windows(panel)]
    alone = play_windows(views[1:], panel.y, models, seed=seed, workers=workers)
    ahead, seconds = _forecasts(views[:1], models, seed, workers)
    return with_combination(
        replace(
            alone,
            ahead=np.array([forecasts[0] for forecasts in ahead]),
            seconds=tuple(a + b for a, b in zip(alone.seconds, seconds, strict=True)),
        )
    )


def play_windows(
    back: Sequence[Panel], figures: Floats, models: Sequence[Model], *, seed: int, workers: int
) -> Backtests:
    """Let each model play windows of one panel whose figures are given; nothing is ahead."""
    horizon = back[0].horizon if back else 0
    shape = (len(back), len(figures), horizon)
    actual = np.array([figures[:, w.origin : w.origin + horizon] for w in back]).reshape(shape)
    opened = np.array([w.open[:, w.origin :] for w in back], dtype=bool).reshape(shape)
    played, seconds = _forecasts(back, models, seed, workers)
    return Backtests(
        names=tuple(model.name for model in models),
        seconds=seconds,
        actual=actual,
        opened=opened,
        past=np.array([np.reshape(forecasts, shape) for forecasts in played]),
        ahead=np.empty((len(models), len(figures), 0)),
    )


def _forecasts(
    views: Sequence[Panel], models: Sequence[Model], seed: int, workers: int
) -> tuple[list[list[Floats]], tuple[float, ...]]:
    """Return forecasts by model and view, and each model's seconds; views share what they find."""
    seconds = [0.0] * len(models)
    played: list[list[Floats]] = [[] for _ in models]
    for view in views:
        for at, model in enumerate(models):
            begun = time.perf_counter()
            played[at].append(_play(model, view, seed, workers))
            seconds[at] += time.perf_counter() - begun
    return played, tuple(seconds)


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


def with_combination(alone: Backtests) -> Backtests:
    """Add the combination of all models, weighted by their errors on the earlier windows."""
    early = alone.earlier
    shares = combination.weights(alone.actual[early], alone.past[:, early])
    return replace(
        alone,
        names=(*alone.names, combination.NAME),
        seconds=(*alone.seconds, sum(alone.seconds)),
        past=np.array([*alone.past, combination.combined(alone.past, shares)]),
        ahead=np.array([*alone.ahead, combination.combined(alone.ahead, shares)]),
    )
