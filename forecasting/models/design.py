"""The columns of the panel regression, in the spirit of Prophet's design matrix."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting import features
from forecasting.panel import Bools, Floats, Panel

OWN_WAVES = 3
"""Waves of the year in which a store may depart from the chain."""

_LONGEST_PHASES = 14
_MOST_CROSSED = 6


@dataclass(frozen=True)
class Block:
    """Columns [S or 1, T + H, C] that belong together; ``prior``: [C], the size of their effects.

    ``own``: stores may depart from the chain in them; ``season``: they are the season of the year.
    """

    columns: NDArray[Any]
    prior: Floats
    own: bool
    season: bool = False


@dataclass(frozen=True)
class Design:
    """``own``: [S, T + H, P], the first the level; ``shared``: [S, T + H, Q], the chain's alone.

    ``prior``: [P + Q], how large each effect of the chain is thought to be; ``season``: [P + Q],
    which of them are the season of the year.
    """

    own: features.Singles
    shared: features.Singles
    prior: Floats
    season: Bools


def design(panel: Panel, known: features.Covariates, waves: int, season_prior: float) -> Design:
    """Return the design of a panel's stores; ``known`` are their covariates."""
    blocks = [*_calendar(panel, waves, season_prior), *_covariates(panel, known)]
    own = [block for block in blocks if block.own]
    shared = [block for block in blocks if not block.own]
    return Design(
        _joined(own, panel),
        _joined(shared, panel),
        np.concatenate([block.prior for block in (*own, *shared)]),
        np.concatenate([np.full(len(b.prior), b.season) for b in (*own, *shared)]),
    )


def _joined(blocks: list[Block], panel: Panel) -> features.Singles:
    width = sum(len(block.prior) for block in blocks)
    out = np.empty((*panel.y.shape, width), dtype=np.float32)
    at = 0
    for block in blocks:
        out[:, :, at : at + len(block.prior)] = block.columns
        at += len(block.prior)
    return out


def _calendar(panel: Panel, waves: int, season_prior: float) -> Iterator[Block]:
    steps = len(panel.dates)
    years = (panel.dates - panel.dates[panel.origin - 1]).days.to_numpy() / 365.25
    phase = phases(panel)
    number = np.tile(np.arange(1, waves + 1), 2)
    year = features.season_of_year(panel, waves)
    slow = number <= OWN_WAVES
    yield Block(np.ones((1, steps, 1)), np.ones(1), own=True)
    yield Block(years[None, :, None], np.full(1, 0.1), own=True)
    yield Block(phase[None, :, 1:], np.full(phase.shape[1] - 1, 0.5), own=True)
    yield Block(year[None, :, slow], season_prior / number[slow], own=True, season=True)
    yield Block(year[None, :, ~slow], season_prior / number[~slow], own=False, season=True)
    days = features.day_of_month(panel)
    yield Block(days[None], np.full(days.shape[1], 0.05), own=False)


def _covariates(panel: Panel, known: features.Covariates) -> Iterator[Block]:
    phase = phases(panel)
    for at, flag in enumerate(known.flags.values()):
        crossed = phase if at < _MOST_CROSSED else np.ones((len(phase), 1))
        yield Block(flag[:, :, None] * crossed, np.full(crossed.shape[1], 0.3), own=True)
    for values in (*known.events.values(), *known.measures.values()):
        yield Block(values[:, :, None], np.full(1, 0.3), own=True)
    for event in known.events.values():
        yield Block(features.around(event), np.full(len(features.AROUND), 0.2), own=False)
    if known.closes:
        runs = (features.closed_before(panel), features.closed_after(panel))
        near = [edge for run in runs for edge in (run == 1, run == 2, run > 2)]
        yield Block(np.stack(near, axis=2), np.full(len(near), 0.3), own=True)


def phases(panel: Panel) -> Floats:
    """Return 0 and 1 for the phase of the season: [T + H, phases]; one phase for a long season."""
    if panel.season > _LONGEST_PHASES:
        return np.ones((len(panel.dates), 1))
    return np.asarray(np.eye(panel.season)[features.phases(panel)])
