"""Cities of the world with their populations, for who has no areas of their own.

34,000 places of more than 15,000 people, of GeoNames (CC BY 4.0, geonames.org). A city is one point
here: what it gives is good to tell cities apart and says nothing about streets.
"""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from advice.sites.notes import Note
from advice.sites.places import Floats, distance_km, solid

_PEOPLE_PER_KM2 = 6000.0
"""A dense city's people on a square kilometre, to guess how far a city reaches."""


@cache
def cities() -> pd.DataFrame:
    """Return name, name_zh (several, "|" between), country (ISO 3166), lat, lon, population."""
    with files("advice.sites").joinpath("data/cities.csv.gz").open("rb") as file:
        read = pd.read_csv(file, compression="gzip", keep_default_na=False)
    return read.astype({"lat": "float64", "lon": "float64", "population": "float64"})


def nearest_city(lat: float, lon: float) -> tuple[str, float]:
    """Return the name of the place of 15,000 people or more that is nearest, and its distance."""
    known = cities()
    apart = distance_km(lat, lon, known["lat"].to_numpy(), known["lon"].to_numpy())
    at = int(apart.argmin())
    return str(known["name"].iloc[at]), float(apart[at])


def city_areas(places: pd.DataFrame, *, within_km: float = 60.0) -> tuple[pd.DataFrame, Note]:
    """Return the cities within ``within_km`` of ``places`` (lat, lon) as areas, and a warning.

    A district that lies in a larger city is a part of it and left out. Areas are area, lat, lon,
    population and radius_km: the radius that a dense city of so many people would have. The note
    says how coarse that is; show it wherever the areas are used.
    """
    from scipy.spatial import cKDTree

    known = cities()
    tree = cKDTree(solid(places["lat"].to_numpy(), places["lon"].to_numpy()))
    apart, _ = tree.query(solid(known["lat"].to_numpy(), known["lon"].to_numpy()))
    near = known[apart <= within_km].sort_values("population", ascending=False)
    near = near[_on_its_own(near)].reset_index(drop=True)
    radius = _radius_km(near)
    found = pd.DataFrame(
        {
            "area": near["name"] + ", " + near["country"] + " " + near.index.astype(str),
            "lat": near["lat"],
            "lon": near["lon"],
            "population": near["population"],
            "radius_km": np.maximum(radius, 0.5),
        }
    )
    widest = round(float(found["radius_km"].max()), 1) if len(found) else 0.0
    return found, Note("sites.gazetteer", {"count": len(found), "km": widest})


def _radius_km(near: pd.DataFrame) -> Floats:
    return np.asarray(np.sqrt(near["population"].to_numpy("float64") / _PEOPLE_PER_KM2 / np.pi))


def _on_its_own(near: pd.DataFrame) -> list[bool]:
    """Return which places, the largest first, lie in no larger one that is kept."""
    lat, lon, radius = near["lat"].to_numpy(), near["lon"].to_numpy(), _radius_km(near)
    kept: list[int] = []
    for row in range(len(near)):
        apart = distance_km(lat[row], lon[row], lat[kept], lon[kept])
        if not (apart < radius[kept]).any():
            kept.append(row)
    return [row in set(kept) for row in range(len(near))]
