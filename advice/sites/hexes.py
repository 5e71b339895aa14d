"""Everything with people onto hexagons of H3: districts with a shape, rasters, lists of points.

Areas come out as area (the H3 cell), lat, lon, population, radius_km and what else was given.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from advice.sites.places import Floats, solid
from chain.errors import PermanentError

RESOLUTION = 8
"""Cells of about 0.7 square kilometres, 530 m from the middle to a corner."""

MOST_CELLS = 300_000
_CELLS_A_DISTRICT = 4
_FINEST = 10
_TILE = 512
_PIXELS_A_CELL = 2.5


def of_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Return areas whose ``area`` is an H3 cell with the cell's lat, lon and radius_km.

    Raises PermanentError for what is no cell.
    """
    for cell in frame["area"].astype(str):
        if not h3.is_valid_cell(cell):
            raise PermanentError("sites.number", frame="areas", row=cell, column="area", value=cell)
    places = np.array([h3.cell_to_latlng(cell) for cell in frame["area"].astype(str)])
    radius = [h3.average_hexagon_edge_length(h3.get_resolution(c)) for c in frame["area"]]
    return frame.assign(lat=places[:, 0], lon=places[:, 1], radius_km=radius)


def of_districts(districts: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return districts (GeoJSON features with name and population, WGS-84) as cells.

    People of a district are spread evenly over its cells; its other numbers hold for each cell.
    Raises PermanentError: two districts share ground, no people stated, too many cells.
    """
    given = [(_name(each, at), each) for at, each in enumerate(districts)]
    if not given:
        raise PermanentError("sites.empty", frame="areas")
    resolution = _resolution([each["geometry"] for _, each in given])
    owner: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for name, each in given:
        cells = _cells(each["geometry"], resolution)
        for cell in cells:
            if owner.setdefault(cell, name) != name:
                raise PermanentError("sites.overlap", one=owner[cell], other=name)
        facts = {k: v for k, v in each["properties"].items() if k not in {"name", "area"}}
        people = pd.to_numeric(facts.pop("population", None), errors="coerce")
        if not people >= 0:
            raise PermanentError(
                "sites.number", frame="areas", row=name, column="population", value=str(people)
            )
        share = float(people) / len(cells)
        rows += [{"area": c, "district": name, "population": share, **facts} for c in cells]
    return of_cells(pd.DataFrame(rows))


def of_raster(
    path: Path, places: pd.DataFrame, *, within_km: float = 20.0, resolution: int | None = None
) -> pd.DataFrame:
    """Return the people of a raster (GeoTIFF of counts, such as WorldPop's and GHSL's) as cells.

    Only what lies within ``within_km`` of ``places`` (lat, lon) is read, tile by tile. Cells are
    as fine as the raster's pixels bear, at most ``RESOLUTION``. Any coordinate system that the file
    states is taken. Raises PermanentError where the file is no raster or shows nobody there.
    """
    import rasterio
    from rasterio.errors import RasterioError

    people: dict[str, float] = {}
    try:
        with rasterio.open(path) as raster:
            for lat, lon, count in _tiles(raster, places, within_km):
                level = resolution or _as_fine_as(raster, float(lat.mean()))
                for cell, each in _summed(lat, lon, count, level):
                    people[cell] = people.get(cell, 0.0) + each
                if len(people) > MOST_CELLS:
                    raise PermanentError("sites.wide", count=len(people), limit=MOST_CELLS)
    except RasterioError as error:
        raise PermanentError(
            "sites.unreadable", file=path.name, kind="GeoTIFF", said=str(error)
        ) from error
    if not people:
        raise PermanentError("sites.no_raster", file=path.name)
    return of_cells(pd.DataFrame({"area": list(people), "population": list(people.values())}))


def with_points(
    areas: pd.DataFrame, points: pd.DataFrame, name: str, *, within_km: float = 0.8
) -> pd.DataFrame:
    """Return ``areas`` with a column ``name``: how many ``points`` lie within ``within_km``."""
    if points.empty:
        return areas.assign(**{name: 0.0})
    near = cKDTree(solid(points["lat"].to_numpy(), points["lon"].to_numpy()))
    middle = solid(areas["lat"].to_numpy(), areas["lon"].to_numpy())
    counts = near.query_ball_point(middle, within_km, return_length=True)
    return areas.assign(**{name: np.asarray(counts, dtype=np.float64)})


def _name(feature: Mapping[str, Any], at: int) -> str:
    facts = feature.get("properties") or {}
    return str(facts.get("area") or facts.get("name") or at + 1)


def _resolution(shapes: list[Any]) -> int:
    """Return the coarsest resolution that gives most districts some cells of their own."""
    for resolution in range(RESOLUTION, _FINEST):
        counts = [len(h3.geo_to_cells(shape, resolution)) for shape in shapes]
        if sum(counts) > MOST_CELLS:
            raise PermanentError("sites.wide", count=sum(counts), limit=MOST_CELLS)
        if np.median(counts) >= _CELLS_A_DISTRICT:
            return resolution
    return _FINEST


def _cells(shape: Any, resolution: int) -> list[str]:
    """Return the cells whose middles are inside; of a sliver, the one cell that it lies in."""
    inside = list(h3.geo_to_cells(shape, resolution))
    if inside:
        return inside
    ring = np.asarray(_ring(shape), dtype=np.float64)
    return [h3.latlng_to_cell(float(ring[:, 1].mean()), float(ring[:, 0].mean()), _FINEST + 2)]


def _ring(shape: Mapping[str, Any]) -> Any:
    outer = shape["coordinates"][0]
    return outer[0] if shape["type"] == "MultiPolygon" else outer


def _tiles(
    raster: Any, places: pd.DataFrame, within_km: float
) -> Iterable[tuple[Floats, Floats, Floats]]:
    """Yield lat, lon and people of the pixels with people near ``places``, a tile at a time."""
    from rasterio.windows import Window

    near = cKDTree(solid(places["lat"].to_numpy(), places["lon"].to_numpy()))
    for top in range(0, raster.height, _TILE):
        for left in range(0, raster.width, _TILE):
            high, wide = min(_TILE, raster.height - top), min(_TILE, raster.width - left)
            corners = _middles(
                raster,
                np.array([top, top, top + high, top + high, top + high / 2]),
                np.array([left, left + wide, left, left + wide, left + wide / 2]),
            )
            if not np.isfinite(corners).all():
                continue
            around = solid(*corners)
            reach = float(np.linalg.norm(around[:4] - around[4], axis=1).max())
            if near.query(around[4])[0] > reach + within_km:
                continue
            counts = raster.read(1, window=Window(left, top, wide, high), masked=True)
            counts = np.ma.filled(counts.astype("float64"), 0.0)
            row, column = np.nonzero(np.isfinite(counts) & (counts > 0))
            if not len(row):
                continue
            lat, lon = _middles(raster, row + top + 0.5, column + left + 0.5)
            kept = near.query(solid(lat, lon))[0] <= within_km
            if kept.any():
                yield lat[kept], lon[kept], counts[row, column][kept]


def _middles(raster: Any, row: NDArray[Any], column: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return lat and lon of pixel positions (whole numbers are corners)."""
    from rasterio.warp import transform

    at = raster.transform
    x, y = at.a * column + at.b * row + at.c, at.d * column + at.e * row + at.f
    lon, lat = transform(raster.crs, "EPSG:4326", x.tolist(), y.tolist())
    return np.asarray(lat), np.asarray(lon)


def _as_fine_as(raster: Any, lat: float) -> int:
    """Return the finest resolution up to ``RESOLUTION`` whose cells hold some pixels each."""
    width, height = abs(raster.transform.a), abs(raster.transform.e)
    if raster.crs.is_geographic:
        width, height = width * 111.32 * float(np.cos(np.radians(lat))), height * 111.32
    else:
        width, height = width / 1000, height / 1000
    for resolution in range(RESOLUTION, 0, -1):
        if h3.average_hexagon_area(resolution) >= _PIXELS_A_CELL * width * height:
            return resolution
    return 0


def _summed(lat: Floats, lon: Floats, count: Floats, level: int) -> Iterable[tuple[str, float]]:
    cells = [h3.latlng_to_cell(a, b, level) for a, b in zip(lat, lon, strict=True)]
    found = pd.Series(count).groupby(np.asarray(cells, dtype=object)).sum()
    return [(str(cell), float(people)) for cell, people in found.items()]
