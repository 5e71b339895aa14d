"""Files of areas, competitors and candidates, in whatever coordinates, to frames in WGS-84."""

import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advice.sites.frames import areas_frame, candidates_frame, competitors_frame
from advice.sites.hexes import of_cells, of_districts
from advice.sites.places import Floats, distance_km, from_wgs84, to_wgs84
from chain.errors import PermanentError

_ALSO = {
    "lat": "latitude 纬度 y wgs_lat gcj_lat",
    "lon": "lng longitude long 经度 x wgs_lng gcj_lng",
    "location": "坐标 经纬度 location_lnglat",
    "name": "名称 店名 门店 poi_name title",
    "area": "h3 cell 区域 地区 district 区 id",
    "population": "pop 人口 people 常住人口 residents",
    "income": "收入 人均收入",
    "rent": "租金 月租 monthly_rent",
    "capex": "开店成本 投资 investment",
    "size": "面积 area_sqm sqm",
    "address": "地址",
    "candidate": "候选点 编号",
    "weight": "权重",
    "system": "坐标系 crs",
}
_SAME_PLACE_KM, _SHIFT_SEEN_KM = 0.06, 0.15


def read_areas(path: Path, *, system: str = "wgs84") -> pd.DataFrame:
    """Return the areas of a CSV or GeoJSON file, checked (`frames.areas_frame`).

    A CSV has population and either ``area`` as H3 cells, or lat and lon of districts' middles; a
    GeoJSON has polygons with a name and population, which become cells. ``system``: what the
    coordinates are in; a column ``system`` says so row by row. Raises PermanentError with what to
    do about the file.
    """
    if path.suffix.lower() in {".geojson", ".json"}:
        return areas_frame(of_districts(_districts(path, system)))
    frame = _table(path, "areas")
    if "lat" not in frame.columns and "location" not in frame.columns:
        return areas_frame(of_cells(frame) if "area" in frame.columns else frame)
    if "area" not in frame.columns:
        frame["area"] = frame.get("name", pd.Series(frame.index.astype(str), index=frame.index))
    return areas_frame(in_wgs84(frame, "areas", system))


