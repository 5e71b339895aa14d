"""What files of areas, rivals and candidates become, and what is wrong with them, by name."""

import json
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import Affine
from rasterio.warp import transform

from advice.sites import fit, suggest
from advice.sites.gazetteer import city_areas, nearest_city
from advice.sites.hexes import of_raster, with_points
from advice.sites.land import on_land
from advice.sites.places import distance_km, from_wgs84
from advice.sites.reading import read_areas, read_candidates, read_competitors
from chain.errors import PermanentError
from chain.words import LANGS
from tests.sites import town

HEFEI = pd.DataFrame({"lat": [31.86], "lon": [117.28]})


def refused(key: str, **params: object) -> pytest.RaisesExc[PermanentError]:
    """Expect the error ``key``, naming what ``params`` say, in words of both languages."""

    def right(error: PermanentError) -> bool:
        assert all(error.say(lang) for lang in LANGS)
        return error.key == key and params.items() <= error.params.items()

    return pytest.RaisesExc(PermanentError, check=right)


def test_swapped_latitude_and_longitude_are_found_and_named() -> None:
    frames = town()
    swapped = frames["stores"].rename(columns={"lat": "lon", "lon": "lat"})
    with refused("sites.swapped", frame="stores", row="s0"):
        fit(swapped, frames["areas"])
    one = frames["candidates"].copy()
    one.loc[3, ["lat", "lon"]] = [117.26, 31.75]
    with refused("sites.swapped", frame="candidates", row="c3"):
        suggest(fit(frames["stores"], frames["areas"]), one)


def test_a_swap_that_stays_on_the_globe_is_found_by_the_other_stores() -> None:
    america = pd.DataFrame(
        {
            "store": list("abcd"),
            "lat": [40.7, 40.8, 40.6, -74.0],
            "lon": [-74.0, -73.9, -73.9, 40.7],
            "revenue": 1e6,
        }
    )
    areas = america.head(3).rename(columns={"store": "area"}).assign(population=1000)
    with refused("sites.swapped", frame="stores", row="d"):
        fit(america, areas)


def test_a_place_at_sea_is_found_and_named_with_the_nearest_city() -> None:
    frames = town()
    at_sea = frames["stores"].copy()
    at_sea.loc[2, ["lat", "lon"]] = [30.5, 124.5]
    with refused("sites.at_sea", frame="stores", row="s2"):
        fit(at_sea, frames["areas"])


def test_land_is_land_and_sea_is_sea() -> None:
    cities = np.array([[31.23, 121.47], [22.28, 114.16], [37.78, -122.42], [-33.87, 151.2]])
    oceans = np.array([[30.0, 125.0], [0.0, -150.0], [-60.0, 0.0], [50.0, -30.0]])
    assert on_land(cities[:, 0], cities[:, 1]).all()
    assert not on_land(oceans[:, 0], oceans[:, 1]).any()


@pytest.mark.parametrize("frame", ["stores", "areas"])
def test_an_empty_table_is_named(frame: str) -> None:
    frames = town()
    frames[frame] = frames[frame].head(0)
    with refused("sites.empty", frame=frame):
        fit(frames["stores"], frames["areas"])


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "areas.csv").write_text("area,lat,lon,population\n")
    (tmp_path / "nothing.csv").write_text("")
    for name in ("areas.csv", "nothing.csv"):
        with refused("sites.empty", frame="areas"):
            read_areas(tmp_path / name)


