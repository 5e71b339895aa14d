"""What moves a store's sales: weekday, season, and the days that are special."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from figures import formats
from figures.look import Figure, Look, Picture, day_ticks, layout, nothing

HEIGHT = 280
TALL = 620
"""On a phone the parts stand one below the other."""
MOST = 8
_SIDES = {
    1: [(0.0, 1.0)],
    2: [(0.0, 0.44), (0.6, 1.0)],
    3: [(0.0, 0.26), (0.33, 0.59), (0.79, 1.0)],
}
"""Where parts stand side by side; special days have their names to the left of them."""
_GAP = 0.13


def driver_parts(
    weekday: pd.DataFrame,
    season: pd.DataFrame,
    events: pd.DataFrame,
    names: Sequence[str],
    *,
    look: Look,
) -> Picture:
    """Draw by how much each part moves a day, as a share: 0.12 is 12 % more than without.

    ``weekday``: ``weekday`` (0 Monday), ``effect``; ``season``: ``day``, ``effect``; ``events``:
    ``effect`` and ``days``, beside ``names`` as the reader calls them. A part with no rows is left
    out.
    """
    made = [
        part
        for part in (_weekdays(weekday, look), _season(season, look), _events(events, names, look))
        if part is not None
    ]
    height = TALL if look.narrow else HEIGHT
    if not made:
        return nothing(look, look.say("drivers.none"), height=120)
    traces, axes, words = [], {}, []
    for index, (trace, x, y, title) in enumerate(made):
        number = "" if index == 0 else str(index + 1)
        xs, ys = _place(index, len(made), narrow=look.narrow)
        trace |= {"xaxis": f"x{number}", "yaxis": f"y{number}"}
        traces.append(trace)
        axes[f"xaxis{number}"] = {**x, "domain": xs, "anchor": f"y{number}"}
        axes[f"yaxis{number}"] = {**y, "domain": ys, "anchor": f"x{number}"}
        words.append(
            {
                "xref": "paper", "yref": "paper", "x": xs[0], "y": ys[1], "yshift": 8,
                "xanchor": "left", "yanchor": "bottom", "text": title, "showarrow": False,
                "font": {"color": look.tokens.muted, "size": 12},
            }
        )  # fmt: skip
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height if len(made) > 1 else HEIGHT,
            hovermode="closest",
            annotations=words,
            margin={"l": 8, "r": 12, "t": 34, "b": 8, "pad": 4},
            **axes,
        ),
    }
    return Picture(figure, _title(weekday, look), look.say("drivers.subtitle"), _alt(weekday, look))


def effect(value: float) -> str:
    """Return +12 % or -8 %."""
    text = formats.percent(abs(value))
    return text if text.startswith("0\u00a0") else f"{'+' if value > 0 else '−'}{text}"


def _place(index: int, count: int, *, narrow: bool) -> tuple[list[float], list[float]]:
    """Return the domain of a part on both axes: side by side, or below each other."""
    if not narrow:
        return list(_SIDES[count][index]), [0.0, 1.0]
    size = (1 - _GAP * (count - 1)) / count
    top = 1 - index * (size + _GAP)
    return [0.0, 1.0], [max(0.0, top - size), top]


_Part = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]


def _axis(effects: "pd.Series[float]") -> dict[str, Any]:
    # Bars start at zero; half of what is seen is left as room, so that small effects look small.
    low, high = min(0.0, float(effects.min())), max(0.0, float(effects.max()))
    room = max(high - low, 0.04) * 0.1
    return {
        "range": [(low - room) * 100, (high + room) * 100],
        "nticks": 4,
        "ticksuffix": " %",
        "zeroline": True,
        "fixedrange": True,
    }


def _bars(values: Sequence[float], look: Look) -> dict[str, Any]:
    colours = [look.tokens.this if value >= 0 else look.tokens.comparison for value in values]
    return {"color": colours, "line": {"width": 0}}


def _weekdays(weekday: pd.DataFrame, look: Look) -> _Part | None:
    if weekday.empty:
        return None
    rows = weekday.sort_values("weekday")
    values = [float(value) for value in rows["effect"]]
    trace = {
        "type": "bar",
        "x": [formats.weekday(int(day), look.lang) for day in rows["weekday"]],
        "y": [round(value * 100, 2) for value in values],
        "marker": _bars(values, look),
        "customdata": [effect(value) for value in values],
        "hovertemplate": "%{x}: %{customdata}<extra></extra>",
    }
    zero = {"zerolinecolor": look.tokens.comparison}
    return (
        trace,
        {"type": "category", "tickangle": 0},
        _axis(rows["effect"]) | zero,
        look.say("drivers.weekday"),
    )


def _season(season: pd.DataFrame, look: Look) -> _Part | None:
    if season.empty:
        return None
    days = list(season["day"])
    trace = {
        "type": "scatter",
        "mode": "lines",
        "x": [day.isoformat() for day in days],
        "y": [round(float(value) * 100, 2) for value in season["effect"]],
        "line": {"color": look.tokens.this, "width": 2.5},
        "customdata": [
            f"{formats.day(day, look.lang)}: {effect(float(value))}"
            for day, value in zip(days, season["effect"], strict=True)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    ticks = day_ticks(days, look)
    few = {key: values[:: max(1, len(values) // 3)] for key, values in ticks.items()}
    x = {"type": "date", "showgrid": False, **few}
    zero = {"zerolinecolor": look.tokens.comparison}
    return trace, x, _axis(season["effect"]) | zero, look.say("drivers.season")


def _events(events: pd.DataFrame, names: Sequence[str], look: Look) -> _Part | None:
    if events.empty:
        return None
    rows = events.assign(label=list(names))
    rows = rows.reindex(rows["effect"].abs().sort_values(ascending=False).index).head(MOST)[::-1]
    values = [float(value) for value in rows["effect"]]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [round(value * 100, 2) for value in values],
        "y": list(rows["label"]),
        "marker": _bars(values, look),
        "customdata": [
            look.say("drivers.event", effect=effect(value), count=int(days))
            for value, days in zip(values, rows["days"], strict=True)
        ],
        "hovertemplate": "%{y}: %{customdata}<extra></extra>",
    }
    zero = {"zerolinecolor": look.tokens.comparison}
    y = {"type": "category", "showgrid": False}
    return trace, _axis(rows["effect"]) | zero, y, look.say("drivers.events")


def _title(weekday: pd.DataFrame, look: Look) -> str:
    if weekday.empty:
        return look.say("drivers.title_plain")
    best = weekday.sort_values("effect").iloc[-1]
    day = formats.weekday(int(best["weekday"]), look.lang, wide=True)
    return look.say("drivers.title", weekday=day, effect=effect(float(best["effect"])))


def _alt(weekday: pd.DataFrame, look: Look) -> str:
    parts = [
        f"{formats.weekday(int(row.weekday), look.lang)} {effect(float(row.effect))}"  # type: ignore[arg-type]
        for row in weekday.itertuples()
    ]
    return look.say("drivers.alt", parts=look.say("list.comma").join(parts))
