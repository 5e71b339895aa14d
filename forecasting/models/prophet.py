"""Prophet, store by store: piecewise trend, seasons, holidays and regressors.

The design is Prophet's own (Taylor and Letham, Forecasting at Scale, 2018) and its compiled Stan
program does the fit, but the matrices are made here, once for all stores where stores share them:
so a store costs little more than the program's own time. Tests hold this against the library.
Quantiles come from the tournament, so nothing is sampled.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import structlog
from numpy.typing import NDArray

from chain.errors import PermanentError
from forecasting import features
from forecasting.models import stan
from forecasting.panel import Bools, Floats, Panel

log = structlog.get_logger(__name__)

_FEWEST_DAYS = 14
_TURNS = 25
_TURNS_WITHIN = 0.8
_HIGHEST = 2.0
"""A forecast is held below so many times the most that the store ever took."""

_COLUMN_SCALE = 0.2


@dataclass(frozen=True)
class Wave:
    """A season: period in days, how many sines and cosines, prior scale of their coefficients."""

    period: float
    order: int
    scale: float


@dataclass(frozen=True)
class Prophet:
    """Prophet as it is served: in logarithms, with all that is known ahead.

    Logarithms make weekday, promotion and holiday multiply. Covariates of few days are holidays:
    the day before and the day after have effects of their own.
    """

    name: str = "prophet"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than 14 days, or that could not be fitted."""
        del seed  # the mode of a posterior is not drawn
        known = panel.open[:, : panel.origin] & np.isfinite(panel.history)
        selling = known & (panel.history > 0)
        found = _Run(panel, selling, _columns(panel), logarithms=True).forecast(workers)
        most = np.where(selling, panel.history, 0.0).max(axis=1)
        share = features.selling_share(panel, selling)
        held = np.minimum(found * share, _HIGHEST * most[:, None])
        return np.asarray(held)


@dataclass(frozen=True)
class PlainProphet:
    """Prophet with nothing set: what one gets who hands it the sales of the days open."""

    name: str = "prophet_plain"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than 14 days, or that could not be fitted."""
        del seed
        known = panel.open[:, : panel.origin] & np.isfinite(panel.history)
        return _Run(panel, known, [], logarithms=False).forecast(workers)


@dataclass(frozen=True)
class _Run:
    """One forecast of all stores: ``seen`` [S, T] are the days learned from."""

    panel: Panel
    seen: Bools
    columns: Sequence[tuple[features.Singles, int]]
    logarithms: bool
    designs: dict[tuple[Wave, ...], tuple[Floats, list[str]]] = field(default_factory=dict)

    def forecast(self, workers: int) -> Floats:
        out = np.full((len(self.panel.stores), self.panel.horizon), np.nan)
        rows = np.flatnonzero(self.seen.sum(axis=1) >= _FEWEST_DAYS).tolist()
        if not rows:
            return out
        try:
            program = stan.checked_program()
        except PermanentError as error:
            log.error("prophet is left out", reason=str(error))
            return out
        for row in rows:
            self._shared(self._waves(row))

        def one(row: int) -> Floats:
            return self._store(program, row, Path(place))

        # One thread more than there are processors: Python works while programs run.
        threads = workers + (workers > 1)
        with (
            TemporaryDirectory(prefix="tillboard-prophet-") as place,
            ThreadPoolExecutor(threads) as pool,
        ):
            out[rows] = list(pool.map(one, rows))
        return out

    def _store(self, program: Path, row: int, place: Path) -> Floats:
        at = np.flatnonzero(self.seen[row])
        y = self.panel.history[row, at]
        if y.min() == y.max():
            return np.full(self.panel.horizon, y[0])
        z = np.log(y) if self.logarithms else y
        centre = float(z.mean()) if self.logarithms else 0.0
        scale = float(np.abs(z - centre).max())
        t, changes = self._times(at)
        design, ahead, scales = self._design(row, at)
        series = stan.Series(t[at], (z - centre) / scale, changes, design, scales)
        try:
            fit = stan.fit(program, series, place, name=str(row))
        except stan.FitError as error:
            log.warning("prophet could not fit", store=str(self.panel.stores[row]), why=str(error))
            return np.full(self.panel.horizon, np.nan)
        trend = _trend(t[self.panel.origin :], changes, fit)
        out = (trend + ahead @ fit.beta) * scale + centre
        # The mean of a lognormal lies above its median.
        return np.exp(out + (fit.sigma * scale) ** 2 / 2) if self.logarithms else out

    def _times(self, at: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return all dates scaled so that the days seen go from 0 to 1, and where it may turn."""
        days = np.arange(len(self.panel.dates), dtype=np.float64)
        t = (days - at[0]) / (at[-1] - at[0])
        within = int(len(at) * _TURNS_WITHIN)
        turns = np.linspace(0, within - 1, min(_TURNS, within - 1) + 1).round().astype(int)
        return t, t[at[turns[1:]]]

    def _design(self, row: int, at: NDArray[np.int64]) -> tuple[list[str], Floats, Floats]:
        """Return the rows of the days seen as JSON, the matrix of the days ahead, prior scales."""
        waves = self._waves(row)
        shared, texts = self._shared(waves)
        own = [_later(values[row], by) for values, by in self.columns]
        own = [column for column in own if column[at].min() != column[at].max()]
        if not own and not shared.shape[1]:
            own = [np.zeros(len(self.panel.dates), dtype=np.float32)]
        own_matrix = np.array(own, dtype=np.float64).reshape(len(own), len(shared)).T
        scales = [wave.scale for wave in waves for _ in range(2 * wave.order)]
        scales += [_COLUMN_SCALE] * len(own)
        ends = own_matrix[at].tolist()
        rows = [_joined(texts[day], end) for day, end in zip(at, ends, strict=True)]
        ahead = slice(self.panel.origin, None)
        return rows, np.hstack([shared[ahead], own_matrix[ahead]]), np.array(scales)

    def _shared(self, waves: tuple[Wave, ...]) -> tuple[Floats, list[str]]:
        """Return the columns all stores have with such waves, and each date's row as text."""
        if waves not in self.designs:
            days = self.panel.dates.to_numpy("datetime64[D]").astype(np.float64)
            parts = [np.zeros((len(days), 0)), *(_fourier(days, wave) for wave in waves)]
            matrix = np.hstack(parts).round(7)
            self.designs[waves] = matrix, [str(line)[1:-1] for line in matrix.tolist()]
        return self.designs[waves]

    def _waves(self, row: int) -> tuple[Wave, ...]:
        at = np.flatnonzero(self.seen[row])
        days = int(at[-1] - at[0]) * self.panel.step.days
        return (_waves if self.logarithms else _default_waves)(days, self.panel.daily)


