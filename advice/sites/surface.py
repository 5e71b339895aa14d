"""Potential everywhere at once: what a store of the usual size would take at each of many places.

At the mode of the parameters, in blocks: places and areas are sorted into squares, and each square
of places meets the areas around it as one dense table in single precision.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from advice.sites.gravity import DECAY, INSIDE, City, decay, pairs
from advice.sites.market import Market
from advice.sites.places import EARTH_KM, Floats
from advice.sites.scoring import present_sales

_SQUARES_A_REACH = 2.0
_CELLS = 8_000_000


def potential(market: Market, places: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return revenue, loss of all sisters together and net_gain at ``places`` (lat, lon).

    Minor units a month, of a settled store of the usual size and kind, at the most likely
    parameters. ``places`` are the market's areas where none are given. Index as of ``places``.
    """
    spots = market.areas if places is None else places
    wanted = _Flat.of(spots)
    worth = _worth(market)
    areas = _Flat.of(market.areas)
    out = np.zeros((len(spots), 2))
    for rows, near in _blocks(wanted, areas, market.reach_km):
        out[rows] = _met(market, wanted.at(rows), areas.at(near), worth[near])
    frame = pd.DataFrame({"revenue": out[:, 0], "loss": out[:, 1]}, index=spots.index)
    return frame.assign(net_gain=frame["revenue"] - frame["loss"])


def _worth(market: Market) -> Floats:
    """Return of each area the pull there is, its demand and what own stores take of it: [A, 3]."""
    everything = np.arange(len(market.areas))
    own = pairs(market.areas, market.stores, market.reach_km)
    rival = pairs(market.areas, market.rivals, market.reach_km)
    city: City = market.city(everything, own, rival)
    params = market.draws[0]
    pull, total = city.attractions(params)
    demand = city.demand(params)
    real = present_sales(market) / np.maximum(market.base[0], 1e-9)
    spent = demand[own.area] * pull / total[own.area] * real[own.outlet]
    taken = np.bincount(own.area, spent, minlength=len(demand))
    radius = (INSIDE * market.areas["radius_km"].to_numpy()) ** 2
    return np.stack([total, demand, taken, radius], axis=1)


class _Flat:
    """Points as turns of the globe: radians of latitude and longitude."""

    def __init__(self, lat: Floats, lon: Floats) -> None:
        self.lat, self.lon = lat, lon

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "_Flat":
        return cls(np.radians(frame["lat"].to_numpy()), np.radians(frame["lon"].to_numpy()))

    def at(self, rows: np.ndarray) -> "_Flat":
        return _Flat(self.lat[rows], self.lon[rows])


def _met(market: Market, places: _Flat, areas: _Flat, worth: Floats) -> Floats:
    """Return revenue and loss at places by the areas that may be in reach: [C, 2]."""
    middle = float(places.lat.mean())
    wide = EARTH_KM * np.cos(middle)
    x, y = (places.lon - places.lon[0]) * wide, (places.lat - middle) * EARTH_KM
    x2, y2 = (areas.lon - places.lon[0]) * wide, (areas.lat - middle) * EARTH_KM
    table = np.subtract.outer(x.astype(np.float32), x2.astype(np.float32))
    np.square(table, out=table)
    north = np.subtract.outer(y.astype(np.float32), y2.astype(np.float32))
    np.square(north, out=north)
    table += north
    far = table > np.float32(market.reach_km**2)
    table += worth[:, 3].astype(np.float32)
    np.sqrt(table, out=table)
    table /= np.float32(market.unit)
    pull = decay(market.fitted.form, table, float(market.draws[0][DECAY]))
    pull[far] = 0.0
    np.add(pull, worth[:, 0].astype(np.float32), out=table)
    np.divide(pull, table, out=pull)
    return np.asarray(pull @ worth[:, 1:3].astype(np.float32), dtype=np.float64)


def _blocks(places: _Flat, areas: _Flat, reach: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows of places of one square, and rows of all areas that may be within reach."""
    side = reach / _SQUARES_A_REACH
    step = side / EARTH_KM
    by_row = np.floor(places.lat / step).astype(np.int64)
    order = np.argsort(areas.lat)
    for row in np.unique(by_row):
        members = np.flatnonzero(by_row == row)
        low, high = row * step - reach / EARTH_KM, (row + 1) * step + reach / EARTH_KM
        first, last = np.searchsorted(areas.lat[order], [low, high])
        band = order[first:last]
        band = band[np.argsort(areas.lon[band])]
        turn = 1 / np.cos(min(max(abs(low), abs(high)), 1.5))
        column = np.floor(places.lon[members] / (step * turn)).astype(np.int64)
        for at in np.unique(column):
            rows = members[column == at]
            west = at * step * turn - reach / EARTH_KM * turn
            east = (at + 1) * step * turn + reach / EARTH_KM * turn
            start, stop = np.searchsorted(areas.lon[band], [west, east])
            near = band[start:stop]
            pieces = max(1, len(rows) * max(len(near), 1) // _CELLS)
            for piece in np.array_split(rows, pieces):
                yield piece, near