def read_competitors(
    path: Path, *, system: str, stores: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return competitors or points of interest of a CSV: name, lat, lon, weight.

    ``system``: the coordinates' system; Amap and Tencent state GCJ-02, Baidu BD-09, OpenStreetMap
    WGS-84. ``stores``: own stores (name, lat, lon), by which a wrong system is found out.
    """
    frame = in_wgs84(_table(path, "competitors"), "competitors", system, stores)
    names = frame["name"] if "name" in frame.columns else pd.Series("", index=frame.index)
    return competitors_frame(frame).assign(name=names.astype(str))


def read_candidates(path: Path, *, system: str, stores: pd.DataFrame) -> pd.DataFrame:
    """Return candidate properties of a CSV, checked (`frames.candidates_frame`)."""
    frame = _table(path, "candidates")
    if "candidate" not in frame.columns and "name" in frame.columns:
        frame["candidate"] = frame["name"]
    return candidates_frame(in_wgs84(frame, "candidates", system, stores), stores)


def in_wgs84(
    frame: pd.DataFrame, name: str, system: str, known: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return ``frame`` with lat and lon in WGS-84, from ``system`` or a column of that name.

    ``known``: points in WGS-84 with names. Those of ``frame`` that have the same name tell whether
    the system is right: raises PermanentError where they lie as another system would put them, all
    (the file is in it) or some (the file mixes two).
    """
    frame = _located(frame, name)
    lat, lon = (_degrees(frame, name, column) for column in ("lat", "lon"))
    stated = frame["system"].fillna(system) if "system" in frame.columns else None
    systems = pd.Series(system, index=frame.index) if stated is None else stated.str.lower()
    for each in systems.unique():
        rows = (systems == each).to_numpy()
        lat[rows], lon[rows] = to_wgs84(lat[rows], lon[rows], str(each))
    found = frame.assign(lat=lat, lon=lon)
    if known is not None and "name" in found.columns and "name" in known.columns:
        _as_stated(found, name, known)
    return found


def _as_stated(found: pd.DataFrame, name: str, known: pd.DataFrame) -> None:
    both = found.merge(known[["name", "lat", "lon"]], on="name", suffixes=("", "_known"))
    if both.empty:
        return
    at = both["lat"].to_numpy("float64"), both["lon"].to_numpy("float64")
    true = both["lat_known"].to_numpy("float64"), both["lon_known"].to_numpy("float64")
    right = distance_km(*at, *true) < _SAME_PLACE_KM
    for system in ("gcj02", "bd09"):
        there = from_wgs84(*true, system)
        shifted = distance_km(*at, *there) < _SAME_PLACE_KM
        shifted &= distance_km(*true, *there) > _SHIFT_SEEN_KM
        count = int(shifted.sum())
        if count:
            key = "sites.mixed" if right.any() else "sites.shifted"
            row = str(both["name"].iloc[int(shifted.argmax())])
            raise PermanentError(key, frame=name, count=count, system=system, row=row)


def _degrees(frame: pd.DataFrame, name: str, column: str) -> Floats:
    numbers = pd.to_numeric(frame[column], errors="coerce").to_numpy("float64", na_value=np.nan)
    if not np.isfinite(numbers).all():
        at = int((~np.isfinite(numbers)).argmax())
        row, value = str(at + 1), str(frame[column].iloc[at])
        raise PermanentError("sites.number", frame=name, row=row, column=column, value=value)
    return numbers.copy()


def _located(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame with lat and lon; Amap puts both into one column, longitude first."""
    if "location" in frame.columns and "lat" not in frame.columns:
        parts = (
            frame["location"].astype(str).str.split(",", n=1, expand=True).reindex(columns=[0, 1])
        )
        frame = frame.assign(lon=parts[0], lat=parts[1])
    for column in ("lat", "lon"):
        if column not in frame.columns:
            raise PermanentError("sites.column", frame=name, column=column)
    return frame


def _table(path: Path, name: str) -> pd.DataFrame:
    text = _text(path)
    first = text.lstrip().partition("\n")[0]
    if not first:
        raise PermanentError("sites.empty", frame=name)
    separator = max(",;\t", key=first.count)
    try:
        frame = pd.read_csv(StringIO(text), sep=separator, skipinitialspace=True)
    except pd.errors.ParserError as error:
        raise PermanentError(
            "sites.unreadable", file=path.name, kind="CSV", said=str(error)
        ) from error
    if frame.empty:
        raise PermanentError("sites.empty", frame=name)
    return _named(frame)


def _text(path: Path) -> str:
    read = path.read_bytes()
    try:
        return read.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return read.decode("gb18030")
    except UnicodeDecodeError as error:
        raise PermanentError(
            "sites.unreadable", file=path.name, kind="CSV", said=str(error)
        ) from error


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the columns called as we call them; a name of ours wins."""
    lower = {str(column): str(column).strip().lower() for column in frame.columns}
    frame = frame.rename(columns=lower)
    for ours, others in _ALSO.items():
        theirs = [other for other in others.split() if other in frame.columns]
        if ours not in frame.columns and theirs:
            frame = frame.rename(columns={theirs[0]: ours})
    return frame


def _districts(path: Path, system: str) -> list[Mapping[str, Any]]:
    try:
        read = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise PermanentError(
            "sites.unreadable", file=path.name, kind="GeoJSON", said=str(error)
        ) from error
    features = read.get("features") if isinstance(read, dict) else None
    shaped = [each for each in features or [] if _is_shape(each.get("geometry"))]
    if not shaped:
        raise PermanentError("sites.no_shape", file=path.name)
    found: list[Mapping[str, Any]] = []
    for each in shaped:
        facts = pd.DataFrame([each.get("properties") or {}])
        shape = each["geometry"]
        moved = {**shape, "coordinates": _moved(shape["coordinates"], system)}
        found.append({"geometry": moved, "properties": _named(facts).iloc[0].to_dict()})
    return found


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, dict) and shape.get("type") in {"Polygon", "MultiPolygon"}


def _moved(coordinates: Any, system: str) -> Any:
    """Return rings of [lon, lat] in WGS-84, however deep they are nested."""
    if not isinstance(coordinates[0][0], int | float):
        return [_moved(each, system) for each in coordinates]
    lon, lat = np.asarray(coordinates, dtype=np.float64)[:, :2].T
    lat, lon = to_wgs84(lat, lon, system)
    return np.stack([lon, lat], axis=1).tolist()
