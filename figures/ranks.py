"""How ranks move: a bump chart with names at the lines' ends.

Lines are straight: a curve would show places between two weeks that no store ever had.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from chain.metrics import Metric
from figures.look import (
    Figure,
    Look,
    Picture,
    cut,
    date_axis,
    key_colours,
    layout,
    month_ticks,
    nothing,
)

HEIGHT = 420
TOP = 7


@dataclass(frozen=True, slots=True)
class _Line:
    store: int
    name: str
    ranks: list[int | None]


def rank_bump(
    frame: pd.DataFrame,
    names: Mapping[int, str],
    *,
    metric: Metric,
    look: Look,
    grain: str = "week",
    top: int = TOP,
    height: int = HEIGHT,
) -> Picture:
    """Draw the places of the ``top`` stores of the last whole week, and where they came from.

    ``frame``: ``start`` (date), ``store_id``, ``rank``, ``value``, ``partial``. ``names`` by store.
    Places deeper than twice ``top`` are drawn on the last line, since the climb is what matters.
    """
    whole = frame[~frame["partial"].astype(bool)] if len(frame) else frame
    whole = whole if whole["start"].nunique() > 1 else frame
    if whole.empty:
        return nothing(look, look.say("daily.alt_none"), height=height)
    starts = sorted(whole["start"].unique())
    deepest = min(2 * top, int(whole["rank"].max()))
    lines = _lines(whole, starts, names, top)
    axis = [start.isoformat() for start in starts]
    colours = key_colours([line.store for line in lines], look)
    traces = [_trace(axis, line, colours[line.store], deepest, look) for line in lines]
    labels = [_label(axis, line, look) for line in lines]
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            hovermode="x unified",
            margin={"l": 8, "r": 116, "t": 12, "b": 8, "pad": 4},
            xaxis=date_axis(look, grain, range=_range(starts), **_dates(starts, grain, look)),
            yaxis={
                "range": [deepest + 0.6, 0.4], **_ticks(lines, deepest), "showgrid": False,
            },
            annotations=labels,
        ),
    }  # fmt: skip
    subtitle = look.say(f"ranks.subtitle_{grain}", metric=metric.label(look.lang))
    order = look.say("list.comma").join(line.name for line in lines)
    alt = look.say("ranks.alt", count=len(lines), metric=metric.label(look.lang), order=order)
    return Picture(figure, _title(lines, grain, look), subtitle, alt)


def _lines(
    frame: pd.DataFrame, starts: list[Any], names: Mapping[int, str], top: int
) -> list[_Line]:
    last = frame[frame["start"] == starts[-1]].dropna(subset=["rank"]).sort_values("rank")
    stores = [int(store) for store in last["store_id"].head(top)]
    chosen = frame[frame["store_id"].isin(stores)].dropna(subset=["rank"])
    ranks = {
        (int(store), start): int(rank)
        for store, start, rank in zip(
            chosen["store_id"], chosen["start"], chosen["rank"], strict=True
        )
    }
    return [
        _Line(store, names.get(store, str(store)), [ranks.get((store, s)) for s in starts])
        for store in stores
    ]


def _trace(axis: list[str], line: _Line, colour: str, deepest: int, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": axis,
        "y": [None if rank is None else min(rank, deepest) for rank in line.ranks],
        "connectgaps": False,
        "cliponaxis": False,
        "name": line.name,
        "line": {"color": colour, "width": 2.5, "shape": "linear"},
        "marker": {"size": 7, "color": colour},
        "customdata": [
            look.say("no_data") if rank is None else look.say("ranks.place", rank=rank)
            for rank in line.ranks
        ],
        "hovertemplate": "%{customdata}",
    }


def _label(axis: list[str], line: _Line, look: Look) -> dict[str, Any]:
    # In the colour of text: the lines' own are too pale to be read at this size.
    return {
        "x": axis[-1],
        "y": line.ranks[-1],
        "xanchor": "left",
        "xshift": 10,
        "text": cut(line.name),
        "showarrow": False,
        "font": {"color": look.tokens.text, "size": 12},
    }


def _range(starts: Sequence[date]) -> list[str]:
    """Return the axis without the names, which stand in the margin."""
    pad = max((starts[-1] - starts[0]) / 40, timedelta(days=1))
    return [(starts[0] - pad).isoformat(), (starts[-1] + pad).isoformat()]


def _dates(starts: Sequence[date], grain: str, look: Look) -> dict[str, Any]:
    """Return every so many of the weeks or months, the last among them."""
    if grain == "month":
        return month_ticks(starts, look)
    step = -(-len(starts) // (3 if look.narrow else 7))
    return {"tickvals": [start.isoformat() for start in starts[::-step]]}


def _ticks(lines: list[_Line], deepest: int) -> dict[str, Any]:
    """Return the places named on the axis; the last is "14+" where a line was deeper still."""
    places = [1, *range(5, deepest + 1, 5)]
    words = [str(place) for place in places]
    if any(rank is not None and rank > deepest for line in lines for rank in line.ranks):
        kept = [place for place in places if place < deepest - 1]
        places, words = [*kept, deepest], [*map(str, kept), f"{deepest}+"]
    return {"tickvals": places, "ticktext": words}


def _title(lines: list[_Line], grain: str, look: Look) -> str:
    """Say the largest climb into the picture, or how long the first has been first."""
    first = lines[0]
    weeks = 0
    for rank in reversed(first.ranks):
        if rank != 1:
            break
        weeks += 1
    climbs = [
        (line.ranks[0] - line.ranks[-1], line)
        for line in lines
        if line.ranks[0] is not None and line.ranks[-1] is not None
    ]
    climb, climber = max(climbs, key=lambda item: item[0], default=(0, first))
    if climb >= 3 and climber.ranks[0] and climber.ranks[-1]:
        return look.say(
            "ranks.climb", store=climber.name, before=climber.ranks[0], now=climber.ranks[-1]
        )
    if weeks > 1:
        key = "ranks.leader_month" if grain == "month" else "ranks.leader"
        return look.say(key, store=first.name, count=weeks)
    return look.say("ranks.first", store=first.name)
