"""Exponential smoothing, STL decomposition and Theta, store by store, by statsforecast.

They know the past alone: no promotion, no holiday. So they learn from the last seasons, in
logarithms, with gaps and closed days filled from the same phase of the season. The library's
models are called with plain arrays; of what they run nothing is compiled at first use.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import structlog

from forecasting import features
from forecasting.panel import Bools, Floats, Panel

log = structlog.get_logger(__name__)

_LONG_SEASON = 24
"""Exponential smoothing cannot tell so many phases apart."""

_SEASONS, _LONG_SEASONS = 16, 4
_FEWEST = 14
_HIGHEST = 2.0
_WORTH_A_PROCESS = 200
"""Below so many stores a process costs more, to start, than it saves."""


class _Library(Protocol):
    """A model of statsforecast."""

    def forecast(self, y: Floats, h: int, *, fitted: bool) -> dict[str, Floats]: ...


@dataclass(frozen=True)
class AutoETS:
    """Exponential smoothing with an additive error, the trend damped or absent, by AICc."""

    name: str = "auto_ets"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than two seasons or 14 days with sales."""
        del seed  # nothing is drawn
        return _predicted(panel, "ets", workers)


@dataclass(frozen=True)
class MSTL:
    """Seasons by loess (Bandara, Hyndman and Bergmeir, 2021), what is left by smoothing."""

    name: str = "mstl"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than two seasons or 14 days with sales."""
        del seed
        return _predicted(panel, "mstl", workers)


@dataclass(frozen=True)
class Theta:
    """The dynamic optimised Theta method (Fiorucci and others, 2016)."""

    name: str = "theta"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than two seasons or 14 days with sales."""
        del seed
        return _predicted(panel, "theta", workers)


def _ets(season: int) -> _Library:
    from statsforecast import models

    length = season if season <= _LONG_SEASON else 1
    made: _Library = models.AutoETS(season_length=length, model="AZZ", damped=True)
    return made


def _mstl(season: int) -> _Library:
    from statsforecast import models

    rest = models.AutoETS(season_length=1, model="AZN", damped=True)
    made: _Library = models.MSTL(season_length=[season], trend_forecaster=rest)
    return made


def _theta(season: int) -> _Library:
    from statsforecast import models

    made: _Library = models.DynamicOptimizedTheta(season_length=season)
    return made


_MADE: dict[str, Callable[[int], _Library]] = {"ets": _ets, "mstl": _mstl, "theta": _theta}


@dataclass(frozen=True)
class _Work:
    """Logarithms of N stores without gaps, each as long as it has history, to be forecast."""

    kind: str
    season: int
    horizon: int
    logs: list[Floats]

    def done(self) -> Floats:
        """Return the expected value of each store and step: [N, H], NaN where it failed."""
        out = np.full((len(self.logs), self.horizon), np.nan)
        for row, logs in enumerate(self.logs):
            try:
                found = _MADE[self.kind](self.season).forecast(logs, self.horizon, fitted=True)
            except Exception as error:  # noqa: BLE001 - the library raises Exception itself
                log.warning("statsforecast could not fit", model=self.kind, why=str(error))
                continue
            noise = float(np.nanvar(logs - found["fitted"]))
            out[row] = np.exp(found["mean"] + min(noise, 1.0) / 2)
        return out

    def part(self, number: int, of: int) -> "_Work":
        return _Work(self.kind, self.season, self.horizon, self.logs[number::of])


def _predicted(panel: Panel, kind: str, workers: int) -> Floats:
    known = panel.open[:, : panel.origin] & np.isfinite(panel.history)
    selling = known & (panel.history > 0)
    seasons = _SEASONS if panel.season <= _LONG_SEASON else _LONG_SEASONS
    tail = slice(max(panel.origin - max(seasons * panel.season, _FEWEST), 0), None)
    rows, logs = [], []
    for row in range(len(panel.stores)):
        series = _filled(panel.history[row, tail], selling[row, tail], panel.season)
        if len(series) >= 2 * panel.season + 1 and selling[row, tail].sum() >= _FEWEST:
            rows.append(row)
            logs.append(series)
    out = np.full((len(panel.stores), panel.horizon), np.nan)
    if rows:
        out[rows] = _shared(_Work(kind, panel.season, panel.horizon, logs), workers)
    most = np.where(selling, panel.history, 0.0).max(axis=1)
    share = features.selling_share(panel, selling)
    return np.asarray(np.minimum(out * share, _HIGHEST * most[:, None]))


def _filled(history: Floats, selling: Bools, season: int) -> Floats:
    """Return logarithms from the first day with sales on, [≤ T], without gaps.

    A gap is filled between the same phase of the seasons before and after; a phase that never sold
    (the weekday off) between the days around it.
    """
    if not selling.any():
        return np.zeros(0)
    first = int(selling.argmax())
    sold = selling[first:]
    logs = np.log(np.where(sold, history[first:], 1.0))
    step = np.arange(len(logs))
    out = np.interp(step, step[sold], logs[sold])
    for phase in range(min(season, len(logs))):
        own = step[phase::season]
        seen = own[sold[own]]
        if len(seen):
            out[own] = np.interp(own, seen, logs[seen])
    return np.asarray(out)


def _shared(work: _Work, workers: int) -> Floats:
    """Share the work out to processes of our own: workers of Celery may start no other kind."""
    if workers < 2 or len(work.logs) < _WORTH_A_PROCESS:
        return work.done()
    out = np.empty((len(work.logs), work.horizon))
    with ThreadPoolExecutor(workers) as pool:
        parts = pool.map(_in_process, [work.part(each, workers) for each in range(workers)])
        for number, found in enumerate(parts):
            out[number::workers] = found
    return out


def _in_process(work: _Work) -> Floats:
    """Return ``work.done()`` of a process that ends with it."""
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import answer; answer()"],
        input=pickle.dumps((work.kind, work.season, work.horizon, work.logs)),
        stdout=subprocess.PIPE,
        check=True,
    )
    return np.frombuffer(done.stdout).reshape(-1, work.horizon)


def answer() -> None:
    """Do the work that stands in standard input, and write its bytes to standard output."""
    kind, season, horizon, logs = pickle.load(sys.stdin.buffer)  # noqa: S301 - from _in_process
    sys.stdout.buffer.write(_Work(kind, season, horizon, logs).done().tobytes())
