"""A small town for tests of sites: areas on a grid, a chain that follows the model, rivals."""

import numpy as np
import pandas as pd


def town(seed: int = 1, stores: int = 14) -> dict[str, pd.DataFrame]:
    """Return areas, stores, competitors and candidates of one town near Hefei."""
    rng = np.random.default_rng(seed)
    north, east = (grid.ravel() for grid in np.meshgrid(np.arange(16), np.arange(16)))
    areas = pd.DataFrame(
        {
            "area": [f"a{n}" for n in range(len(north))],
            "lat": 31.7 + 0.009 * north,
            "lon": 117.2 + 0.0105 * east,
            "population": np.round(rng.lognormal(8.0, 0.6, len(north))),
            "income": np.round(rng.lognormal(8.5, 0.2, len(north))),
        }
    )
    own = _spread(rng, stores).assign(store=[f"s{n}" for n in range(stores)])
    rivals = _spread(rng, 20)
    new = _spread(rng, 9).assign(candidate=[f"c{n}" for n in range(9)])
    near = np.hypot(
        np.subtract.outer(own["lat"].to_numpy(), areas["lat"].to_numpy()) * 111,
        np.subtract.outer(own["lon"].to_numpy(), areas["lon"].to_numpy()) * 95,
    )
    pull = np.exp(-near / 1.3)
    took = (pull / (pull.sum(axis=0) + 1.0)) @ areas["population"].to_numpy()
    own["revenue"] = np.round(900 * took * rng.lognormal(0, 0.1, stores))
    own["rent"] = np.round(0.1 * own["revenue"])
    return {"stores": own, "areas": areas, "competitors": rivals, "candidates": new}


def _spread(rng: np.random.Generator, count: int) -> pd.DataFrame:
    lat, lon = 31.7 + 0.135 * rng.random(count), 117.2 + 0.157 * rng.random(count)
    return pd.DataFrame({"lat": lat, "lon": lon})
