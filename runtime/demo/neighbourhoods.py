"""Who lives around the demo's stores, in hexagons, and what a store would truly take anywhere.

The cells are simulated, as the chain is; no census is in them. Their people follow the same demand
that the payments come from, blurred, with some chance, so that the truth is known and is not given
away. The competitors are for the eye: in this simulation they take nothing from anybody.
"""

from pathlib import Path

import h3
import numpy as np
import polars as pl

from runtime.demo.demand import Area, Demand, Floats
from runtime.demo.geography import CITIES
from runtime.demo.scenario import Scenario

AREAS = "demo-areas.csv"
COMPETITORS = "demo-competitors.csv"
TRUTH_AREAS = "demo-truth-areas.parquet"
RESOLUTION = 8
_RINGS = 6
_COMPETITORS_A_CITY = 24
_BLUR_KM, _REACH_KM, _CROWDING = 1.1, 1.6, 0.7


def write_neighbourhoods(scenario: Scenario, demand: Demand, directory: Path) -> None:
    """Write AREAS and COMPETITORS (as an owner would import them, WGS-84) and TRUTH_AREAS.

    AREAS columns: area (H3 cell), population, income (yuan a month), city. TRUTH_AREAS: area and
    potential, what a street store in its middle would take relative to the mean store.
    """
    rng = np.random.default_rng([scenario.seed, 8])
    frames = [
        _city(city.name, 4000.0 + 7.0 * city.rent_per_sqm, demand, rng)
        for city in CITIES
        if any(area.city == city.name for area in demand.areas)
    ]
    cells = pl.concat(frames)
    cells.select("area", "population", "income", "city").write_csv(directory / AREAS)
    cells.select("area", "potential").write_parquet(directory / TRUTH_AREAS)
    _competitors(cells, rng).write_csv(directory / COMPETITORS)


def potential(areas: tuple[Area, ...], city: str, lat: Floats, lon: Floats) -> Floats:
    """Return what stores at places of a city would draw, as `demand` has it, without luck."""
    near = [area for area in areas if area.city == city]
    weight = np.array([area.demand for area in near])
    return np.asarray((np.exp(-_km(near, lat, lon) / _REACH_KM) @ weight) ** _CROWDING)


def _city(city: str, income: float, demand: Demand, rng: np.random.Generator) -> pl.DataFrame:
    near = [area for area in demand.areas if area.city == city]
    around = {
        cell
        for area in near
        for cell in h3.grid_disk(h3.latlng_to_cell(area.lat, area.lon, RESOLUTION), _RINGS)
    }
    names = sorted(around)
    middles = np.array([h3.cell_to_latlng(name) for name in names])
    lat, lon = middles[:, 0], middles[:, 1]
    weight = np.array([area.demand for area in near])
    people = 900.0 + 11_000.0 * np.exp(-_km(near, lat, lon) / _BLUR_KM) @ weight
    return pl.DataFrame(
        {
            "area": names,
            "lat": lat,
            "lon": lon,
            "population": np.rint(people * rng.lognormal(0.0, 0.2, len(names))).astype(np.int64),
            "income": np.rint(income * rng.lognormal(0.0, 0.15, len(names))).astype(np.int64),
            "city": [city] * len(names),
            "potential": potential(demand.areas, city, lat, lon),
        }
    )


def _competitors(cells: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    found = []
    for (city,), group in cells.group_by("city", maintain_order=True):
        people = group["population"].to_numpy().astype(np.float64)
        at = rng.choice(len(group), _COMPETITORS_A_CITY, replace=False, p=people / people.sum())
        shift = rng.normal(0.0, 0.002, (2, len(at)))
        found.append(
            pl.DataFrame(
                {
                    "name": [f"{city}茶铺{n + 1}" for n in range(len(at))],
                    "lat": (group["lat"].to_numpy()[at] + shift[0]).round(5),
                    "lon": (group["lon"].to_numpy()[at] + shift[1]).round(5),
                }
            )
        )
    return pl.concat(found)


def _km(near: list[Area], lat: Floats, lon: Floats) -> Floats:
    """Return distances of places from neighbourhoods, as the demand measures them: [N, A]."""
    north = np.subtract.outer(lat, np.array([area.lat for area in near])) * 111.0
    east = np.subtract.outer(lon, np.array([area.lon for area in near])) * 95.0
    return np.asarray(np.hypot(north, east))
