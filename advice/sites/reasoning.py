"""Why here: the drivers of a candidate in words and numbers, its twin, what to look at there.

Drivers compare the neighbourhood of a place with those of the chain's own stores.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from advice.sites.gravity import GRAVITY
from advice.sites.market import Market
from advice.sites.notes import Note
from advice.sites.places import Floats, distance_km, solid
from chain.words import Param

_NOTABLE = 0.02
_COARSE_KM = 1.5
_CLOSE_KM = 0.3
_UNLIKE = 2.5


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a candidate: ``twin`` is the code of the store it resembles most."""

    reasons: list[Note]
    twin: str


@dataclass(frozen=True, eq=False)
class Around:
    """Neighbourhoods within ``km``: ``stores`` [S, K] is what they are like, as `of_place` says.

    ``usual`` and ``scatter``: [K], of the stores; to measure likeness in.
    """

    market: Market
    km: float
    areas: cKDTree
    rivals: cKDTree | None
    stores: Floats
    usual: Floats
    scatter: Floats

    @classmethod
    def of(cls, market: Market) -> "Around":
        """Return the neighbourhoods of the market's stores."""
        areas, rivals = _tree(market.areas), None if market.rivals.empty else _tree(market.rivals)
        km = round(max(1.0, 2 * market.unit), 1)
        draft = cls(market, km, areas, rivals, np.zeros(0), np.zeros(0), np.ones(0))
        lat, lon = market.stores["lat"].to_numpy(), market.stores["lon"].to_numpy()
        found = np.stack([draft.of_place(lat[s], lon[s], s) for s in range(len(lat))])
        scatter = np.maximum(found.std(axis=0), 0.1)
        return cls(market, km, areas, rivals, found, np.median(found, axis=0), scatter)

    def of_place(self, lat: float, lon: float, store: int = -1) -> Floats:
        """Return log1p of people and of rivals, log of km to the nearest sister, features: [K]."""
        point = solid(lat, lon)
        near = self.areas.query_ball_point(point, self.km)
        near = near or [int(self.areas.query(point)[1])]
        people = self.market.areas["population"].to_numpy()[near]
        rivals = 0 if self.rivals is None else len(self.rivals.query_ball_point(point, self.km))
        apart, _ = self.sister(lat, lon, store)
        weight = people if people.sum() > 0 else np.ones(len(people))
        features = weight @ self.market.area_features[near] / weight.sum()
        head = [np.log1p(people.sum()), np.log1p(rivals), np.log(max(apart, 0.05))]
        return np.concatenate([head, features])

    def sister(self, lat: float, lon: float, store: int = -1) -> tuple[float, int]:
        """Return how far the nearest store is, and its position; that of ``store`` aside."""
        stores = self.market.stores
        apart = distance_km(lat, lon, stores["lat"].to_numpy(), stores["lon"].to_numpy())
        if store >= 0:
            apart = np.where(np.arange(len(apart)) == store, np.inf, apart)
        at = int(apart.argmin())
        return (float(apart[at]), at) if np.isfinite(apart[at]) else (1000.0, at)


def drivers(market: Market, around: Around, row: pd.Series, losses: Floats) -> Told:
    """Return the reasons for and against a checked candidate, and its twin.

    ``losses``: [S], what each store would lose, minor units a month.
    """
    here = around.of_place(float(row["lat"]), float(row["lon"]))
    people = _compared("people", np.expm1(here[0]), np.expm1(around.usual[0]), around.km)
    rivals = _compared("rivals", np.expm1(here[1]), np.expm1(around.usual[1]), around.km)
    reasons = [
        people,
        *([] if market.rivals.empty else [rivals]),
        _sister(market, around, row, losses),
        *_features(market, around, here),
    ]
    apart = np.abs(around.stores - here) / around.scatter
    twin = int(np.sqrt((apart**2).mean(axis=1)).argmin())
    unlike = float(np.sqrt((apart[twin] ** 2).mean()))
    name = str(market.stores["name"].iloc[twin])
    key = "sites.reason.twin" if unlike < _UNLIKE else "sites.reason.no_twin"
    return Told([*reasons, Note(key, {"store": name})], str(market.stores["store"].iloc[twin]))


def checks(market: Market, around: Around, row: pd.Series) -> list[Note]:
    """Return what to look at on the spot before anything is signed."""
    lat, lon = float(row["lat"]), float(row["lon"])
    found = [Note("sites.check.count_people")]
    _, area = around.areas.query(solid(lat, lon))
    radius = float(market.areas["radius_km"].iloc[int(area)])
    if radius > _COARSE_KM:
        found.append(Note("sites.check.coarse", {"km": round(radius, 1)}))
    close = (
        [] if around.rivals is None else around.rivals.query_ball_point(solid(lat, lon), _CLOSE_KM)
    )
    if close:
        found.append(Note("sites.check.rival", {"count": len(close), "m": round(1000 * _CLOSE_KM)}))
    apart, sister = around.sister(lat, lon)
    if apart < around.km:
        name = str(market.stores["name"].iloc[sister])
        found.append(Note("sites.check.sister", {"store": name, "m": round(1000 * apart)}))
    if not np.isfinite(row["rent"]):
        found.append(Note("sites.check.rent"))
    if not np.isfinite(row["capex"]):
        found.append(Note("sites.check.capex"))
    if not np.isfinite(row["size"]):
        found.append(Note("sites.check.size"))
    return found


def _compared(name: str, here: float, usual: float, km: float) -> Note:
    params: dict[str, Param] = {"here": round(float(here)), "usual": round(float(usual)), "km": km}
    direction = "more" if here >= usual else "fewer"
    return Note(f"sites.reason.{name}.{direction}", params)


def _sister(market: Market, around: Around, row: pd.Series, losses: Floats) -> Note:
    apart, nearest = around.sister(float(row["lat"]), float(row["lon"]))
    most = int(losses.argmax())
    sales = float(market.stores["revenue"].fillna(np.inf).iloc[most])
    percent = round(100 * float(losses[most]) / sales, 1)
    if percent < 1:
        name = str(market.stores["name"].iloc[nearest])
        return Note("sites.reason.sister.far", {"store": name, "km": round(apart, 1)})
    params: dict[str, Param] = {"store": str(market.stores["name"].iloc[most]), "percent": percent}
    return Note("sites.reason.sister.takes", params)


def _features(market: Market, around: Around, here: Floats) -> list[Note]:
    """Return what features of the areas do to sales, the strongest first, from 2 % on."""
    effects = market.draws[0][GRAVITY : GRAVITY + len(market.scales["area"])]
    moved = np.expm1(effects * (here[3:] - around.usual[3:]))
    found = []
    for at in np.argsort(-np.abs(moved)):
        if abs(moved[at]) >= _NOTABLE:
            name = list(market.scales["area"])[at]
            params: dict[str, Param] = {
                "feature": name,
                "percent": round(100 * abs(float(moved[at]))),
            }
            up = "up" if moved[at] > 0 else "down"
            found.append(Note(f"sites.reason.feature.{up}", params))
    return found


def _tree(frame: pd.DataFrame) -> cKDTree:
    return cKDTree(solid(frame["lat"].to_numpy(), frame["lon"].to_numpy()))
