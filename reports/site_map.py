"""A small map on paper: areas by what a store there would gain, own stores, competitors, the place.

Drawn as SVG without any ground below it, so that nothing is asked of a server of maps.
"""

from collections.abc import Sequence
from math import cos, radians

from figures.tokens import LIGHT

WIDTH, HEIGHT = 680.0, 330.0
SPAN_KM = 11.0
_KM_A_DEGREE = 111.2

Point = tuple[float, float]


def site_map(
    place: Point,
    cells: Sequence[tuple[float, float, float]],
    stores: Sequence[Point],
    rivals: Sequence[Point],
) -> str:
    """Return the map ``SPAN_KM`` wide around ``place`` (lat, lon).

    ``cells``: lat, lon and 0 to 1, how much a store there would gain.
    """
    scale = WIDTH / SPAN_KM
    turn = cos(radians(place[0])) * _KM_A_DEGREE

    def at(lat: float, lon: float) -> Point | None:
        x = WIDTH / 2 + (lon - place[1]) * turn * scale
        y = HEIGHT / 2 - (lat - place[0]) * _KM_A_DEGREE * scale
        return (x, y) if 0 <= x <= WIDTH and 0 <= y <= HEIGHT else None

    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{LIGHT.raised}"/>']
    for lat, lon, value in cells:
        step = min(len(LIGHT.ramp) - 1, max(0, int(value * len(LIGHT.ramp))))
        parts += _circle(at(lat, lon), 0.45 * scale, LIGHT.ramp[step], opacity=0.7)
    for lat, lon in rivals:
        parts += _circle(at(lat, lon), 3.2, LIGHT.muted)
    for lat, lon in stores:
        parts += _circle(at(lat, lon), 5.5, LIGHT.text)
    parts += _circle((WIDTH / 2, HEIGHT / 2), 9.0, LIGHT.attention, ring=True)
    inside = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}"'
        f' width="{WIDTH:g}" height="{HEIGHT:g}">{inside}</svg>'
    )


def _circle(
    at: Point | None, radius: float, colour: str, *, opacity: float = 1.0, ring: bool = False
) -> list[str]:
    if at is None:
        return []
    line = f' stroke="{LIGHT.surface}" stroke-width="3"' if ring else ""
    place = f'cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:.1f}"'
    return [f'<circle {place} fill="{colour}" fill-opacity="{opacity:g}"{line}/>']
