"""Predict the next openings: learned up to 1980, scored on 1981 to 1985."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advice.sites.openings import learn_habit, opened_at

UNTIL, END = 1980.0, 1985.0
_AGAIN = 2000


def measure(data: Path) -> dict[str, Any]:
    """Return what share of the openings the top decile of cities holds, over a tenth: the lift.

    Cities are the candidates, by their population as published (of a later year, so the sizes are
    a little kind). Intervals are by drawing openings again.
    """
    raw = pd.read_csv(data / "walmart_openings_to_1985.csv")
    openings = pd.DataFrame({"lat": raw["LAT"], "lon": raw["LON"], "when": raw["YEAR"]}).dropna()
    cities = pd.read_csv(data / "us-cities-top-1k.csv")
    cities = cities.rename(columns={"Population": "population"})
    network = openings[openings["when"] <= UNTIL]
    later = openings[(openings["when"] > UNTIL) & (openings["when"] <= END)]
    habit = learn_habit(network, cities, UNTIL)
    got = opened_at(later, cities)
    people = cities["population"].to_numpy("float64")
    return {
        "cities": len(cities),
        "openings": len(later),
        "openings at a city": int(got.sum()),
        "learned from": habit.learned,
        "lift": _lift(habit.chance(network, cities), got),
        "lift by population": _lift(people, got),
    }


def _lift(score: NDArray[np.float64], got: NDArray[np.float64]) -> list[float]:
    """Return the lift of the top decile and its 95 % interval."""
    top = np.zeros(len(score), dtype=bool)
    top[np.argsort(-score, kind="stable")[: len(score) // 10]] = True
    hits = np.repeat(top, got.astype(np.int64))
    rng = np.random.default_rng(0)
    drawn = rng.choice(hits, (_AGAIN, len(hits))).mean(axis=1) * 10
    low, high = np.quantile(drawn, [0.025, 0.975])
    return [round(float(hits.mean()) * 10, 2), round(float(low), 2), round(float(high), 2)]
