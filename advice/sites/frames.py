"""The door: frames of stores, areas, competitors and candidates, checked and made alike.

A frame that cannot be used raises; every error names the row and what to do about it.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from advice.sites.gazetteer import nearest_city
from advice.sites.land import on_land
from advice.sites.places import Floats, distance_km, solid
from chain.errors import PermanentError

FAR_KM = 1000.0
_KEYS = set(
    "store name lat lon area candidate address brand kind city district system id gid fid "
    "objectid".split()
)
_SAID = {
    "stores": {"revenue", "size", "rent", "weeks_open", "capex", "margin"},
    "areas": {"population", "radius_km"},
}


def stores_frame(stores: pd.DataFrame) -> pd.DataFrame:
    """Return stores by store, name, lat, lon, revenue, size, rent, weeks_open and own features.

    Raises PermanentError: no rows, a column or place missing, a code twice, a place at sea,
    latitude and longitude swapped, a revenue that is not positive.
    """
    frame = _checked(stores, "stores", "store", ("lat", "lon", "revenue"))
    revenue = _number(frame, "stores", "store", "revenue")
    bad = np.flatnonzero(np.isfinite(revenue) & (revenue <= 0))
    if len(bad):
        raise PermanentError("sites.no_sales", store=str(frame["store"].iloc[bad[0]]))
    size = _column(frame, "size")
    frame["size"] = np.where(size > 0, size, np.nan)
    frame["rent"], frame["weeks_open"] = _column(frame, "rent"), _column(frame, "weeks_open")
    return frame.assign(revenue=revenue)


def areas_frame(areas: pd.DataFrame) -> pd.DataFrame:
    """Return areas by area, lat, lon, population, radius_km and numeric features.

    Raises PermanentError: no rows, nobody lives there, an area twice, two areas at one place (their
    districts overlap), a place missing, swapped or at sea.
    """
    frame = _checked(areas, "areas", "area", ("lat", "lon", "population"), sea=False)
    people = _number(frame, "areas", "area", "population")
    if (people < 0).any() or not np.nansum(people) > 0:
        raise PermanentError("sites.nobody", frame="areas")
    frame["population"] = np.nan_to_num(people)
    frame["radius_km"] = _radius(frame)
    return frame


def competitors_frame(competitors: pd.DataFrame | None) -> pd.DataFrame:
    """Return competitors by lat, lon and weight (1: one of the usual size); none is no rows.

    Raises PermanentError: a column or place missing, swapped or at sea.
    """
    if competitors is None or competitors.empty:
        return pd.DataFrame({"lat": [], "lon": [], "weight": []}, dtype="float64")
    named = competitors.reset_index(drop=True)
    named = named.assign(competitor=named.index.astype(str))
    frame = _checked(named, "competitors", "competitor", ("lat", "lon"))
    weight = _column(frame, "weight")
    return frame[["lat", "lon"]].assign(weight=np.where(weight > 0, weight, 1.0))


def candidates_frame(candidates: pd.DataFrame, stores: pd.DataFrame) -> pd.DataFrame:
    """Return candidates by candidate, lat, lon, size, rent, capex, margin, area and features.

    A column that nobody gave is missing throughout. Raises PermanentError: no rows, one twice, a
    place missing, swapped (it would lie near the stores the other way round) or at sea.
    """
    given = candidates
    if "candidate" not in given.columns:
        given = given.assign(candidate=[f"{n + 1}" for n in range(len(given))])
    frame = _checked(given, "candidates", "candidate", ("lat", "lon"), near=stores)
    for name in ("size", "rent", "capex", "margin"):
        frame[name] = _column(frame, name)
    for name in ("area", "name"):
        if name not in frame.columns:
            frame[name] = frame["candidate"] if name == "name" else None
    return frame


def features(frame: pd.DataFrame, of: str) -> list[str]:
    """Return the numeric columns of checked ``stores`` or ``areas`` that may explain sales."""
    known = _KEYS | _SAID[of]
    return [
        str(name)
        for name in frame.columns
        if name not in known and pd.api.types.is_numeric_dtype(frame[name])
    ]


def _checked(
    given: pd.DataFrame,
    name: str,
    key: str,
    needed: Sequence[str],
    *,
    sea: bool = True,
    near: pd.DataFrame | None = None,
) -> pd.DataFrame:
    if given.empty:
        raise PermanentError("sites.empty", frame=name)
    for column in (key, *needed):
        if column not in given.columns:
            raise PermanentError("sites.column", frame=name, column=column)
    frame = given.reset_index(drop=True).copy()
    frame[key] = frame[key].astype(str)
    twice = frame[key].duplicated()
    if twice.any():
        raise PermanentError("sites.twice", frame=name, row=frame.loc[twice, key].iloc[0])
    for column in ("lat", "lon"):
        frame[column] = _number(frame, name, key, column, whole=True)
    if "name" not in frame.columns:
        frame["name"] = frame[key]
    _swapped(frame, name, key, near)
    if sea:
        _at_sea(frame, name, key)
    return frame


def _number(
    frame: pd.DataFrame, name: str, key: str, column: str, *, whole: bool = False
) -> Floats:
    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
    wrong = ~np.isfinite(numbers) & (whole | frame[column].notna().to_numpy())
    if wrong.any():
        at = int(wrong.argmax())
        row, value = str(frame[key].iloc[at]), str(frame[column].iloc[at])
        raise PermanentError("sites.number", frame=name, row=row, column=column, value=value)
    return np.asarray(numbers)


def _column(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    numbers = pd.to_numeric(frame[name], errors="coerce")
    return np.asarray(numbers.to_numpy("float64", na_value=np.nan))


def _swapped(frame: pd.DataFrame, name: str, key: str, near: pd.DataFrame | None) -> None:
    lat, lon = frame["lat"].to_numpy(), frame["lon"].to_numpy()
    out = (np.abs(lat) > 90) | (np.abs(lon) > 180)
    turned = out & (np.abs(lon) <= 90) & (np.abs(lat) <= 180)
    if turned.any():
        raise PermanentError("sites.swapped", frame=name, row=frame[key].iloc[int(turned.argmax())])
    if out.any():
        raise PermanentError("sites.off_globe", frame=name, row=frame[key].iloc[int(out.argmax())])
    anchor = frame if near is None else near
    middle = float(np.median(anchor["lat"])), float(np.median(anchor["lon"]))
    here = distance_km(lat, lon, *middle)
    fits = np.abs(lon) <= 90
    there = distance_km(np.where(fits, lon, lat), np.where(fits, lat, lon), *middle)
    turned = (here > FAR_KM) & (there < FAR_KM / 2)
    if turned.any():
        raise PermanentError("sites.swapped", frame=name, row=frame[key].iloc[int(turned.argmax())])


def _at_sea(frame: pd.DataFrame, name: str, key: str) -> None:
    lost = ~on_land(frame["lat"].to_numpy(), frame["lon"].to_numpy())
    if lost.any():
        at = int(lost.argmax())
        city, apart = nearest_city(float(frame["lat"].iloc[at]), float(frame["lon"].iloc[at]))
        row = str(frame[key].iloc[at])
        raise PermanentError("sites.at_sea", frame=name, row=row, city=city, km=round(apart))


def _radius(frame: pd.DataFrame) -> Floats:
    """Return how far an area reaches: as stated, else half the way to its nearest neighbour.

    Raises PermanentError where two areas have one middle: they cover the same people twice.
    """
    stated = _column(frame, "radius_km")
    if len(frame) == 1:
        return np.where(stated > 0, stated, 1.0)
    points = solid(frame["lat"].to_numpy(), frame["lon"].to_numpy())
    apart, other = cKDTree(points).query(points, k=2)
    same = apart[:, 1] < 0.01
    if same.any():
        at = int(same.argmax())
        names = [frame["area"].iloc[at], frame["area"].iloc[int(other[at].max())]]
        raise PermanentError("sites.overlap", one=str(names[0]), other=str(names[1]))
    return np.where(stated > 0, stated, apart[:, 1] / 2)
