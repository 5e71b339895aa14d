"""Places to look at where nobody has named any: the best of the areas, apart from each other."""

import numpy as np
import pandas as pd

from advice.sites.market import Market
from advice.sites.places import distance_km
from advice.sites.surface import potential

COUNT, APART_KM = 12, 1.0


def propose(market: Market, *, count: int = COUNT, apart_km: float = APART_KM) -> pd.DataFrame:
    """Return up to ``count`` candidates: candidate, name, lat, lon and rent, the best first.

    Middles of areas by the net gain at the most likely parameters, each ``apart_km`` from those
    before it. ``name`` is the city of the nearest own store and a number; ``rent`` is the usual one
    of own stores there (missing where none is known). Raises nothing: no areas, no rows.
    """
    gain = potential(market)["net_gain"].to_numpy()
    lat, lon = market.areas["lat"].to_numpy(), market.areas["lon"].to_numpy()
    kept: list[int] = []
    for row in np.argsort(-gain, kind="stable"):
        if gain[row] <= 0 or len(kept) == count:
            break
        if not kept or distance_km(lat[row], lon[row], lat[kept], lon[kept]).min() >= apart_km:
            kept.append(int(row))
    found = pd.DataFrame({"lat": lat[kept], "lon": lon[kept]})
    city, rent = city_and_rent(market, found)
    number = city.groupby(city).cumcount() + 1
    name = (city + " " + number.astype(str)).str.strip()
    return found.assign(candidate=market.areas["area"].to_numpy()[kept], name=name, rent=rent)


def city_and_rent(market: Market, places: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the city of the nearest store, and the median rent of the stores of that city."""
    stores = market.stores
    known = stores["city"] if "city" in stores.columns else pd.Series("", index=stores.index)
    known = known.fillna("").astype(str)
    rents = stores["rent"].groupby(known).median()
    nearest = [
        int(distance_km(lat, lon, stores["lat"].to_numpy(), stores["lon"].to_numpy()).argmin())
        for lat, lon in zip(places["lat"], places["lon"], strict=True)
    ]
    city = known.iloc[nearest].reset_index(drop=True)
    return city, city.map(rents).astype("float64")
