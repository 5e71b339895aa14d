"""What a channel's answer is worth, in words: clear, weak, or no evidence, and why."""

from dataclasses import dataclass

import numpy as np

from advice.marketing import checks
from advice.marketing.density import Density, Shape
from advice.marketing.panel import Note, Panel
from advice.marketing.response import Health
from advice.marketing.sampler import effective_size, rank_normalised_r_hat
from advice.marketing.transforms import Floats

R_HAT = 1.05
EFFECTIVE = 80
CLEAR = 0.98
WEAK = 0.85
_INFLATED = 6.0
_HEED = 0.01
_MOVES = 0.8
_STILL = 0.1
_LEARNED = 0.75
_BOUNDED = 0.5
"""So narrow against what was thought before, the data say at least that it cannot be much."""
_NEVER_OFF = 0.05


@dataclass(frozen=True)
class Verdict:
    """``gravest`` first among ``why``; ``trusted``: the money may be moved by it."""

    health: Health
    why: tuple[Note, ...]
    trusted: bool


@dataclass(frozen=True)
class Evidence:
    """What the verdicts rest on. All [C] but ``gain`` (all channels) and ``alike`` [C, C].

    ``own_gain``: what a channel adds to the fit out of sample; ``heed``: the p-value that spend
    takes no heed of sales; ``moves``: how far it moves with the week's sales.
    """

    returns: Floats
    prior_sd: Floats
    gain: float
    own_gain: Floats
    alike: Floats
    heed: Floats
    moves: Floats


@dataclass(frozen=True, slots=True)
class Settled:
    """Of some numbers: the worst r_hat and the fewest effective draws."""

    r_hat: float
    effective: float

    @property
    def enough(self) -> bool:
        """Whether the block's draws may be relied on."""
        return self.r_hat <= R_HAT and self.effective >= EFFECTIVE


def convergence(chains: Floats) -> Settled:
    """Return how far chains agree about numbers; [chains, draws, numbers]."""
    each = np.moveaxis(chains, 2, 0)
    return Settled(
        max(rank_normalised_r_hat(one) for one in each), min(effective_size(one) for one in each)
    )


def gather(density: Density, shape: Shape, returns: Floats) -> Evidence:
    """Return the evidence at a shape in the middle of the draws; returns [D, C]."""
    gain, own = checks.out_of_sample(density, shape)
    working, _ = density.columns(shape)
    return Evidence(
        returns=returns,
        prior_sd=density.prior_sd,
        gain=gain,
        own_gain=own,
        alike=checks.alikeness(density, shape),
        heed=checks.follows_sales(density.panel, working),
        moves=checks.moves_with_sales(density.panel),
    )


def verdict(
    panel: Panel, at: int, evidence: Evidence, settled: Settled, plausible: float
) -> Verdict:
    """Return what the answer of channel number ``at`` is worth.

    ``settled``: how far the chains agree about its return.
    """
    spend = np.where(panel.valid, panel.spend[at], np.nan)
    if not np.nansum(spend):
        return Verdict("none", (Note("marketing.why.never_used"),), trusted=False)
    grave = _grave(at, evidence, settled, spend, plausible)
    doubts = _doubts(at, evidence, spend, panel.channels)
    returns = evidence.returns[:, at]
    sure = float((returns > 0).mean())
    if grave or not settled.enough:
        return Verdict("none", (*grave, *doubts), trusted=False)
    shown = _shown(returns)
    narrow = float(returns.std() / evidence.prior_sd[at])
    if narrow > _LEARNED:
        return Verdict("none", (Note("marketing.why.unlearned"), *doubts), trusted=False)
    if sure < WEAK:
        why = (Note("marketing.why.unsure", shown), *doubts)
        return Verdict("none", why, trusted=narrow < _BOUNDED)
    if sure < CLEAR:
        return Verdict("weak", (Note("marketing.why.wide", shown), *doubts), trusted=True)
    if doubts:
        return Verdict("weak", doubts, trusted=True)
    return Verdict("clear", (Note("marketing.why.clear", shown),), trusted=True)


def _shown(returns: Floats) -> dict[str, float | int | str]:
    low, high = np.quantile(returns, (0.1, 0.9))
    return {"low": f"{low:.1f}", "high": f"{high:.1f}"}


def _grave(
    at: int, evidence: Evidence, settled: Settled, spend: Floats, plausible: float
) -> tuple[Note, ...]:
    """Return what makes the answer worthless, whatever it is.

    Chains that do not agree about channels that run together are the reason's own sign.
    """
    found = []
    alike = checks.inflation(evidence.alike)[at] > _INFLATED
    if not settled.enough and not alike:
        found.append(Note("marketing.why.not_converged"))
    if evidence.heed[at] < _HEED or evidence.moves[at] > _MOVES:
        found.append(Note("marketing.why.follows_sales"))
    middle = float(np.median(evidence.returns[:, at]))
    if middle > plausible:
        found.append(Note("marketing.why.implausible", {"middle": f"{middle:.1f}"}))
    if np.nanstd(spend - np.nanmean(spend, axis=1, keepdims=True)) < _STILL * np.nanmean(spend):
        found.append(Note("marketing.why.still"))
    return tuple(found)


def _doubts(
    at: int, evidence: Evidence, spend: Floats, channels: tuple[str, ...]
) -> tuple[Note, ...]:
    """Return what keeps an answer from being clear."""
    found = []
    if checks.inflation(evidence.alike)[at] > _INFLATED:
        apart = np.abs(evidence.alike[at])
        apart[at] = 0
        other = channels[int(np.argmax(apart))]
        found.append(Note("marketing.why.alike", {"other": other}))
    if evidence.own_gain[at] <= 0:
        found.append(Note("marketing.why.no_better"))
    if np.nanquantile(spend, 0.02) > _NEVER_OFF * np.nanmean(spend):
        found.append(Note("marketing.why.never_off"))
    return tuple(found)
