"""Grey shapes of the size of what is coming, so that nothing jumps when it is there."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component


def block(height: int, *, width: str = "100%") -> Component:
    """Return one shape, ``height`` in pixels."""
    return html.Div(dmc.Skeleton(height=height, width=width, radius="md"))


def tiles(count: int, *, height: int = 148) -> Component:
    """Return a row of tiles: two abreast on a phone, ``count`` (at most 4) on a desk."""
    shapes = [block(height) for _ in range(count)]
    return html.Div(dmc.SimpleGrid(shapes, cols={"base": 2, "md": min(count, 4)}, spacing="md"))


def table(rows: int, *, row_height: int = 42) -> Component:
    """Return a table's head and ``rows`` rows."""
    return html.Div([block(40), dmc.Space(h=8), block(rows * row_height)])
