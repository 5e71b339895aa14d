"""A map of places: how much a new store would gain where, own stores, competitors, suggestions.

Drawn by MapLibre on a plain ground; tiles are put under it where the house has a server of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log2, radians
from typing import Any

from figures.look import Look, Picture, layout

HEIGHT, HEIGHT_NARROW = 520, 380
_TILE = 512
_DEEPEST, _WIDEST = 13.0, 2.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A place with its hover. ``value``: what sizes or shades it, 0 to 1."""

    lat: float
    lon: float
    label: str
    value: float = 0.0
    key: int = 0


def sites_map(
    cells: Sequence[Dot],
    stores: Sequence[Dot],
    rivals: Sequence[Dot],
    sites: Sequence[Dot],
    pin: Dot | None,
    *,
    look: Look,
    title: str,
    tiles: str = "",
) -> Picture:
    """Return the map over all stores and sites given. ``tiles``: an address with {z} {x} {y}."""
    height = HEIGHT_NARROW if look.narrow else HEIGHT
    theme = look.tokens
    traces = [
        _dots(cells, look.say("sites.area"), opacity=0.62,
              size=13 if look.narrow else 16,
              color=[theme.ramp[_step(dot.value, len(theme.ramp))] for dot in cells]),
        _dots(rivals, look.say("sites.rival"), size=6, color=theme.muted),
        _dots(stores, look.say("sites.store"), color=theme.text, opacity=0.9,
              size=[8 + 14 * dot.value for dot in stores]),
        _dots(sites, look.say("sites.site"), color=theme.attention, size=17),
        _dots([pin] if pin else [], look.say("sites.pin"), color=theme.missing, size=15),
    ]  # fmt: skip
    seen = [*stores, *sites, *([pin] if pin else [])] or list(cells)
    figure = {
        "data": [trace for trace in traces if trace["lat"]],
        "layout": layout(
            look,
            height=height,
            hovermode="closest",
            dragmode="pan",
            margin={"l": 0, "r": 0, "t": 0, "b": 0},
            map=_view(seen, look, tiles),
            clickmode="event",
        ),
    }
    return Picture(figure, title, look.say("sites.legend"), title, empty=not seen)


def _dots(dots: Sequence[Dot], name: str, **marker: Any) -> dict[str, Any]:
    return {
        "type": "scattermap",
        "mode": "markers",
        "name": name,
        "lat": [dot.lat for dot in dots],
        "lon": [dot.lon for dot in dots],
        "text": [dot.label for dot in dots],
        "customdata": [dot.key for dot in dots],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": "circle", "allowoverlap": True, **marker},
    }


def _step(value: float, count: int) -> int:
    return min(count - 1, max(0, int(value * count)))


def _view(seen: Sequence[Dot], look: Look, tiles: str) -> dict[str, Any]:
    lat, lon = [dot.lat for dot in seen] or [0.0], [dot.lon for dot in seen] or [0.0]
    middle = (min(lat) + max(lat)) / 2, (min(lon) + max(lon)) / 2
    wide, high = (330, HEIGHT_NARROW) if look.narrow else (760, HEIGHT)
    across = max(max(lon) - min(lon), 0.04) * 1.25
    up = max(max(lat) - min(lat), 0.04) * 1.25 / max(cos(radians(middle[0])), 0.1)
    zoom = min(log2(360 * wide / _TILE / across), log2(360 * high / _TILE / up))
    ground = {
        "version": 8,
        "sources": {},
        "layers": [
            {
                "id": "ground",
                "type": "background",
                "paint": {"background-color": look.tokens.raised},
            }
        ],
    }
    under = [{"sourcetype": "raster", "source": [tiles], "below": "traces"}] if tiles else []
    return {
        "style": ground,
        "center": {"lat": middle[0], "lon": middle[1]},
        "zoom": min(_DEEPEST, max(_WIDEST, zoom)),
        "layers": under,
    }
