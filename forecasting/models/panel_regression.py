"""One regression over all stores at once: trend, weekday by promotion, season, holidays.

In logarithms, so that effects multiply. The chain's effects are found from all stores pooled;
each store then departs from them as far as its own days show, the less it has the less (empirical
Bayes: the spread of each effect between stores is estimated, and departures are shrunk by it). The
design matrix is Prophet's idea; the solution is one batch of small linear systems.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting import features
from forecasting.panel import Bools, Floats, Panel

_CHUNK = 128
_POOLED_STORES = 300
_EM_STEPS = 6


@dataclass(frozen=True)
class Design:
    """Columns of the regression for some stores.

    ``own``: [S, T + H, P], effects in which stores may depart from the chain. ``shared``: [S or 1,
    T + H, Q], effects that are the chain's alone.
    """

    own: features.Singles
    shared: features.Singles


@dataclass(frozen=True)
class PanelRegression:
    """The panel regression; half-lives in days say how fast the past is forgotten."""

    half_life: float = 300.0
    level_half_life: float = 21.0
    level_prior: float = 10.0
    waves: int = 8
    own_waves: int = 3
    ridge: float = 3.0
    name: str = "panel_regression"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store without any figure, 0 for one that took nothing."""
        del seed, workers
        known = np.isfinite(panel.history)
        selling = known & panel.open[:, : panel.origin] & (panel.history > 0)
        weights = self._weights(panel, self.half_life)
        chain = self._chain(panel, selling, weights)
        out = np.empty((len(panel.stores), panel.horizon))
        spread = None
        for start in range(0, len(panel.stores), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(panel.stores)))
            part = panel.of(rows)
            design = self._design(part)
            out[rows], spread = self._stores(part, design, selling[rows], weights, chain, spread)
        out = np.exp(out) * _share_selling(panel, known, selling)[:, None]
        out[~selling.any(axis=1)] = 0.0
        out[~known.any(axis=1)] = np.nan
        return out

    def _weights(self, panel: Panel, half_life: float) -> Floats:
        ago = (panel.dates[panel.origin - 1] - panel.dates[: panel.origin]).days.to_numpy()
        return np.asarray(0.5 ** (ago / half_life))

    def _design(self, panel: Panel) -> Design:
        stores, steps = panel.y.shape
        known = features.covariates(panel)
        phase = np.eye(panel.season)[features.phases(panel)]
        if panel.season > 14:
            phase = phase[:, :1]
        years = (panel.dates - panel.dates[panel.origin - 1]).days.to_numpy() / 365.25
        year = features.season_of_year(panel, self.waves)
        narrow = np.concatenate(
            [year[:, : self.own_waves], year[:, self.waves : self.waves + self.own_waves]], axis=1
        )
        calendar = np.concatenate([years[:, None], phase[:, 1:], narrow], axis=1)
        own: list[NDArray[Any]] = [np.broadcast_to(calendar, (stores, steps, calendar.shape[1]))]
        own += [flag[:, :, None] * phase[None] for flag in known.flags.values()]
        own += [values[:, :, None] for values in (*known.events.values(), *known.measures.values())]
        before, after = features.closed_before(panel), features.closed_after(panel)
        runs = np.stack(
            [before == 1, before == 2, before > 2, after == 1, after == 2, after > 2], axis=2
        )
        own.append(runs)
        shared: list[NDArray[Any]] = [
            np.broadcast_to(c, (stores, steps, c.shape[1]))
            for c in (year, features.day_of_month(panel))
        ]
        shared += [features.around(event) for event in known.events.values()]
        return Design(
            np.concatenate(own, axis=2, dtype=np.float32),
            np.concatenate(shared, axis=2, dtype=np.float32),
        )

    def _chain(self, panel: Panel, selling: Bools, weights: Floats) -> Floats:
        """Return the chain's effects, own columns first: [P + Q]; stores' levels are taken out."""
        has = np.flatnonzero(selling.any(axis=1))
        some = has[:: max(1, len(has) // _POOLED_STORES)]
        gram, moment = np.zeros(()), np.zeros(())
        for start in range(0, len(some), _CHUNK):
            rows = some[start : start + _CHUNK]
            part = panel.of(rows)
            design = self._design(part)
            columns = np.concatenate([design.own, design.shared], axis=2)[:, : panel.origin]
            w = (weights * selling[rows]).astype(np.float32)
            z = np.log(np.where(selling[rows], part.history, 1.0)).astype(np.float32)
            total = w.sum(axis=1)
            columns = columns - (np.einsum("st,stp->sp", w, columns) / total[:, None])[:, None]
            z = z - ((w * z).sum(axis=1) / total)[:, None]
            flat = (columns * np.sqrt(w)[:, :, None]).reshape(-1, columns.shape[2])
            gram = gram + flat.T @ flat
            moment = moment + flat.T @ (z * np.sqrt(w)).ravel()
        gram = np.asarray(gram, dtype=np.float64)
        penalty = self.ridge * np.ones(len(gram))
        return np.asarray(np.linalg.solve(gram + np.diag(penalty), moment), dtype=np.float64)

    def _stores(
        self,
        panel: Panel,
        design: Design,
        selling: Bools,
        weights: Floats,
        chain: Floats,
        spread: Floats | None,
    ) -> tuple[Floats, Floats]:
        own = design.own
        p = own.shape[2]
        base = own @ chain[:p].astype(np.float32) + design.shared @ chain[p:].astype(np.float32)
        ones = np.ones((*own.shape[:2], 1), dtype=np.float32)
        own = np.concatenate([ones, own], axis=2)
        past = own[:, : panel.origin]
        w = (weights * selling).astype(np.float32)
        z = np.log(np.where(selling, panel.history, 1.0)) - base[:, : panel.origin]
        weighted = past * w[:, :, None]
        gram = np.asarray(weighted.transpose(0, 2, 1) @ past, dtype=np.float64)
        moment = np.einsum("stp,st->sp", weighted, z).astype(np.float64)
        power = (w * z * z).sum(axis=1).astype(np.float64)
        total = w.sum(axis=1).astype(np.float64)
        departures, spread = _empirical_bayes(gram, moment, power, total, spread)
        fitted = np.einsum("stp,sp->st", own.astype(np.float64), departures)
        recent = self._weights(panel, self.level_half_life) * selling
        gap = (recent * (z - fitted[:, : panel.origin])).sum(axis=1)
        level = gap / (recent.sum(axis=1) + self.level_prior)
        return (fitted + base + level[:, None])[:, panel.origin :], spread


def _empirical_bayes(
    gram: Floats, moment: Floats, power: Floats, total: Floats, spread: Floats | None
) -> tuple[Floats, Floats]:
    """Return departures [S, P] and the variance of each between stores [P], by EM."""
    size = gram.shape[1]
    noise = np.full(len(gram), 0.05)
    if spread is None:
        spread = np.full(size, 0.01)
        spread[0] = 100.0
    for _ in range(_EM_STEPS):
        system = gram / noise[:, None, None] + np.diag(1 / spread)
        inverse = np.linalg.inv(system)
        departures = np.einsum("spq,sq->sp", inverse, moment / noise[:, None])
        second = departures**2 + np.einsum("spp->sp", inverse)
        spread = np.maximum(second.mean(axis=0), 1e-7)
        spread[0] = 100.0
        explained = np.einsum("sp,sp->s", departures, moment)
        rest = power - explained
        noise = np.maximum(rest / np.maximum(total, 1e-9), 1e-4)
        noise = np.where(total > 0, noise, 0.05)
    return departures, spread


def _share_selling(panel: Panel, known: Bools, selling: Bools) -> Floats:
    """Return the share of open days on which a store sold anything: [S]."""
    opened = (known & panel.open[:, : panel.origin]).sum(axis=1)
    return np.asarray((selling.sum(axis=1) + 1) / (opened + 1))
