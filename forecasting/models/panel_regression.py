"""One regression over all stores at once: trend, weekday by promotion, season, holidays.

In logarithms, so that effects multiply. The chain's effects are found from all stores pooled;
each store then departs from them as far as its own days show, the less it has the less (empirical
Bayes: the spread of each effect between stores is estimated, and departures are shrunk by it). What
all stores missed on the same dates is carried on by ``date_effects``. All of it is a few batches of
small linear systems.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting import date_effects, features
from forecasting.models import design as designs
from forecasting.models.design import Design
from forecasting.models.shrinkage import Shrinkage, departures
from forecasting.panel import Bools, Floats, Panel

_CHUNK = 64
_KEPT = 2
"""Fits that are kept with a panel: they are large."""

_POOLED_STORES = 300
_DATE_NOISE = 0.05**2
"""Variance of a date's shock to all stores, against which the chain's effects are shrunk."""

_MOST_MISSED = 1.5
_SMEAR_PRIOR = 30.0
"""Days by which a store's smearing is shrunk to the chain's."""

_HIGHEST = 3.0
"""A fit is held below so many times the most that the store ever took."""


@dataclass(frozen=True)
class Fit:
    """What the regression found.

    ``log``: the fitted logarithm of every step, past and ahead, [S, T + H]; ``season``: the part
    of it that is the season of the year; ``effects``: [S, P] of each store, the chain's part
    included; ``selling``: [S, T], the days that were learned from; ``share``: [S, H], how many
    they are of the open days like each one ahead; ``smear``: [S], the mean figure by the one that
    its mean logarithm stands for; ``common``: [H], what date effects have added ahead.
    """

    log: features.Singles
    season: features.Singles
    effects: Floats
    selling: Bools
    share: Floats
    smear: Floats
    common: Floats

    def scale(self, panel: Panel, logs: Floats) -> Floats:
        """Return logarithms ahead, [S, H], as figures: 0 or NaN where nothing can be said."""
        most = np.where(self.selling, panel.history, 0.0).max(axis=1, initial=0.0)
        out = np.minimum(np.exp(np.minimum(logs, 50.0)), _HIGHEST * most[:, None])
        out = out * self.share * self.smear[:, None]
        out[~np.isfinite(panel.history).any(axis=1)] = np.nan
        return np.asarray(out)


@dataclass(frozen=True)
class PanelRegression:
    """The panel regression; half-lives in days say how fast the past is forgotten."""

    half_life: float = 400.0
    level_half_life: float = 28.0
    level_prior: float = 10.0
    waves: int = 20
    season_prior: float = 0.15
    name: str = "panel_regression"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store without any figure, 0 for one that took nothing."""
        del seed, workers
        fit = self.fit(panel)
        return fit.scale(panel, fit.log[:, panel.origin :].astype(np.float64))

    def fit(self, panel: Panel) -> Fit:
        """Fit all stores; what was fitted is kept with the panel."""
        kept: dict[tuple[int, int], Fit] = panel.memo.setdefault(self, {})
        at = (panel.origin, panel.horizon)
        if at not in kept:
            while len(kept) >= _KEPT:
                del kept[next(iter(kept))]
            kept[at] = self._fit(panel)
        return kept[at]

    def _fit(self, panel: Panel) -> Fit:
        known = np.isfinite(panel.history)
        selling = known & panel.open[:, : panel.origin] & (panel.history > 0)
        sorted_known = features.covariates(panel)
        chain = self._chain(panel, sorted_known, selling)
        log = np.empty(panel.y.shape, dtype=np.float32)
        season = np.empty(panel.y.shape, dtype=np.float32)
        effects, shrinkage = [], None
        for start in range(0, len(panel.stores), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(panel.stores)))
            part, columns = self._part(panel, sorted_known, rows)
            effect, shrinkage = self._stores(part, columns, selling[rows], chain, shrinkage)
            log[rows], season[rows] = _fitted(columns, effect, chain)
            log[rows] += self._level(part, log[rows], selling[rows])[:, None]
            effects.append(effect)
        logs = np.log(np.where(selling, panel.history, 1.0))
        missed = np.subtract(logs, log[:, : panel.origin], dtype=np.float64)
        common = date_effects.ahead(panel, missed, selling)
        log[:, panel.origin :] += common
        share, smear = features.selling_share(panel, selling), _smear(missed, selling)
        return Fit(log, season, np.concatenate(effects), selling, share, smear, common)

    def _part(
        self, panel: Panel, known: features.Covariates, rows: NDArray[np.int64]
    ) -> tuple[Panel, Design]:
        part = panel.of(rows)
        return part, designs.design(part, known.of(rows), self.waves, self.season_prior)

    def _chain(self, panel: Panel, known: features.Covariates, selling: Bools) -> Floats:
        """Return the chain's effects: [P + Q], 0 for the level, which each store has of its own."""
        has = np.flatnonzero(selling.sum(axis=1) > 1)
        some = has[:: max(1, len(has) // _POOLED_STORES)]
        gram = moment = np.zeros(())
        prior = np.ones(1)
        for start in range(0, len(some), _CHUNK):
            rows = some[start : start + _CHUNK]
            part, columns = self._part(panel, known, rows)
            prior = columns.prior[1:]
            weight = (recency(panel, self.half_life) * selling[rows]).astype(np.float32)
            logs = np.log(np.where(selling[rows], part.history, 1.0)).astype(np.float32)
            x = np.concatenate([columns.own[:, :, 1:], columns.shared], axis=2)[:, : panel.origin]
            total = weight.sum(axis=1)
            x -= (weight[:, None] @ x) / total[:, None, None]
            logs -= ((weight * logs).sum(axis=1) / total)[:, None]
            root = np.sqrt(weight)
            x *= root[:, :, None]
            flat = x.reshape(-1, x.shape[2])
            gram = gram + flat.T @ flat
            moment = moment + flat.T @ (logs * root).ravel()
        if not len(some):
            return np.zeros(len(self._part(panel, known, np.arange(1))[1].prior))
        # stores share the shocks of a date: a thousand stores tell no more than the dates they have
        at_once = max(float(selling[some].sum(axis=0).max()), 1.0)
        system = np.asarray(gram, dtype=np.float64) / at_once + np.diag(_DATE_NOISE / prior**2)
        return np.concatenate([[0.0], np.linalg.solve(system, moment / at_once)])

    def _stores(
        self,
        panel: Panel,
        columns: Design,
        selling: Bools,
        chain: Floats,
        shrinkage: Shrinkage | None,
    ) -> tuple[Floats, Shrinkage]:
        """Return each store's effects, [S, P], the chain's included."""
        own = columns.own
        past = own[:, : panel.origin]
        weight = (recency(panel, self.half_life) * selling).astype(np.float32)
        base, _ = _fitted(columns, np.broadcast_to(chain[: own.shape[2]], own.shape[::2]), chain)
        logs = np.log(np.where(selling, panel.history, 1.0))
        rest = (logs - base[:, : panel.origin]).astype(np.float32)
        weighted = past * weight[:, :, None]
        gram = (weighted.transpose(0, 2, 1) @ past).astype(np.float64)
        moment = (rest[:, None] @ weighted)[:, 0].astype(np.float64)
        power = (weight * rest * rest).sum(axis=1).astype(np.float64)
        found, shrinkage = departures(
            gram, moment, power, weight.sum(axis=1).astype(np.float64), shrinkage
        )
        return chain[: own.shape[2]] + found, shrinkage

    def _level(self, panel: Panel, log: features.Singles, selling: Bools) -> Floats:
        """Return how far the recent past lies above the fit, less where few days say so: [S]."""
        weight = recency(panel, self.level_half_life) * selling
        rest = np.log(np.where(selling, panel.history, 1.0)) - log[:, : panel.origin]
        return np.asarray((weight * rest).sum(axis=1) / (weight.sum(axis=1) + self.level_prior))


def recency(panel: Panel, half_life: float) -> Floats:
    """Return the weight of each past step, halved every ``half_life`` days: [T]."""
    ago = (panel.dates[panel.origin - 1] - panel.dates[: panel.origin]).days.to_numpy()
    return np.asarray(0.5 ** (ago / half_life))


def _fitted(columns: Design, effects: Floats, chain: Floats) -> tuple[Floats, Floats]:
    """Return the fit of all steps and the part of it that is the season: [S, T + H] each."""
    own, shared = columns.own, columns.shared
    width = own.shape[2]
    single, common = effects.astype(np.float32), chain[width:].astype(np.float32)
    season = columns.season
    part = (own[:, :, season[:width]] @ single[:, season[:width], None])[:, :, 0]
    part = part + shared @ np.where(season[width:], common, 0)
    whole = (own @ single[:, :, None])[:, :, 0] + shared @ common
    return whole.astype(np.float64), np.asarray(part, dtype=np.float64)


def _smear(missed: Floats, selling: Bools) -> Floats:
    """Return what the mean of figures is above that of logarithms, by store: [S].

    The smearing estimate (Duan 1983), shrunk to the chain's where a store has few days. ``missed``:
    [S, T], log figure less log fit where ``selling`` is true.
    """
    ratio = np.where(selling, np.exp(np.clip(missed, -_MOST_MISSED, _MOST_MISSED)), 0.0)
    days = selling.sum(axis=1)
    chain = ratio.sum() / max(days.sum(), 1) if days.any() else 1.0
    return np.asarray((ratio.sum(axis=1) + _SMEAR_PRIOR * chain) / (days + _SMEAR_PRIOR))
