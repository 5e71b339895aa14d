"""Icons, drawn here in 24 x 24 strokes and carried in the page: nothing is fetched for them."""

import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from dashboard.loose import attributes


@cache
def paths() -> dict[str, str]:
    """Return the path of each icon by name."""
    with (Path(__file__).parent / "icons.toml").open("rb") as file:
        return {name: str(path) for name, path in tomllib.load(file).items()}


@cache
def source(name: str) -> str:
    """Return the icon as an SVG data address. Raises KeyError for one we do not have."""
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='#000' "
        "stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'>"
        f"<path d='{paths()[name]}'/></svg>"
    )
    return f'url("data:image/svg+xml,{quote(svg, safe="")}")'


def icon(name: str, size: int = 20) -> Component:
    """Return the icon in the colour of the text around it; it says nothing to a screen reader."""
    picture = source(name)
    style = {
        "maskImage": picture,
        "WebkitMaskImage": picture,
        "width": f"{size}px",
        "height": f"{size}px",
    }
    return html.Span(className="icon", style=style, **attributes(aria_hidden="true"))
