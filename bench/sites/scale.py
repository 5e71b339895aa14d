"""How long a large market takes: every cell scored as a place for a store."""

import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from advice.sites import fit, loads, potential, suggest


def measure(cells: int, stores: int = 200, rivals: int = 2000) -> dict[str, Any]:
    """Return seconds of fitting, of scoring all cells and of one pin, and the peak memory."""
    rng = np.random.default_rng(0)
    side = int(np.ceil(cells**0.5))
    row, column = np.divmod(np.arange(cells), side)
    areas = pd.DataFrame(
        {
            "area": [f"a{n}" for n in range(cells)],
            "lat": 30 + 0.0077 * row,
            "lon": 114 + 0.009 * column,
            "population": rng.lognormal(6, 1, cells),
            "income": rng.lognormal(8, 0.3, cells),
        }
    )
    own = _placed(rng, areas, stores).assign(store=[f"s{n}" for n in range(stores)])
    own["revenue"] = rng.lognormal(15, 0.3, stores)
    times: dict[str, Any] = {"cells": cells, "stores": stores, "rivals": rivals}
    began = time.perf_counter()
    market = fit(own, areas, _placed(rng, areas, rivals))
    times["fit_s"] = _since(began)
    began = time.perf_counter()
    table = potential(market)
    times["score_all_s"] = _since(began)
    assert len(table) == cells
    stored = market.dumps()
    times["stored_mb"] = round(len(stored) / 1e6, 1)
    began = time.perf_counter()
    again = loads(stored)
    times["load_s"] = _since(began)
    pin = _placed(rng, areas, 1)
    began = time.perf_counter()
    suggest(again, pin)
    times["pin_s"] = _since(began)
    times["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    return times


def _placed(rng: np.random.Generator, areas: pd.DataFrame, count: int) -> pd.DataFrame:
    people = areas["population"].to_numpy()
    at = rng.choice(len(areas), count, replace=False, p=people / people.sum())
    shift = rng.uniform(0, 0.002, (count, 2))
    near = areas[["lat", "lon"]].to_numpy()[at] + shift
    return pd.DataFrame({"lat": near[:, 0], "lon": near[:, 1]})


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)
