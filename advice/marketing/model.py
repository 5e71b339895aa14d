"""The fit: from a panel to what each channel brings back."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from advice.marketing import checks, health, settling
from advice.marketing.density import Density, Draw
from advice.marketing.design import odd_weeks
from advice.marketing.panel import Note, Panel, read
from advice.marketing.response import QUANTILES, Channel, Response
from advice.marketing.sampler import Sample, sample
from advice.marketing.transforms import Floats, adstock
from chain.errors import PermanentError

PRIOR = (-2.0, 6.0)
"""Nine in ten channels are thought to bring back so much per unit of money, before the data."""
PLAUSIBLE = 15.0
"""Sales a unit of marketing money that nobody should believe without a test."""
_KEPT = 400
_QUARTER = 13
_SEEN = 0.98
_YEAR = 52


def fit(
    panel: pd.DataFrame,
    *,
    channels: Sequence[str],
    outcome: str,
    store: str,
    date: str,
    controls: Sequence[str] = (),
    priors: Mapping[str, tuple[float, float]] | None = None,
    plausible: float = PLAUSIBLE,
    seed: int = 0,
    chains: int = 4,
    draws: int = 200,
) -> Response:
    """Return what each channel brings back, and how far that may be trusted.

    ``panel``: a row a store and week, with the columns named: ``store``, ``date`` (any day of the
    week, the same all along), ``outcome`` (net sales), a column of spend a channel in the same
    money (0 where nothing was spent, empty where it is not known), ``controls`` (numbers: days
    open, holidays, prices); ``currency`` where there is such a column. What the chain or a region
    spends as a whole is given to stores by ``advice.marketing.spread``.

    ``priors``: for a channel the sales that a unit of money is thought to bring, as the bounds of
    90 %, ``PRIOR`` unless given; a test's result goes in here (``experiments.calibrated``).
    ``plausible``: the return beyond which an answer is not believed. Same panel and seed, same
    answer. Raises PermanentError for input that cannot be read, and ValueError for priors that do
    not rise.
    """
    began = time.perf_counter()
    known = read(
        panel, channels=channels, outcome=outcome, store=store, date=date, controls=controls
    )
    known = _without_odd(known)
    bounds = [_prior(name, priors or {}) for name in known.channels]
    low, high = np.array(bounds, dtype=np.float64).T
    density = Density(known, low, high)
    with threadpool_limits(1):
        found = sample(density, density.blocks(), seed=seed, chains=chains, draws=draws)
        step = max(1, chains * draws // _KEPT)
        positions = found.positions[:, ::step].reshape(-1, density.size)
        rng = np.random.default_rng([seed, 1])
        drawn = [density.draw(position, rng) for position in positions]
        response = _response(known, density, found, drawn, positions, plausible)
    sampled = {**response.sampled, "seconds": round(time.perf_counter() - began, 2)}
    return Response(**{**vars(response), "sampled": sampled})


def _without_odd(panel: Panel) -> Panel:
    odd = odd_weeks(panel)
    if not odd.any():
        return panel
    note = Note("marketing.note.odd", {"count": int(odd.sum())})
    return replace(panel, valid=panel.valid & ~odd, notes=(*panel.notes, note))


def _prior(name: str, priors: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    low, high = priors.get(name, PRIOR)
    if not low < high:
        raise ValueError(f"the prior of {name} must rise, not {low} to {high}")
    return low, high


def _response(
    panel: Panel,
    density: Density,
    found: Sample,
    drawn: Sequence[Draw],
    positions: Floats,
    plausible: float,
) -> Response:
    middle = checks.usual_shape(density, positions)
    drawn = _widened(drawn, checks.overconfidence(density, middle))
    returns, without = _effects(density, drawn)
    chains = len(found.positions)
    settled = [
        health.convergence(returns[:, c].reshape(chains, -1, 1)) for c in range(len(panel.channels))
    ]
    inner = health.convergence(found.positions)
    sampled = {
        "r_hat": max(one.r_hat for one in settled),
        "effective_draws": min(one.effective for one in settled),
        "inner_r_hat": inner.r_hat,
        "inner_effective_draws": inner.effective,
        "accepted": found.accepted,
        "draws": float(found.positions[..., 0].size),
    }
    evidence = health.gather(density, middle, returns)
    channels = []
    for c, name in enumerate(panel.channels):
        judged = health.verdict(panel, c, evidence, settled[c], plausible)
        values = np.quantile(returns[:, c], QUANTILES)
        channels.append(
            Channel(
                name=name,
                spent=float(density.spent[c]),
                mean=float(returns[:, c].mean()),
                returns={f"q{q:g}": float(v) for q, v in zip(QUANTILES, values, strict=True)},
                positive=float((returns[:, c] > 0).mean()),
                health=judged.health,
                trusted=judged.trusted,
                why=judged.why,
                settle=None if judged.health == "clear" else settling.proposal(panel, c, middle),
            )
        )
    kept_up = [
        adstock(density.relative[c], float(middle.decay[c]), None, float(middle.later[c]))
        for c in range(len(channels))
    ]
    used = np.where(panel.valid, np.stack(kept_up), np.nan)
    return Response(
        channels=tuple(channels),
        stores=panel.stores,
        first=str(panel.weeks[0].date()),
        last=str(panel.weeks[-1].date()),
        level=panel.level,
        baseline=_baseline(panel, without),
        unit=density.unit,
        seen=np.nan_to_num(np.nanquantile(used.reshape(len(channels), -1), _SEEN, axis=1)),
        recent=panel.spend[:, :, -_QUARTER:].mean(axis=2),
        decay=np.stack([draw.shape.decay for draw in drawn]),
        later=np.stack([draw.shape.later for draw in drawn]),
        half=np.stack([draw.shape.half for draw in drawn]),
        power=np.stack([draw.shape.power for draw in drawn]),
        effect=np.stack([draw.effect for draw in drawn]),
        returns=returns,
        sampled=sampled,
        noise={
            "persistence": middle.persistence,
            "noise": middle.noise,
            "shock": middle.shock,
            "out_of_sample": evidence.gain,
        },
        notes=panel.notes,
        refused=panel.refused,
    )


def _widened(drawn: Sequence[Draw], factor: Floats) -> list[Draw]:
    """Return draws whose effects lie ``factor`` [C] times as far from their mean."""
    mean = np.mean([draw.effect for draw in drawn], axis=0)
    wide = [mean + factor[:, None] * (draw.effect - mean) for draw in drawn]
    return [replace(draw, effect=effect) for draw, effect in zip(drawn, wide, strict=True)]


def _effects(density: Density, drawn: Sequence[Draw]) -> tuple[Floats, Floats]:
    """Return returns [D, C], and what share of each week's outcome [S, T] is not marketing's."""
    returns = np.empty((len(drawn), len(density.panel.channels)))
    logs = np.zeros(density.panel.valid.shape)
    spent = np.where(density.spent > 0, density.spent, 1.0)
    for at, draw in enumerate(drawn):
        working, _ = density.columns(draw.shape)
        added = draw.effect[..., None] * working
        returns[at] = (density.weight * -np.expm1(-added)).sum(axis=(1, 2)) / spent
        logs += added.sum(axis=0) / len(drawn)
    return returns, np.asarray(np.exp(-logs), dtype=np.float64)


def _baseline(panel: Panel, without: Floats) -> Floats:
    """Return each store's mean week of the last year without marketing; [S]."""
    sales = np.where(panel.valid, panel.outcome * without, np.nan)[:, -_YEAR:]
    seen = np.isfinite(sales).any(axis=1)
    sales[~seen] = (panel.level[~seen])[:, None]
    return np.asarray(np.nanmean(sales, axis=1), dtype=np.float64)


def require_channel(response: Response, name: str) -> int:
    """Return a channel's position. Raises PermanentError where there is none of the name."""
    names = [channel.name for channel in response.channels]
    if name not in names:
        raise PermanentError("marketing.unknown_channel", channel=name)
    return names.index(name)
