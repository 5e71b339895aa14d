"""What came and what is to come: a line of the past, a fan of the days ahead."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from chain.days import Period
from figures import formats
from figures.daily import days_of, span_of
from figures.look import (
    Figure,
    Look,
    Mark,
    Picture,
    date_axis,
    day_ticks,
    layout,
    nothing,
    value_axis,
)
from figures.marks import campaign_line, campaign_word, holiday_lines, holiday_words, shades
from figures.tokens import alpha

HEIGHT = 360
BANDS = (("q0.1", "q0.9", 0.16), ("q0.3", "q0.7", 0.22))
"""Lower and upper column of each band, and how deep it is drawn; the first one is named."""
MIDDLE = "q0.5"
_MONEY = "money"


def fan(
    history: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    look: Look,
    marks: Sequence[Mark] = (),
    height: int = HEIGHT,
) -> Picture:
    """Draw the past and the forecast of a store, a region or the chain.

    ``history``: ``day``, ``value`` (minor units, NaN where there is no data), ``open``. ``frame``:
    ``day``, ``mean``, ``q0.1`` to ``q0.9`` with overrides, ``base`` (the mean without them),
    ``overridden``, ``open``. Where days are overridden, the line without it stands beside.
    """
    if frame.empty:
        return nothing(look, look.say("fan.none"), height=height)
    first = history["day"].iloc[0] if len(history) else frame["day"].iloc[0]
    days = days_of(Period(first, frame["day"].iloc[-1]), "day")
    traces = [*_bands(frame, look), *_without(frame, look), _middle(frame, look)]
    if len(history):
        traces.append(_past(history, look))
    traces += campaign_line(days, marks, look)
    highest = max(float(frame["q0.9"].max()), float(frame["base"].max()), _top(history))
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            xaxis=date_axis(look, range=span_of(days, "day"), **day_ticks(days, look)),
            yaxis=value_axis(look, highest * look.scale(_MONEY), _MONEY),
            shapes=[
                *shades(_closed(history, frame), look),
                *holiday_lines(marks, look),
                _border(frame["day"].iloc[0], look),
            ],
            annotations=[
                *_spaced(holiday_words(marks, look), len(days), look),
                *campaign_word(days, marks, look),
                _named(frame["day"].iloc[0], look),
            ],
            margin={"l": 8, "r": 12, "t": 26, "b": 8, "pad": 4},
        ),
    }
    return Picture(figure, _title(frame, look), _subtitle(frame, look), _alt(frame, look))


def _top(history: pd.DataFrame) -> float:
    top = history["value"].max() if len(history) else 0
    return 0.0 if formats.missing(top) else float(top)


def _axis(frame: pd.DataFrame) -> list[str]:
    return [day.isoformat() for day in frame["day"]]


def _scaled(values: "pd.Series[Any]", look: Look) -> list[float | None]:
    scale = look.scale(_MONEY)
    return [None if formats.missing(value) else round(float(value) * scale, 2) for value in values]


def _bands(frame: pd.DataFrame, look: Look) -> list[dict[str, Any]]:
    """Return each band as shapes, one for each run of open days, and what the hover says of it."""
    made: list[dict[str, Any]] = []
    for low, high, depth in BANDS:
        x: list[str | None] = []
        y: list[float | None] = []
        for run in _open_runs(frame):
            axis = _axis(run)
            x += [*axis, *axis[::-1], None]
            y += [*_scaled(run[high], look), *_scaled(run[low], look)[::-1], None]
        made.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x,
                "y": y,
                "fill": "toself",
                "fillcolor": alpha(look.tokens.this, depth),
                "line": {"width": 0},
                "hoverinfo": "skip",
            }
        )
    return [*made, _range(frame, look)]


def _open_runs(frame: pd.DataFrame) -> list[pd.DataFrame]:
    is_open = frame["open"].astype(bool)
    runs = (is_open != is_open.shift()).cumsum()
    return [run for _, run in frame[is_open].groupby(runs[is_open])]


def _range(frame: pd.DataFrame, look: Look) -> dict[str, Any]:
    """Return an unseen line that says the range of each day in its hover."""
    low, high, _ = BANDS[0]
    shown = frame[frame["open"].astype(bool)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _axis(shown),
        "y": _scaled(shown[high], look),
        "name": look.say("fan.range"),
        "line": {"width": 0, "color": alpha(look.tokens.this, BANDS[0][2])},
        "customdata": [
            f"{look.full(one, _MONEY)} – {look.full(other, _MONEY)} ({look.say('fan.term')})"
            for one, other in zip(shown[low], shown[high], strict=True)
        ],
        "hovertemplate": "%{customdata}",
    }


def _middle(frame: pd.DataFrame, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _axis(frame),
        "y": _scaled(frame[MIDDLE].where(frame["open"].astype(bool)), look),
        "connectgaps": False,
        "name": look.say("fan.expected"),
        "line": {"color": look.tokens.this, "width": 2.5, "dash": "dot"},
        "customdata": [look.full(value, _MONEY) for value in frame[MIDDLE]],
        "hovertemplate": "%{customdata}",
    }


def _without(frame: pd.DataFrame, look: Look) -> list[dict[str, Any]]:
    """Return the line as it was before overrides, on the days that have one."""
    changed = frame["overridden"].astype(bool)
    if not changed.any():
        return []
    # The line drawn is the median, so the mean before is moved to it by the day's own ratio.
    ratio = (frame[MIDDLE] / frame["mean"].where(frame["mean"] > 0)).fillna(1.0)
    before = (frame["base"] * ratio).where(changed)
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": _axis(frame),
            "y": _scaled(before, look),
            "connectgaps": False,
            "name": look.say("fan.without"),
            "line": {"color": look.tokens.comparison, "width": 2, "dash": "dash"},
            "marker": {"color": look.tokens.comparison, "size": 4},
            "customdata": ["" if formats.missing(v) else look.full(v, _MONEY) for v in before],
            "hovertemplate": "%{customdata}",
        }
    ]


def _past(history: pd.DataFrame, look: Look) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": _axis(history),
        "y": _scaled(history["value"], look),
        "connectgaps": False,
        "name": look.say("fan.came"),
        "line": {"color": look.tokens.this, "width": 2.5},
        "customdata": [
            look.say("no_data") if formats.missing(value) else look.full(value, _MONEY)
            for value in history["value"]
        ],
        "hovertemplate": "%{customdata}",
    }


def _closed(history: pd.DataFrame, frame: pd.DataFrame) -> list[date]:
    """Return the days to shade: closed ones, and those of the past that have no data."""
    ahead = zip(frame["day"], frame["open"], strict=True)
    past = zip(history["day"], history["open"], history["value"], strict=True)
    return [day for day, is_open, value in past if not is_open or formats.missing(value)] + [
        day for day, is_open in ahead if not is_open
    ]


def _border(first: date, look: Look) -> dict[str, Any]:
    at = (pd.Timestamp(first) - timedelta(hours=12)).isoformat()
    line = {"color": look.tokens.comparison, "width": 1, "dash": "dot"}
    return {
        "type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
        "line": line, "layer": "below",
    }  # fmt: skip


def _named(first: date, look: Look) -> dict[str, Any]:
    return {
        "xref": "x",
        "yref": "paper",
        "x": (pd.Timestamp(first) - timedelta(hours=12)).isoformat(),
        "y": 1,
        "xanchor": "left",
        "yanchor": "bottom",
        "text": look.say("fan.legend"),
        "showarrow": False,
        "font": {"color": look.tokens.muted, "size": 11},
    }


def _spaced(words: list[dict[str, Any]], days: int, look: Look) -> list[dict[str, Any]]:
    """Leave out names of holidays that would run into the one before."""
    apart = timedelta(days=days * (0.24 if look.narrow else 0.1))
    kept: list[dict[str, Any]] = []
    for word in words:
        if not kept or pd.Timestamp(word["x"]) - pd.Timestamp(kept[-1]["x"]) >= apart:
            kept.append(word)
    return kept


def _title(frame: pd.DataFrame, look: Look) -> str:
    open_days = frame[frame["open"].astype(bool)]
    if open_days.empty:
        return look.say("fan.all_closed")
    low, high = float(open_days["q0.1"].median()), float(open_days["q0.9"].median())
    return look.say("fan.title", low=look.shown(low, _MONEY), high=look.shown(high, _MONEY))


def _subtitle(frame: pd.DataFrame, look: Look) -> str:
    span = formats.days(frame["day"].iloc[0], frame["day"].iloc[-1], look.lang)
    said = look.say("fan.subtitle", currency=look.sign(), span=span)
    if frame["overridden"].astype(bool).any():
        said += f" · {look.say('fan.overridden')}"
    return said


def _alt(frame: pd.DataFrame, look: Look) -> str:
    return look.say(
        "fan.alt",
        span=formats.days(frame["day"].iloc[0], frame["day"].iloc[-1], look.lang),
        total=look.shown(float(frame["mean"].sum()), _MONEY),
        low=look.shown(float(frame["q0.1"].min()), _MONEY),
        high=look.shown(float(frame["q0.9"].max()), _MONEY),
    )
