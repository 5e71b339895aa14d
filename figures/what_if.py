"""A few days ahead as they are forecast, and as they would be."""

from dataclasses import replace
from typing import Any

import pandas as pd

from chain.days import Period
from figures import formats
from figures.daily import days_of, span_of
from figures.look import Look, Picture, date_axis, day_ticks, layout, value_axis
from figures.tokens import alpha

HEIGHT = 220
_MONEY = "money"


def what_if(frame: pd.DataFrame, *, look: Look, name: str, height: int = HEIGHT) -> Picture:
    """Draw ``frame``: ``day``, ``mean``, ``changed``, ``low``, ``high`` (80 % of the changed).

    Amounts are in minor units; ``name`` is what would be, in a word or two.
    """
    days = days_of(Period(frame["day"].iloc[0], frame["day"].iloc[-1]), "day")
    axis = [day.isoformat() for day in frame["day"]]
    highest = float(frame[["mean", "changed", "high"]].max().max()) * look.scale(_MONEY)
    theme = look.tokens
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": axis,
        "hoverinfo": "skip",
        "line": {"width": 0},
    }
    band = {"fill": "tonexty", "fillcolor": alpha(theme.this, 0.16)}
    traces = [
        {**edge, "y": _scaled(frame["low"], look)},
        {**edge, "y": _scaled(frame["high"], look), **band},
        _line(axis, frame["mean"], look.say("what_if.as_is"), theme.comparison, look),
        _line(axis, frame["changed"], name, theme.this, look),
    ]
    drawn = layout(
        look,
        height=height,
        xaxis=date_axis(
            look, range=span_of(days, "day"), **day_ticks(days, replace(look, narrow=True))
        ),
        yaxis=value_axis(look, highest, _MONEY),
    )
    gain = float(frame["changed"].sum() - frame["mean"].sum())
    return Picture(
        {"data": traces, "layout": drawn},
        _title(gain, name, look),
        look.say("what_if.subtitle", currency=look.sign()),
        f"{_title(gain, name, look)} {formats.days(days[0], days[-1], look.lang)}",
    )


def _title(gain: float, name: str, look: Look) -> str:
    key = "more" if gain > 0 else "less" if gain < 0 else "same"
    amount = look.shown(abs(gain), _MONEY)
    return look.say(f"what_if.{key}", name=name, amount=amount)


def _scaled(values: "pd.Series[Any]", look: Look) -> list[float]:
    scale = look.scale(_MONEY)
    return [round(float(value) * scale, 2) for value in values]


def _line(
    axis: list[str], values: "pd.Series[Any]", name: str, colour: str, look: Look
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": axis,
        "y": _scaled(values, look),
        "name": name,
        "line": {"color": colour, "width": 2.5},
        "marker": {"color": colour, "size": 5},
        "customdata": [look.full(float(value), _MONEY) for value in values],
        "hovertemplate": "%{customdata}",
    }
