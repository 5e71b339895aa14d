"""What was learned about each channel: plain arrays and words that a job can store as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from advice.marketing.panel import Note
from advice.marketing.transforms import Floats, saturation

Health = Literal["clear", "weak", "none"]
QUANTILES = (0.05, 0.1, 0.5, 0.9, 0.95)
_DIGITS = 6


@dataclass(frozen=True)
class Channel:
    """What a channel brings back per unit of money, in sales and before any margin.

    ``returns``: by quantile, of the money spent in the panel. ``positive``: the chance that it
    brings anything. ``health`` clear, weak, or none (no evidence), ``why`` in words, the gravest
    first. ``trusted``: a plan may move its money. ``settle``: the test that would tell, where
    there is no clear answer.
    """

    name: str
    spent: float
    mean: float
    returns: Mapping[str, float]
    positive: float
    health: Health
    trusted: bool
    why: tuple[Note, ...]
    settle: Note | None


@dataclass(frozen=True)
class Response:
    """Channels in the order given, and the draws that advice is made from.

    ``level`` [S]: the weekly outcome that a store's spend is measured against; ``baseline`` [S]: a
    usual week without marketing; ``unit`` [C]: a channel's usual spend over the level; ``seen``
    [C]: what stores kept up at most (98 of 100 weeks lie below), in units; ``recent`` [C, S]: mean
    weekly spend of the last quarter.

    Draws: ``decay``, ``later``, ``half``, ``power`` [D, C] (see ``density.Shape``), ``effect``
    [D, C, S], ``returns`` [D, C]. ``sampled``: r_hat and effective_draws of the worst return, the
    same of the worst inner number, accepted, draws, seconds. ``noise``: persistence, noise, shock
    (see ``density``) and out_of_sample (see ``checks``).
    """

    channels: tuple[Channel, ...]
    stores: tuple[str, ...]
    first: str
    last: str
    level: Floats
    baseline: Floats
    unit: Floats
    seen: Floats
    recent: Floats
    decay: Floats
    later: Floats
    half: Floats
    power: Floats
    effect: Floats
    returns: Floats
    sampled: Mapping[str, float]
    noise: Mapping[str, float]
    notes: tuple[Note, ...]
    refused: Mapping[str, Note]

    def channel(self, name: str) -> Channel:
        """Return a channel. Raises KeyError where there is none of the name."""
        for found in self.channels:
            if found.name == name:
                return found
        raise KeyError(name)

    def logs(self, spend: Floats, channel: int) -> Floats:
        """Return what weekly spend [S, …] in a channel adds to the logarithm of sales.

        Kept up until carry-over is full; [D, S, …].
        """
        shape = (len(self.stores),) + (1,) * (spend.ndim - 1)
        relative = spend / (self.level.reshape(shape) * self.unit[channel])
        half, power = (
            one[:, channel].reshape(-1, *(1,) * spend.ndim) for one in (self.half, self.power)
        )
        effect = self.effect[:, channel].reshape(-1, *shape)
        return np.asarray(effect * saturation(relative[None], half, power), dtype=np.float64)

    def gain(self, spend: Floats) -> Floats:
        """Return extra sales a week of weekly ``spend`` [C, S] against none, by draw; [D, S]."""
        total = sum(self.logs(spend[c], c) for c in range(len(self.channels)))
        return np.asarray(self.baseline * np.expm1(total), dtype=np.float64)

    def curve(self, channel: str, points: int = 40) -> dict[str, list[float]]:
        """Return weekly spend of the whole chain and what it brings: spend, mean, q10, q90.

        Stores share the spend as they usually do. Spend goes up to what a store kept up at most.
        """
        at = [c.name for c in self.channels].index(channel)
        share = self.level / self.level.sum()
        most = self.seen[at] * self.unit[at] * self.level.sum()
        spend = np.linspace(0.0, most, points)
        logs = self.logs(share[:, None] * spend, at)
        total = (self.baseline[:, None] * np.expm1(logs)).sum(axis=1)
        low, high = np.quantile(total, (0.1, 0.9), axis=0)
        return {
            "spend": spend.tolist(),
            "mean": total.mean(axis=0).tolist(),
            "q10": low.tolist(),
            "q90": high.tolist(),
        }

    def to_json(self) -> str:
        """Return all of it as text; arrays are rounded to six digits."""
        return json.dumps(asdict(self), default=_plain, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Response":
        """Return what ``to_json`` wrote. Raises KeyError or TypeError for anything else."""
        found = json.loads(text)
        for name in _ARRAYS:
            found[name] = np.array(found[name], dtype=np.float64)
        found["channels"] = tuple(_channel(fields) for fields in found["channels"])
        found["stores"] = tuple(found["stores"])
        found["notes"] = tuple(Note(**note) for note in found["notes"])
        found["refused"] = {name: Note(**note) for name, note in found["refused"].items()}
        return cls(**found)


_ARRAYS = (
    "level",
    "baseline",
    "unit",
    "seen",
    "recent",
    "decay",
    "later",
    "half",
    "power",
    "effect",
    "returns",
)


def _channel(fields: dict[str, object]) -> Channel:
    raw: dict[str, object] = dict(fields)
    why, settle = raw.pop("why"), raw.pop("settle")
    assert isinstance(why, list)
    return Channel(
        **raw,  # type: ignore[arg-type]
        why=tuple(Note(**note) for note in why),
        settle=Note(**settle) if isinstance(settle, dict) else None,
    )


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        with np.errstate(divide="ignore"):
            size = np.where(value == 0, 0, np.floor(np.log10(np.abs(value))))
        scale = 10.0 ** (_DIGITS - 1 - size)
        return (np.round(value * scale) / scale).tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value).__name__)
