"""The board's figures as SVG: the same dictionary that Plotly draws, drawn without a browser.

It knows what our own figures are made of (lines, bands, stacked bars, heat maps, shapes and words
at places) and nothing more; what it does not know raises ValueError, so that no part of a picture
is left out in silence.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

from figures import formats
from figures.look import Figure

FAMILY = "Noto Sans SC"
_DASHES = {"dot": "1.5 3.5", "dash": "6 4"}
_RGBA = re.compile(r"rgba\((\d+), ?(\d+), ?(\d+), ?([\d.]+)\)")
_SPAN = re.compile(r'<span style="color:(#[0-9a-f]{6})">(.*?)</span>')
_TAG = re.compile(r"</?(?:b|i|span)[^>]*>")
_WIDE = 0x2E80
"""From here on a character is as wide as it is high."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """Where data comes to lie: the plot's box in pixels, and the scales of both axes."""

    left: float
    top: float
    right: float
    bottom: float
    x: Callable[[Any], float]
    y: Callable[[Any], float]


def svg(figure: Figure, width: float, height: float, lang: str) -> str:
    """Return ``figure`` as an SVG document of ``width`` by ``height`` pixels.

    Text is text, in ``FAMILY``. Raises ValueError for a trace or shape of another kind.
    """
    layout = figure["layout"]
    base = layout["template"]["layout"]
    traces = figure["data"]
    heat = next((trace for trace in traces if trace["type"] == "heatmap"), None)
    plane = _heat_plane(heat, layout, base, (width, height)) if heat else _plane(
        figure, base, (width, height)
    )  # fmt: skip
    parts = [
        *_shapes(layout, plane, below=True),
        *_grid(layout, base, plane, traces, lang),
        *_traces(traces, layout, plane),
        *_shapes(layout, plane, below=False),
        *_words(layout, base, plane),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FAMILY}">{"".join(parts)}</svg>'
    )


def text_width(text: str, size: float) -> float:
    """Return about how wide ``text`` is set at ``size``."""
    return sum(size if ord(letter) >= _WIDE else size * 0.57 for letter in text)


