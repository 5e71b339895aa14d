"""Chains whose marketing does what is known, in other ways than the model thinks.

Four worlds: ``alike`` (the model's own structure), ``hill`` (S-shaped saturation, carry-over that
peaks a week late, effects added to sales and not multiplied), ``drifting`` (stores wander by random
walk, disturbances with fat tails, outages), ``regional`` (regions share shocks, spend is planned by
region, returns differ by region).
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from advice.marketing.transforms import Floats

Counts = npt.NDArray[np.int64]

BEFORE = 12
"""Weeks of marketing before the panel that nobody recorded."""
WORLDS = ("alike", "hill", "drifting", "regional")


@dataclass(frozen=True)
class Case:
    """What is asked of a simulated chain.

    ``strength`` of each channel: weak, medium, strong or none. ``follows``: the channel whose
    spend follows the stores' sales; ``collinear``: two channels that run together; ``chainwide``:
    a channel whose spend all stores share.
    """

    world: str
    stores: int
    weeks: int
    strengths: tuple[str, ...]
    seed: int
    follows: int | None = None
    collinear: bool = False
    chainwide: int | None = None


@dataclass(frozen=True)
class Chain:
    """A simulated chain: the panel, and each channel's true ``returns`` over it."""

    case: Case
    panel: pd.DataFrame
    channels: tuple[str, ...]
    returns: dict[str, float]
    base: Floats = field(repr=False)
    effect: Floats = field(repr=False)
    half: Floats = field(repr=False)
    power: float = 1.0

    def gain(self, spend: Floats) -> Floats:
        """Return each store's true extra sales a week of spend kept up [C, S]; [S]."""
        lift = _lift(self, spend)
        if self.case.world == "hill":
            return np.asarray(self.base * lift.sum(axis=0), dtype=np.float64)
        return np.asarray(self.base * np.expm1(lift.sum(axis=0)), dtype=np.float64)


_RETURN = {"none": 0.0, "weak": 1.0, "medium": 2.5, "strong": 5.0}


def _lift(chain: Chain, spend: Floats) -> Floats:
    relative = spend / chain.base
    return _shape(relative, chain.half[:, None], chain.power) * chain.effect


def _shape(relative: Floats, half: Floats, power: float) -> Floats:
    raised = relative**power
    return np.asarray(raised / (raised + half**power), dtype=np.float64)


