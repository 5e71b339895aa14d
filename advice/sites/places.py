"""Places on the globe: coordinate systems, distances, what is wrong with a point.

Everything here works on arrays of latitude and longitude in degrees. Chinese maps state GCJ-02
(Amap, Tencent) or BD-09 (Baidu), which lie some 300 to 700 m, and up to 1.5 km, from WGS-84.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chain.errors import PermanentError

Floats = NDArray[np.float64]
System = Literal["wgs84", "gcj02", "bd09"]
SYSTEMS: tuple[str, ...] = get_args(System)

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""

# The ellipsoid of Krasovsky 1940, of which GCJ-02 is computed.
_AXIS_M, _ECCENTRICITY_2 = 6378245.0, 0.00669342162296594323
_BAIDU = np.pi * 3000.0 / 180.0
_ROUNDS = 12


def to_wgs84(lat: ArrayLike, lon: ArrayLike, system: str) -> tuple[Floats, Floats]:
    """Return points of ``system`` in WGS-84, to a millimetre. PermanentError: no such system.

    The shift is known one way only, so the way back is found by repeating it. Outside of the box
    that holds China the systems are the same.
    """
    here = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    _known(system)
    found = here
    for _ in range(0 if system == "wgs84" else _ROUNDS):
        there = from_wgs84(*found, system)
        found = found[0] + here[0] - there[0], found[1] + here[1] - there[1]
    return found


def from_wgs84(lat: ArrayLike, lon: ArrayLike, system: str) -> tuple[Floats, Floats]:
    """Return points of WGS-84 in ``system``. Raises PermanentError where there is no such system.

    Source of the formulas: the open description of GCJ-02 and BD-09 ("eviltransform").
    """
    here = np.asarray(lat, dtype=np.float64), np.asarray(lon, dtype=np.float64)
    _known(system)
    if system == "wgs84":
        return here
    shifted = _to_gcj(*here)
    return shifted if system == "gcj02" else _to_baidu(*shifted)


def distance_km(lat: ArrayLike, lon: ArrayLike, lat2: ArrayLike, lon2: ArrayLike) -> Floats:
    """Return great-circle distances (haversine), broadcast over the arguments."""
    a, b = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lat2, float))
    turn = np.radians(np.asarray(lon2, float) - np.asarray(lon, float))
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(turn / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def solid(lat: ArrayLike, lon: ArrayLike) -> Floats:
    """Return points as [N, 3] kilometres from the earth's centre.

    The straight line between two of them is their distance to 1 part in 10,000 up to 300 km, so
    trees and blocks over these need no map projection.
    """
    a, b = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    axes = [np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)]
    return np.asarray(EARTH_KM * np.stack(axes, axis=-1))


def _known(system: str) -> None:
    if system not in SYSTEMS:
        raise PermanentError("sites.system", system=system, known=", ".join(SYSTEMS))


def _china(lat: Floats, lon: Floats) -> NDArray[np.bool_]:
    return (lat > 0.8293) & (lat < 55.8271) & (lon > 72.004) & (lon < 137.8347)


def _to_gcj(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    common = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (common + 20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north = north + (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (common + 20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east = east + (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    angle = np.radians(lat)
    flat = 1 - _ECCENTRICITY_2 * np.sin(angle) ** 2
    north = np.degrees(north * flat * np.sqrt(flat) / (_AXIS_M * (1 - _ECCENTRICITY_2)))
    east = np.degrees(east * np.sqrt(flat) / (_AXIS_M * np.cos(angle)))
    inside = _china(lat, lon)
    return np.where(inside, lat + north, lat), np.where(inside, lon + east, lon)


def _to_baidu(lat: Floats, lon: Floats) -> tuple[Floats, Floats]:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU)
    inside = _china(lat, lon)
    return (
        np.where(inside, radius * np.sin(angle) + 0.006, lat),
        np.where(inside, radius * np.cos(angle) + 0.0065, lon),
    )
