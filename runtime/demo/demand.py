"""How many people buy: expected and drawn payments for each store and business day."""

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar
import numpy as np
import numpy.typing as npt

from runtime.demo.geography import CITIES
from runtime.demo.marketing import Marketing, plan
from runtime.demo.scenario import Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Monday to Sunday, of a mean of about 1.
_WEEK = {
    "mall": (0.88, 0.86, 0.88, 0.92, 1.08, 1.28, 1.20),
    "street": (0.90, 0.88, 0.90, 0.94, 1.06, 1.22, 1.16),
    "office": (1.12, 1.14, 1.15, 1.14, 1.17, 0.68, 0.62),
    "campus": (0.98, 0.98, 1.00, 1.00, 1.08, 1.02, 0.96),
}
_HOLIDAY = {"mall": 1.34, "street": 1.48, "office": 0.52, "campus": 0.66}
_KIND = {"mall": 1.12, "street": 1.05, "office": 0.92, "campus": 0.96}
_MONTH = (0.88, 0.84, 0.95, 1.00, 1.05, 1.10, 1.17, 1.18, 1.06, 1.02, 0.95, 0.90)
# First day of the lunar year (Hong Kong Observatory, Gregorian-lunar conversion tables).
_LUNAR_NEW_YEAR = {
    2022: (2, 1), 2023: (1, 22), 2024: (2, 10), 2025: (1, 29), 2026: (2, 17), 2027: (2, 6),
    2028: (1, 26), 2029: (2, 13), 2030: (2, 3), 2031: (1, 23), 2032: (2, 11), 2033: (1, 31),
}  # fmt: skip
RAMP_DAYS = 38.0
SLUMP = 0.58
YEARLY_GROWTH = 1.05


@dataclass(frozen=True, slots=True)
class Area:
    """A neighbourhood of a city and the tea it would drink (relative)."""

    city: str
    lat: float
    lon: float
    demand: float


@dataclass(frozen=True, slots=True)
class Demand:
    """``expected`` and ``drawn`` payments are (store, day) arrays, without cash.

    ``promotion`` is the (store, day) position of the promotion at work, -1 where none;
    ``marketing`` what was spent week by week and what it did;
    ``weather`` is (city, day); ``reported`` is False on the days whose rows never reached a bill.
    """

    areas: tuple[Area, ...]
    potential: Floats
    weather: Floats
    promotion: Ints
    marketing: Marketing
    expected: Floats
    drawn: Ints
    reported: npt.NDArray[np.bool_]


def simulate(scenario: Scenario) -> Demand:
    """Return the demand of every store and day; the expected payments add up to the size."""
    rng = np.random.default_rng([scenario.seed, 2])
    areas = _areas(scenario, rng)
    potential = _potential(scenario, areas, rng)
    weather = _weather(scenario.days, rng)
    promotion, lift = _promotions(scenario)
    at_city = [[c.name for c in CITIES].index(c.name) for c in scenario.cities]
    expected = potential[:, None] * _calendar(scenario) * _life(scenario) * lift
    expected *= weather[at_city]
    marketing = plan(scenario)
    expected *= np.exp(marketing.lift.sum(axis=0))
    expected *= scenario.size.payments / expected.sum()
    # Poisson days with a little more spread than Poisson, as counts of people have.
    drawn = rng.poisson(expected * rng.gamma(90.0, 1 / 90.0, expected.shape)).astype(np.int64)
    reported = np.ones(expected.shape, dtype=np.bool_)
    for day in scenario.events.missing_days:
        reported[scenario.events.missing_at, (day - scenario.chain.first_day).days] = False
    drawn[~reported] = 0
    return Demand(areas, potential, weather, promotion, marketing, expected, drawn, reported)


def _areas(scenario: Scenario, rng: np.random.Generator) -> tuple[Area, ...]:
    found = []
    for city in CITIES:
        here = [s for s in scenario.spots if s.city == city.name]
        if not here:
            continue
        centre = (np.mean([s.lat for s in here]), np.mean([s.lon for s in here]))
        points = [(s.lat, s.lon) for s in here]
        points += [tuple(p) for p in rng.normal(centre, (0.045, 0.055), (10, 2))]
        demand = rng.lognormal(0.0, 0.45, len(points)) * city.level
        found += [
            Area(city.name, round(float(lat), 4), round(float(lon), 4), round(float(weight), 3))
            for (lat, lon), weight in zip(points, demand, strict=True)
        ]
    return tuple(found)


