"""The map of the Locations page: rows of the stored advice as dots."""

from typing import Any

import numpy as np
from dash.development.base_component import Component

from dashboard.components.picture import look, picture
from dashboard.frame import Here
from figures.sites_map import Dot, sites_map
from reports.site_words import SiteWords

Layers = tuple[list[Dot], list[Dot], list[Dot], list[Dot]]
AROUND = 0.12
"""Degrees around the stores and sites of a city that are still drawn."""


def places(shown: SiteWords) -> list[dict[str, str]]:
    """Return the cities with stores or suggestions as choices, that of the best one first."""
    cities: dict[str, str] = {}
    for row in shown.sites.suggestions:
        city = str(row["name"]).rpartition(" ")[0]
        if city in shown.cities:
            cities[city] = shown.cities[city]
    cities |= {city: name for city, name in shown.cities.items() if city not in cities}
    whole = {"value": "*", "label": shown.say("page.everywhere")}
    return [*({"value": city, "label": name} for city, name in cities.items()), whole]


def card(
    here: Here,
    shown: SiteWords,
    city: str | None,
    pin: tuple[float, float] | None,
    theme: str,
    tiles: str,
) -> list[Component]:
    """Return the map of a city, or of all ("*")."""
    detail = shown.sites.detail
    if not detail:
        return []
    drawn = sites_map(
        *_dots(shown, city),
        Dot(*pin, f"{pin[0]:.4f}, {pin[1]:.4f}") if pin else None,
        look=look(here, shown.chain, theme),
        title=shown.say("page.map"),
        tiles=tiles,
    )
    inside = picture(drawn, "locations-graph", here)
    for part in inside[1:]:
        graph = getattr(part, "children", None)
        if graph is not None and hasattr(graph, "config"):
            graph.config = {**graph.config, "scrollZoom": True}
    return inside


def _dots(shown: SiteWords, city: str | None) -> Layers:
    detail = shown.sites.detail
    stores = [row for row in detail["stores"] if _in(shown, row[0], city)]
    most = max((row[3] or 0 for row in stores), default=0) or 1
    own = [
        Dot(row[1], row[2], _line(shown, shown.store(row[0]), row[3]), (row[3] or 0) / most)
        for row in stores
    ]
    sites = [
        Dot(row["lat"], row["lon"], _line(shown, shown.name(row), row["net_gain"]), 1.0,
            int(row["number"]))
        for row in shown.sites.suggestions
        if city in {None, "*"} or str(row["name"]).rpartition(" ")[0] in {city, ""}
    ]  # fmt: skip
    near = _box([*own, *sites])
    cells = np.asarray([row for row in detail["cells"] if near(row[0], row[1])], dtype=float)
    shades = _shades(cells[:, 2]) if len(cells) else []
    heat = [
        Dot(row[0], row[1], shown.say("page.cell", gain=shown.money(row[2])), shade)
        for row, shade in zip(cells.tolist(), shades, strict=True)
    ]
    rivals = [
        Dot(row[0], row[1], shown.say("page.rival"))
        for row in detail["rivals"]
        if near(row[0], row[1])
    ]
    return heat, own, rivals, sites


def _in(shown: SiteWords, store: str, city: str | None) -> bool:
    if city in {None, "*"}:
        return True
    return str(shown.city_of.get(str(store), "")) == city


def _line(shown: SiteWords, name: str, amount: float | None) -> str:
    return f"<b>{name}</b><br>{shown.say('page.a_month', amount=shown.money(amount))}"


def _box(dots: list[Dot]) -> Any:
    if not dots:
        return lambda _lat, _lon: True
    lat, lon = [dot.lat for dot in dots], [dot.lon for dot in dots]
    south, north = min(lat) - AROUND, max(lat) + AROUND
    west, east = min(lon) - AROUND, max(lon) + AROUND
    return lambda a, b: south <= a <= north and west <= b <= east


def _shades(gain: Any) -> list[float]:
    """Return ranks of gains from 0 to 1: a few very good cells do not grey out the rest."""
    order = np.argsort(np.argsort(gain, kind="stable"), kind="stable")
    return [float(rank) / max(len(gain) - 1, 1) for rank in order]