def test_other_faults_of_a_table_name_the_row() -> None:
    frames = town()
    stores, areas = frames["stores"], frames["areas"]
    with refused("sites.twice", row="s0"):
        fit(stores.assign(store="s0"), areas)
    with refused("sites.column", frame="areas", column="population"):
        fit(stores, areas.drop(columns="population"))
    with refused("sites.number", row="s0", column="lat"):
        fit(stores.assign(lat=["here", *stores["lat"][1:].astype(str)]), areas)
    with refused("sites.no_sales", store="s0"):
        fit(stores.assign(revenue=[0.0, *stores["revenue"][1:]]), areas)
    with refused("sites.no_sales_at_all"):
        fit(stores.assign(revenue=np.nan), areas)
    with refused("sites.nobody"):
        fit(stores, areas.assign(population=0))
    with refused("sites.no_people", store="s1"):
        fit(stores.assign(lat=[stores["lat"][0], 30.9, *stores["lat"][2:]]), areas)
    with refused("sites.off_globe", row="s0"):
        fit(stores.assign(lon=[400.0, *stores["lon"][1:]]), areas)
    with refused("sites.no_capex", row="c0"):
        suggest(fit(stores, areas), frames["candidates"], budget=5.0)


def _square(lat: float, lon: float, name: str, people: object) -> dict[str, object]:
    ring = [[lon, lat], [lon + 0.05, lat], [lon + 0.05, lat + 0.05], [lon, lat + 0.05], [lon, lat]]
    return {
        "type": "Feature",
        "properties": {"name": name, "人口": people, "income": 5000},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _geojson(path: Path, *features: object) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_districts_become_cells_that_hold_their_people(tmp_path: Path) -> None:
    touching = _square(31.8, 117.2, "west", 5000), _square(31.8, 117.25, "east", 9000)
    cells = read_areas(_geojson(tmp_path / "d.geojson", *touching))
    people = cells.groupby("district")["population"].sum()
    assert people.to_dict() == pytest.approx({"west": 5000, "east": 9000})
    assert (cells["income"] == 5000).all()
    assert all(h3.is_valid_cell(cell) for cell in cells["area"])
    assert cells["lat"].between(31.79, 31.86).all()


def test_overlapping_districts_are_found_and_named(tmp_path: Path) -> None:
    both = _square(31.8, 117.2, "west", 5000), _square(31.8, 117.23, "east", 9000)
    with refused("sites.overlap", one="west", other="east"):
        read_areas(_geojson(tmp_path / "d.geojson", *both))
    twice = pd.DataFrame(
        {"area": ["a", "b"], "lat": 31.8, "lon": 117.2, "population": [1, 2]},
    )
    with refused("sites.overlap", one="a", other="b"):
        fit(town()["stores"], twice)


def test_a_geojson_without_shapes_or_people_says_so(tmp_path: Path) -> None:
    with refused("sites.no_shape"):
        read_areas(_geojson(tmp_path / "d.geojson"))
    with refused("sites.number", row="west", column="population"):
        read_areas(_geojson(tmp_path / "d.geojson", _square(31.8, 117.2, "west", None)))
    (tmp_path / "broken.json").write_text("{")
    with refused("sites.unreadable"):
        read_areas(tmp_path / "broken.json")


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_points_of_any_system_come_out_in_wgs84(tmp_path: Path, system: str) -> None:
    lat, lon = from_wgs84([31.86, 31.87], [117.28, 117.29], system)
    table = pd.DataFrame({"名称": ["茶一", "茶二"], "经度": lon, "纬度": lat})
    table.to_csv(tmp_path / "p.csv", index=False, encoding="gb18030")
    found = read_competitors(tmp_path / "p.csv", system=system)
    assert distance_km(found["lat"], found["lon"], [31.86, 31.87], [117.28, 117.29]).max() < 1e-5
    assert found["name"].tolist() == ["茶一", "茶二"]


def test_amap_s_one_column_of_longitude_and_latitude_is_read(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('name,location\n茶,"117.280000,31.860000"\n')
    found = read_competitors(tmp_path / "p.csv", system="wgs84")
    assert (found["lat"][0], found["lon"][0]) == (31.86, 117.28)


def test_a_wrong_or_a_mixed_system_is_found_by_points_that_are_known(tmp_path: Path) -> None:
    own = pd.DataFrame({"name": ["a", "b"], "lat": [31.86, 31.87], "lon": [117.28, 117.29]})
    lat, lon = from_wgs84(own["lat"], own["lon"], "gcj02")
    own.assign(lat=lat, lon=lon).to_csv(tmp_path / "p.csv", index=False)
    with refused("sites.shifted", system="gcj02", row="a"):
        read_competitors(tmp_path / "p.csv", system="wgs84", stores=own)
    assert len(read_competitors(tmp_path / "p.csv", system="gcj02", stores=own)) == 2
    mixed = own.assign(lat=[lat[0], 31.87], lon=[lon[0], 117.29])
    mixed.to_csv(tmp_path / "p.csv", index=False)
    with refused("sites.mixed", system="gcj02", row="a", count=1):
        read_competitors(tmp_path / "p.csv", system="wgs84", stores=own)
    mixed.assign(system=["gcj02", "wgs84"]).to_csv(tmp_path / "p.csv", index=False)
    assert len(read_competitors(tmp_path / "p.csv", system="wgs84", stores=own)) == 2
    own.to_csv(tmp_path / "p.csv", index=False)
    with refused("sites.system", system="utm"):
        read_competitors(tmp_path / "p.csv", system="utm")


def test_candidates_keep_what_is_known_of_them(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("名称,lat,lon,租金,面积\n街角,31.75,117.25,12000,60\n")
    found = read_candidates(tmp_path / "c.csv", system="wgs84", stores=town()["stores"])
    row = found.iloc[0]
    assert (row["candidate"], row["rent"], row["size"]) == ("街角", 12000, 60)
    assert np.isnan(row["capex"])


@pytest.mark.parametrize("system", ["EPSG:4326", "ESRI:54009"])
def test_people_of_a_raster_are_all_there_in_cells_near_the_stores(
    tmp_path: Path, system: str
) -> None:
    step = 0.001 if system == "EPSG:4326" else 100.0
    (x,), (y,) = transform("EPSG:4326", system, [117.23], [31.91])
    people = np.random.default_rng(1).gamma(1.0, 5.0, (100, 100)).astype("float32")
    people[:10] = -9999.0
    with rasterio.open(
        tmp_path / "pop.tif", "w", driver="GTiff", width=100, height=100, count=1,
        dtype="float32", crs=CRS.from_string(system), nodata=-9999.0,
        transform=Affine(step, 0, x, 0, -step, y),
    ) as out:  # fmt: skip
        out.write(people, 1)
    cells = of_raster(tmp_path / "pop.tif", HEFEI, within_km=50)
    assert cells["population"].sum() == pytest.approx(people[10:].sum(), rel=1e-5)
    assert {h3.get_resolution(cell) for cell in cells["area"]} == {8}
    near = of_raster(tmp_path / "pop.tif", HEFEI, within_km=2)
    assert 0 < near["population"].sum() < cells["population"].sum() / 2
    with refused("sites.no_raster"):
        of_raster(tmp_path / "pop.tif", HEFEI + 3)
    (tmp_path / "text.tif").write_text("no raster")
    with refused("sites.unreadable"):
        of_raster(tmp_path / "text.tif", HEFEI)


def test_cities_stand_in_for_areas_and_say_how_coarse_that_is() -> None:
    found, note = city_areas(HEFEI)
    assert found["area"].str.contains("Hefei").sum() == 1
    assert found["population"].max() > 1e6
    assert note.key == "sites.gazetteer"
    assert float(note.params["km"]) > 5
    assert all(note.say(lang) for lang in LANGS)
    assert nearest_city(31.22, 121.46)[1] < 5


def test_points_are_counted_around_areas() -> None:
    points = pd.DataFrame({"lat": [31.86, 31.861, 31.95], "lon": 117.28})
    assert with_points(HEFEI, points, "cafes")["cafes"].tolist() == [2]
    assert with_points(HEFEI, points.head(0), "cafes")["cafes"].tolist() == [0]