def _potential(scenario: Scenario, areas: tuple[Area, ...], rng: np.random.Generator) -> Floats:
    """Return what each store could sell: nearby demand that fades by distance, times its luck."""
    reach = []
    for spot in scenario.spots:
        near = [a for a in areas if a.city == spot.city]
        km = [float(np.hypot((a.lat - spot.lat) * 111.0, (a.lon - spot.lon) * 95.0)) for a in near]
        reach.append(sum(a.demand * np.exp(-d / 1.6) for a, d in zip(near, km, strict=True)))
    kind = np.array([_KIND[s.kind] for s in scenario.spots])
    luck = rng.lognormal(0.0, 0.16, len(reach))
    potential = np.asarray(reach, dtype=np.float64) ** 0.7 * kind * luck
    return np.asarray(potential / potential.mean(), dtype=np.float64)


def _weather(days: int, rng: np.random.Generator) -> Floats:
    """Return (city, day) factors: slow good and bad spells, and storms that keep people home."""
    factors = np.ones((len(CITIES), days))
    spell = np.zeros(len(CITIES))
    for day in range(days):
        spell = 0.6 * spell + rng.normal(0.0, 0.035, len(CITIES))
        factors[:, day] = np.exp(spell)
    storm = rng.random(factors.shape) < 0.022
    factors[storm] *= rng.uniform(0.55, 0.82, int(storm.sum()))
    return factors


def _promotions(scenario: Scenario) -> tuple[Ints, Floats]:
    shape = (len(scenario.spots), scenario.days)
    which, lift = np.full(shape, -1, dtype=np.int64), np.ones(shape)
    for k, promotion in enumerate(scenario.promotions):
        campaign = promotion.campaign
        start = max(0, (campaign.starts - scenario.chain.first_day).days)
        end = (campaign.ends - scenario.chain.first_day).days + 1
        stores = [i for i, s in enumerate(scenario.spots) if s.city in campaign.cities]
        which[stores, start:end] = k
        lift[stores, start:end] = promotion.lift
    return which, lift


def _calendar(scenario: Scenario) -> Floats:
    """Return (store, day) factors for weekday, season, holidays, festival and growth."""
    kinds = sorted(_WEEK)
    rows = {kind: np.empty(scenario.days) for kind in kinds}
    for i in range(scenario.days):
        day = scenario.chain.first_day + timedelta(days=i)
        common = _season(day) * YEARLY_GROWTH ** (i / 365.25)
        for kind in kinds:
            rows[kind][i] = common * _day_factor(day, kind) * _festival(day, kind)
    return np.stack([rows[s.kind] for s in scenario.spots])


def _season(day: date) -> float:
    """Return the season's factor, in between the middles of two months by straight line."""
    at = day.month - 1 + (day.day - 15) / 30.4
    low = int(np.floor(at))
    share = at - low
    return float(_MONTH[low % 12] * (1 - share) + _MONTH[(low + 1) % 12] * share)


def _day_factor(day: date, kind: str) -> float:
    week = _WEEK[kind]
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # the State Council has not announced that year yet
        return week[day.weekday()]
    if off and name:
        return _HOLIDAY[kind]
    make_up = not off and day.weekday() >= 5
    return week[3] if make_up else week[day.weekday()]


def _festival(day: date, kind: str) -> float:
    """Return the lunar New Year's factor: towns empty out, then the malls fill."""
    if day.year not in _LUNAR_NEW_YEAR:
        return 1.0
    away = (day - date(day.year, *_LUNAR_NEW_YEAR[day.year])).days
    if -9 <= away < -1:
        return 0.85 if kind in {"office", "campus"} else 1.05
    if -1 <= away <= 1:
        return 0.42
    if 2 <= away <= 7:
        return 0.55 if kind in {"office", "campus"} else 1.12
    return 0.45 if kind == "campus" and 7 < away <= 14 else 1.0


def _life(scenario: Scenario) -> Floats:
    """Return (store, day) factors: 0 outside a store's life, a ramp after opening, the slump."""
    age = np.arange(scenario.days)
    life = np.empty((len(scenario.spots), scenario.days))
    for i, store in enumerate(scenario.chain.stores):
        since = age - (store.opened_on - scenario.chain.first_day).days
        life[i] = np.where(since >= 0, 1 - 0.55 * np.exp(-np.maximum(since, 0) / RAMP_DAYS), 0.0)
        if store.closed_on is not None:
            life[i, (store.closed_on - scenario.chain.first_day).days + 1 :] = 0.0
    start = (scenario.events.slump_from - scenario.chain.first_day).days
    life[scenario.events.slump_at, max(start, 0) :] *= SLUMP
    return life