def _position(value: Any) -> float:
    """Return a place on an axis as a number: days for a date."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return moment.toordinal() + (moment.hour + moment.minute / 60) / 24
    return float(value)


def _plane(figure: Figure, base: dict[str, Any], size: tuple[float, float]) -> _Plane:
    layout, (width, height) = figure["layout"], size
    margin = base["margin"] | layout.get("margin", {})
    x_axis, y_axis = layout["xaxis"], layout["yaxis"]
    labels = _labels(y_axis, "ticktext", "tickvals")
    left = margin["l"] + max((text_width(label, 12) for label in labels), default=0) + 6
    right, top, bottom = width - margin["r"], float(margin["t"]), height - margin["b"] - 18
    first, last = _x_range(x_axis, figure["data"])
    low, high = (float(end) for end in y_axis["range"])
    return _Plane(
        left, top, right, bottom,
        lambda value: left + (_position(value) - first) / ((last - first) or 1) * (right - left),
        lambda value: bottom - (float(value) - low) / ((high - low) or 1) * (bottom - top),
    )  # fmt: skip


def _x_range(axis: dict[str, Any], traces: Sequence[dict[str, Any]]) -> tuple[float, float]:
    if "range" in axis:
        return _position(axis["range"][0]), _position(axis["range"][1])
    places = sorted({_position(x) for trace in traces for x in trace["x"]})
    half = _smallest_step(places) / 2
    return places[0] - half, places[-1] + half


def _smallest_step(places: Sequence[float]) -> float:
    return min((b - a for a, b in pairwise(places)), default=1.0)


def _labels(axis: dict[str, Any], words: str, values: str) -> list[str]:
    found = axis.get(words) or [f"{value:g}" for value in axis.get(values, [])]
    return [str(each) for each in found]


def _heat_plane(
    heat: dict[str, Any], layout: dict[str, Any], base: dict[str, Any], size: tuple[float, float]
) -> _Plane:
    width, height = size
    margin = base["margin"] | layout.get("margin", {})
    left = margin["l"] + max(text_width(str(name), 12) for name in heat["y"]) + 8
    right, top, bottom = width - margin["r"], float(margin["t"]), height - margin["b"] - 18
    first, columns, rows = heat["x"][0], len(heat["x"]), len(heat["y"])
    return _Plane(
        left, top, right, bottom,
        lambda value: left + (float(value) - first + 0.5) / columns * (right - left),
        lambda value: top + (heat["y"].index(value) + 0.5) / rows * (bottom - top),
    )  # fmt: skip


def _grid(
    layout: dict[str, Any],
    base: dict[str, Any],
    plane: _Plane,
    traces: Sequence[dict[str, Any]],
    lang: str,
) -> Iterator[str]:
    x_axis, y_axis = base["xaxis"] | layout["xaxis"], base["yaxis"] | layout["yaxis"]
    colour = x_axis["tickfont"]["color"]
    heat = y_axis.get("type") == "category"
    names = traces[0]["y"] if heat else _labels(y_axis, "ticktext", "tickvals")
    for value, name in zip(names if heat else y_axis["tickvals"], names, strict=True):
        at = plane.y(value)
        if at < plane.top - 1 or at > plane.bottom + 1:
            continue
        if y_axis.get("showgrid", True):
            yield _line(plane.left, at, plane.right, at, y_axis["gridcolor"], 1)
        yield _text(plane.left - 6, at + 4, str(name), colour, 12, "end")
    free = 0.0
    for value, name in _x_ticks(x_axis, traces, lang):
        place, half = plane.x(value), text_width(name, 12) / 2
        if plane.left - 1 <= place <= plane.right + 1 and place - half >= free:
            free = place + half + 10
            yield _text(place, plane.bottom + 16, name, colour, 12, "middle")


def _x_ticks(
    axis: dict[str, Any], traces: Sequence[dict[str, Any]], lang: str
) -> list[tuple[Any, str]]:
    if "tickvals" in axis:
        return list(zip(axis["tickvals"], _labels(axis, "ticktext", "tickvals"), strict=True))
    values = sorted({x for trace in traces for x in trace["x"]}, key=_position)
    step = -(-len(values) // min(int(axis.get("nticks", 6)), 7))
    if not isinstance(values[0], str):
        return [(value, f"{value}{axis.get('ticksuffix', '')}") for value in values[::step]]
    return [
        (value, formats.day_short(datetime.fromisoformat(value).date(), lang))
        for value in values[step // 2 :: step]
    ]


def _traces(
    traces: Sequence[dict[str, Any]], layout: dict[str, Any], plane: _Plane
) -> Iterator[str]:
    stacked: dict[Any, float] = {}
    for trace in traces:
        if trace["type"] == "heatmap":
            yield from _cells(trace, plane)
        elif trace["type"] == "bar" and layout.get("barmode") == "stack":
            yield from _bars(trace, layout, plane, stacked)
        elif trace["type"] == "bar" and trace.get("orientation") == "h" and "base" in trace:
            yield from _floating(trace, layout, plane)
        elif trace["type"] == "scatter":
            yield from _scatter(trace, plane)
        else:
            raise ValueError(f"no way to draw {trace['type']} {layout.get('barmode', '')}")


def _scatter(trace: dict[str, Any], plane: _Plane) -> Iterator[str]:
    filled = "fill" in trace
    line = trace.get("line", {})
    width = float(line.get("width", 2))
    for run in _runs(trace["x"], trace["y"]):
        path = " ".join(f"{plane.x(x):.2f},{plane.y(y):.2f}" for x, y in run)
        if filled:
            yield f'<polygon points="{path}" {_paint("fill", trace["fillcolor"])}/>'
        elif width and len(run) > 1:
            dash = _DASHES.get(str(line.get("dash", "")))
            more = f' stroke-dasharray="{dash}"' if dash else ""
            yield (
                f'<polyline points="{path}" fill="none" {_paint("stroke", line["color"])} '
                f'stroke-width="{width:g}" stroke-linejoin="round" stroke-linecap="round"{more}/>'
            )
        elif width:  # a day alone between gaps: a line of one point would not be seen
            x, y = run[0]
            yield (
                f'<circle cx="{plane.x(x):.2f}" cy="{plane.y(y):.2f}" r="{width:g}" '
                f"{_paint('fill', line['color'])}/>"
            )


def _runs(xs: Sequence[Any], ys: Sequence[Any]) -> Iterator[list[tuple[Any, float]]]:
    """Yield the stretches between gaps: a gap stays a gap."""
    run: list[tuple[Any, float]] = []
    for x, y in zip(xs, ys, strict=True):
        if x is None or formats.missing(y):
            if run:
                yield run
            run = []
        else:
            run.append((x, float(y)))
    if run:
        yield run


def _bars(
    trace: dict[str, Any], layout: dict[str, Any], plane: _Plane, stacked: dict[Any, float]
) -> Iterator[str]:
    places = sorted({_position(x) for x in trace["x"]})
    step = _smallest_step(places) * (1 - float(layout.get("bargap", 0.2)))
    unit = plane.x(1.0) - plane.x(0.0)
    for x, y in zip(trace["x"], trace["y"], strict=True):
        if formats.missing(y) or not y:
            continue
        below = stacked.get(x, 0.0)
        stacked[x] = below + y
        top, bottom = plane.y(below + y), plane.y(below)
        yield _rect(
            plane.x(x) - step * unit / 2, top, step * unit, bottom - top, trace["marker"]["color"]
        )


def _floating(trace: dict[str, Any], layout: dict[str, Any], plane: _Plane) -> Iterator[str]:
    """Yield horizontal bars, each from its own base."""
    half = (1 - float(layout.get("bargap", 0.2))) / 2
    colours = trace["marker"]["color"]
    for y, x, base, colour in zip(trace["y"], trace["x"], trace["base"], colours, strict=True):
        ends = sorted((plane.x(base), plane.x(base + x)))
        top, bottom = sorted((plane.y(y - half), plane.y(y + half)))
        yield _rect(ends[0], top, ends[1] - ends[0], bottom - top, colour)


def _cells(heat: dict[str, Any], plane: _Plane) -> Iterator[str]:
    values = [value for row in heat["z"] for value in row if value is not None]
    least = float(heat.get("zmin", 0))
    most = max(values, default=least)
    span = (most - least) or 1
    width = (plane.right - plane.left) / len(heat["x"]) - heat["xgap"]
    height = (plane.bottom - plane.top) / len(heat["y"]) - heat["ygap"]
    for name, row in zip(heat["y"], heat["z"], strict=True):
        for x, value in zip(heat["x"], row, strict=True):
            if value is not None:
                colour = _between(heat["colorscale"], min(max((value - least) / span, 0), 1))
                left, top = plane.x(x) - width / 2, plane.y(name) - height / 2
                yield _rect(left, top, width, height, colour, 2)


def _between(scale: Sequence[Sequence[Any]], share: float) -> str:
    """Return the colour at ``share`` of a scale, mixed in sRGB as Plotly does."""
    for (low, dim), (high, full) in pairwise(scale):
        if share <= high:
            part = (share - low) / (high - low)
            mixed = [
                round(int(dim[i : i + 2], 16) * (1 - part) + int(full[i : i + 2], 16) * part)
                for i in (1, 3, 5)
            ]
            return "#{:02x}{:02x}{:02x}".format(*mixed)
    return str(scale[-1][1])


def _shapes(layout: dict[str, Any], plane: _Plane, *, below: bool) -> Iterator[str]:
    for shape in layout.get("shapes", ()):
        if (shape.get("layer") == "below") != below:
            continue
        x0, x1 = (_clamped(plane.x(shape[name]), plane) for name in ("x0", "x1"))
        y0, y1 = (_on_paper(shape, name, plane) for name in ("y0", "y1"))
        line = shape.get("line", {})
        if shape["type"] == "rect":
            yield _rect(x0, min(y0, y1), x1 - x0, abs(y1 - y0), shape["fillcolor"])
        elif shape["type"] == "line":
            dash = _DASHES.get(str(line.get("dash", "")))
            yield _line(x0, y0, x1, y1, line["color"], float(line["width"]), dash)
        else:
            raise ValueError(f"no way to draw a {shape['type']}")


def _clamped(place: float, plane: _Plane) -> float:
    return min(max(place, plane.left), plane.right)


def _on_paper(shape: dict[str, Any], name: str, plane: _Plane) -> float:
    if shape.get("yref") == "paper":
        return plane.bottom - float(shape[name]) * (plane.bottom - plane.top)
    return plane.y(shape[name])


def _words(layout: dict[str, Any], base: dict[str, Any], plane: _Plane) -> Iterator[str]:
    for word in layout.get("annotations", ()):
        font = base["font"] | word.get("font", {})
        x = plane.right if word.get("xref") == "paper" else plane.x(word["x"])
        y = _on_paper(word, "y", plane)
        # Plotly puts a word in the middle, or away from the end it is anchored at.
        x += float(word.get("xshift", 0)) + {"left": 1.0, "right": -1.0}.get(
            word.get("xanchor", ""), 0.0
        )
        y -= float(word.get("yshift", 0))
        y += {"bottom": -3.0, "top": font["size"]}.get(word.get("yanchor", ""), font["size"] * 0.36)
        anchor = {"left": "start", "right": "end"}.get(word.get("xanchor", ""), "middle")
        yield _text(x, y, str(word["text"]), font["color"], float(font["size"]), anchor)


def _text(x: float, y: float, text: str, colour: str, size: float, anchor: str) -> str:
    parts, at = [], 0
    for found in _SPAN.finditer(text):
        parts.append(escape(_TAG.sub("", text[at : found.start()])))
        parts.append(f'<tspan fill="{found[1]}">{escape(found[2])}</tspan>')
        at = found.end()
    parts.append(escape(_TAG.sub("", text[at:])))
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'{_paint("fill", colour)} xml:space="preserve">{"".join(parts)}</text>'
    )


def _line(
    x0: float, y0: float, x1: float, y1: float, colour: str, width: float, dash: str | None = None
) -> str:
    more = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x0:.2f}" y1="{y0:.2f}" x2="{x1:.2f}" y2="{y1:.2f}" '
        f'{_paint("stroke", colour)} stroke-width="{width:g}"{more}/>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str, radius: float = 0) -> str:
    more = f' rx="{radius:g}"' if radius else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{max(height, 0):.2f}" '
        f"{_paint('fill', colour)}{more}/>"
    )


def _paint(name: str, colour: str) -> str:
    found = _RGBA.fullmatch(colour)
    if not found:
        return f'{name}="{colour}"'
    red, green, blue = (int(found[at]) for at in (1, 2, 3))
    return f'{name}="#{red:02x}{green:02x}{blue:02x}" {name}-opacity="{found[4]}"'
