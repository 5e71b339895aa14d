"""Which points are at sea: a packaged mask of land at 0.05 degrees.

A square counts as land where any of its 30-second squares of GLOBE does (NOAA, public domain), so
that piers and coasts are never refused; a point is at sea only some kilometres out.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROWS, _COLUMNS, _A_DEGREE = 3600, 7200, 20


@cache
def _mask() -> NDArray[np.uint8]:
    with files("advice.sites").joinpath("data/land.npz").open("rb") as file:
        return np.asarray(np.load(file)["land"])


def on_land(lat: ArrayLike, lon: ArrayLike) -> NDArray[np.bool_]:
    """Return whether points (degrees, WGS-84) lie on land or within some 5 km of it."""
    y = np.floor((90.0 - np.asarray(lat, float)) * _A_DEGREE).astype(np.int64)
    x = np.floor((np.asarray(lon, float) + 180.0) * _A_DEGREE).astype(np.int64)
    y, x = np.clip(y, 0, _ROWS - 1), x % _COLUMNS
    bit = (_mask()[y, x // 8] >> (7 - x % 8).astype(np.uint8)) & 1
    return np.asarray(bit.astype(bool))
