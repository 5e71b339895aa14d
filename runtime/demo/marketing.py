"""Marketing money: what the head office spent where, and what it truly did to sales.

Three channels. Two work, with carry-over and less the more is spent; the third does nothing, which
only the truth says.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from runtime.demo.scenario import Scenario

Floats = npt.NDArray[np.float64]

SPEND = "demo-marketing-spend.csv"
"""The head office's list: a line a week (its Monday), store and channel; in yuan."""
HEADER = "周一,门店,渠道,花费"
_LAGS = 8
_ON, _STAYS_ON, _TURNS_ON = 0.4, 0.72, 0.2
_BEFORE = 12


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel with its hidden truth.

    ``effect``: what ever more spend would add to the logarithm of sales; ``half``: the share of
    sales that, spent every week, does half of it; ``keeps``: how much of a week's work is left a
    week later.
    """

    name: str
    name_en: str
    effect: float
    half: float
    keeps: float


CHANNELS = (
    Channel("美团推广", "Meituan ads", 0.24, 0.03, 0.25),
    Channel("抖音达人", "Douyin creators", 0.16, 0.04, 0.55),
    Channel("电梯广告", "Lift posters", 0.0, 0.03, 0.3),
)


@dataclass(frozen=True, slots=True)
class Marketing:
    """``share`` [C, S, W]: a week's spend as a share of a store's usual sales.

    ``lift`` [C, S, days]: what that adds to the logarithm of orders. Week 0 holds the first day.
    """

    monday: date
    share: Floats
    lift: Floats


def plan(scenario: Scenario) -> Marketing:
    """Return what was spent in each week and what it did on each day."""
    first = scenario.chain.first_day
    monday = first - timedelta(days=first.weekday())
    week = (np.arange(scenario.days) + first.weekday()) // 7
    weeks, stores = int(week[-1]) + 1, len(scenario.spots)
    rng = np.random.default_rng([scenario.seed, 9])
    shares, lifts = [], []
    for channel in CHANNELS:
        spent = _flights(stores, _BEFORE + weeks, rng)
        keeps = channel.keeps ** np.arange(_LAGS)
        keeps /= keeps.sum()
        works = sum(part * spent[:, _BEFORE - lag :][:, :weeks] for lag, part in enumerate(keeps))
        lift = channel.effect * np.asarray(works / (works + channel.half))
        shares.append(spent[:, _BEFORE:])
        lifts.append(lift[:, week])
    return Marketing(monday, np.stack(shares), np.stack(lifts))


def _flights(stores: int, weeks: int, rng: np.random.Generator) -> Floats:
    """Return spend as a share of sales: some weeks on, some off, in each store by itself."""
    on = np.empty((stores, weeks), dtype=np.bool_)
    on[:, 0] = rng.random(stores) < _ON
    for at in range(1, weeks):
        turn = rng.random(stores)
        on[:, at] = np.where(on[:, at - 1], turn < _STAYS_ON, turn < _TURNS_ON)
    return on * rng.gamma(4.0, 0.008, (stores, weeks))


def spend_file(scenario: Scenario, marketing: Marketing, gross: Floats) -> tuple[str, Floats]:
    """Return the list of what was spent, and the same in fen; [C, S, W].

    ``gross`` [S, days]: expected sales in fen; a store's spend goes by its usual week. Nothing is
    spent in weeks without sales. Whole yuan.
    """
    week = (np.arange(scenario.days) + scenario.chain.first_day.weekday()) // 7
    weekly = np.stack([np.bincount(week, row) for row in gross])
    usual = 7 * gross.sum(axis=1) / np.maximum((gross > 0).sum(axis=1), 1)
    spent = np.rint(marketing.share * usual[:, None] / 100) * 100 * (weekly > 0)
    lines = [HEADER]
    for c, s, w in zip(*np.nonzero(spent), strict=True):
        day = marketing.monday + timedelta(days=7 * int(w))
        code = scenario.chain.stores[s].code
        lines.append(f"{day},{code},{CHANNELS[c].name},{int(spent[c, s, w]) // 100}")
    return "\ufeff" + "\r\n".join(lines) + "\r\n", spent


def returns(marketing: Marketing, gross: Floats, spent: Floats) -> list[dict[str, object]]:
    """Return each channel's truth: its name, and the sales that a yuan of it brought."""
    found: list[dict[str, object]] = []
    for c, channel in enumerate(CHANNELS):
        brought = float((gross * -np.expm1(-marketing.lift[c])).sum())
        value = round(brought / float(spent[c].sum()), 3) if spent[c].any() else None
        found.append({"name": channel.name, "name_en": channel.name_en, "return": value})
    return found