def simulate(case: Case) -> Chain:
    """Return the chain of a case; the same case gives the same chain."""
    rng = np.random.default_rng([case.seed, case.stores, case.weeks, len(case.strengths)])
    count, stores, weeks = len(case.strengths), case.stores, case.weeks
    base = rng.lognormal(10.5, 0.45, stores)
    region = np.arange(stores) % max(3, stores // 8)
    shock = _disturbance(case, region, rng)
    spend = _spend(case, region, shock, rng)
    early, spend = spend[..., :BEFORE], spend[..., BEFORE:]
    power = 1.6 if case.world == "hill" else 1.0
    half = rng.uniform(0.015, 0.06, count)
    carry = rng.uniform(0.1, 0.7, count)
    working = np.stack(
        [_carried(early[c], spend[c], float(carry[c]), case.world) for c in range(count)]
    )
    shaped = _shape(working, half[:, None, None], power)
    spread = rng.lognormal(0, 0.25, (count, stores))
    if case.world == "regional":
        spread = rng.lognormal(0, 0.35, (count, region.max() + 1))[:, region]
    usual = (
        _common(case, rng)
        + shock
        + 0.1 * rng.standard_normal((stores, 1)) * np.linspace(-0.5, 0.5, weeks)
    )
    wanted = np.array([_RETURN[s] * (rng.uniform(0.8, 1.2)) for s in case.strengths])
    effect = spread * (wanted * spend.mean(axis=(1, 2)) / shaped.mean(axis=(1, 2)))[:, None]
    lift = effect[..., None] * shaped
    without = base[:, None] * np.exp(usual)
    added = case.world == "hill"
    whole = lift.sum(axis=0)
    sales = without + base[:, None] * whole if added else without * np.exp(whole)
    lost = base[:, None] * lift if added else sales * -np.expm1(-lift)
    money = spend * base[:, None]
    channels = tuple(f"channel_{c + 1}" for c in range(count))
    truth = lost.sum(axis=(1, 2)) / money.sum(axis=(1, 2))
    frame = pd.DataFrame(
        {
            "store": np.repeat([f"S{s:03d}" for s in range(stores)], weeks),
            "week": np.tile(pd.date_range("2023-01-02", periods=weeks, freq="7D"), stores),
            "sales": np.round(sales.ravel(), 2),
            **{name: np.round(money[c].ravel(), 2) for c, name in enumerate(channels)},
        }
    )
    return Chain(
        case,
        frame,
        channels,
        dict(zip(channels, truth.tolist(), strict=True)),
        base,
        effect,
        half,
        power,
    )


def _common(case: Case, rng: np.random.Generator) -> Floats:
    """Return what all stores share: season, holidays, growth, and shocks of weeks; [T]."""
    time = np.arange(case.weeks)
    season = rng.uniform(0.05, 0.15) * np.sin(2 * np.pi * (time / 52.18 + rng.random()))
    season += 0.05 * np.cos(4 * np.pi * time / 52.18)
    holiday = np.where(np.isin(time % 52, (4, 5, 39)), rng.uniform(0.1, 0.25), 0.0)
    week = 0.03 * rng.standard_normal(case.weeks)
    return np.asarray(season + holiday + 0.06 * time / 52 + week, dtype=np.float64)


def _disturbance(case: Case, region: Counts, rng: np.random.Generator) -> Floats:
    shape = (case.stores, case.weeks)
    size = rng.uniform(0.05, 0.09) * rng.lognormal(0, 0.2, (case.stores, 1))
    fresh = rng.standard_normal(shape)
    if case.world == "drifting":
        fresh = rng.standard_t(4, shape) / np.sqrt(2)
    keep = rng.uniform(0.3, 0.6)
    out = np.empty(shape)
    out[:, 0] = fresh[:, 0]
    for t in range(1, case.weeks):
        out[:, t] = keep * out[:, t - 1] + np.sqrt(1 - keep**2) * fresh[:, t]
    out *= size
    if case.world == "drifting":
        out += np.cumsum(0.012 * rng.standard_normal(shape), axis=1)
        out += np.where(rng.random(shape) < 0.004, np.log(0.4), 0.0)
    if case.world == "regional":
        out += 0.03 * rng.standard_normal((region.max() + 1, case.weeks))[region]
    return out


def _spend(case: Case, region: Counts, shock: Floats, rng: np.random.Generator) -> Floats:
    """Return weekly spend as a share of a store's usual sales, BEFORE first; [C, S, weeks]."""
    stores, weeks = case.stores, case.weeks + BEFORE
    found = []
    for c in range(len(case.strengths)):
        units = region if case.world == "regional" and c % 2 == 0 else np.arange(stores)
        on = np.empty((units.max() + 1, weeks), dtype=bool)
        on[:, 0] = rng.random(len(on)) < 0.5
        for t in range(1, weeks):
            turn = rng.random(len(on))
            on[:, t] = np.where(on[:, t - 1], turn < 0.7, turn < 0.25)
        height = rng.gamma(3.0, 0.012, (len(on), weeks))
        flight = (on * height)[units]
        if c == case.chainwide:
            flight = np.broadcast_to(flight[:1], (stores, weeks)).copy()
        found.append(flight * rng.lognormal(0, 0.2, (stores, 1)))
    if case.collinear:
        found[1] = found[0] * rng.lognormal(0, 0.05, (stores, weeks)) * 0.8
    if case.follows is not None:
        shock = np.pad(shock, ((0, 0), (BEFORE, 0)), mode="edge")
        ahead = (shock - shock.mean(axis=1, keepdims=True)) / shock.std()
        found[case.follows] = 0.03 * np.exp(0.6 * ahead) * rng.lognormal(0, 0.3, (stores, weeks))
    return np.stack(found)


def _carried(early: Floats, spend: Floats, keep: float, world: str) -> Floats:
    weights = keep ** np.arange(10, dtype=np.float64)
    if world == "hill":
        weights = (np.arange(10) + 0.4) * keep ** np.arange(10, dtype=np.float64)
    weights /= weights.sum()
    whole = np.concatenate([early, spend], axis=1)
    weeks = spend.shape[1]
    return np.asarray(
        sum(w * whole[:, BEFORE - lag :][:, :weeks] for lag, w in enumerate(weights)), np.float64
    )