def _waves(days: int, daily: bool) -> tuple[Wave, ...]:
    """Return the seasons that so long a history can tell."""
    year = 10 if days >= 540 else 4 if days >= 180 else 0
    found = [Wave(365.25, year, 0.05)]
    if daily:
        found += [Wave(365.25 / 12, 5 if days >= 60 else 0, 0.2), Wave(7.0, 3, 0.2)]
    return tuple(wave for wave in found if wave.order)


def _default_waves(days: int, daily: bool) -> tuple[Wave, ...]:
    """Return the seasons that Prophet takes when nothing is said."""
    year = [Wave(365.25, 10, 10.0)] if days >= 730 else []
    return (*year, *([Wave(7.0, 3, 10.0)] if daily and days >= 14 else []))


def _columns(panel: Panel) -> list[tuple[features.Singles, int]]:
    """Return covariates known ahead, [S, T + H], and by how many days each is to be moved.

    Of each event the day before and the day after count as well.
    """
    known = features.covariates(panel)
    columns = [(values, 0) for values in (*known.flags.values(), *known.measures.values())]
    return columns + [(event, by) for event in known.events.values() for by in (0, -1, 1)]


def _later(values: features.Singles, by: int) -> features.Singles:
    """Return one store's values ``by`` days later (earlier where negative), 0 where unknown."""
    out = np.zeros_like(values)
    if by >= 0:
        out[by:] = values[: len(values) - by]
    else:
        out[:by] = values[-by:]
    return out


def _fourier(days: Floats, wave: Wave) -> Floats:
    """Return sines and cosines in turn, [N, 2 · order], as Prophet counts them: from 1970."""
    angles = 2 * np.pi * np.outer(days / wave.period, np.arange(1, wave.order + 1))
    return np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(len(days), -1)


def _joined(text: str, end: list[float]) -> str:
    own = str(end)[1:-1]
    return f"[{text}, {own}]" if text and own else f"[{text}{own}]"


def _trend(t: Floats, changes: Floats, fit: stan.Fit) -> Floats:
    turned = t[:, None] >= changes
    return np.asarray((fit.k + turned @ fit.delta) * t + fit.m - turned @ (changes * fit.delta))
