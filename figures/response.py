"""What a channel brings for what it costs: a curve with its range, and where the spend is today."""

from collections.abc import Mapping, Sequence
from typing import Any

from figures.look import Look, Picture, layout, value_axis
from figures.tokens import alpha

HEIGHT = 240
_MONEY = "money"


def response(
    curve: Mapping[str, Sequence[float]], today: float, *, look: Look, title: str
) -> Picture:
    """Draw extra sales a week over spend a week, in minor units: spend, mean, q10, q90.

    ``today``: what is spent in a week now; it is marked on the curve.
    """
    scale, theme = look.scale(_MONEY), look.tokens
    spend = [each * scale for each in curve["spend"]]
    mean, low, high = ([each * scale for each in curve[name]] for name in ("mean", "q10", "q90"))
    edge = {"type": "scatter", "mode": "lines", "x": spend, "hoverinfo": "skip"}
    hover = [
        look.say(
            "response.hover",
            spend=look.full(at, _MONEY),
            low=look.shown(least, _MONEY),
            high=look.shown(most, _MONEY),
        )
        for at, least, most in zip(curve["spend"], curve["q10"], curve["q90"], strict=True)
    ]
    band = {"fill": "tonexty", "fillcolor": alpha(theme.this, 0.16)}
    traces: list[dict[str, Any]] = [
        {**edge, "y": low, "line": {"width": 0}},
        {**edge, "y": high, "line": {"width": 0}, **band},
        {
            **edge, "y": mean, "line": {"color": theme.this, "width": 2.5, "dash": "dot"},
            "hoverinfo": "text", "hovertext": hover,
        },
        {
            "type": "scatter", "mode": "markers+text", "x": [today * scale],
            "y": [_at(spend, mean, today * scale)], "text": [look.say("response.today")],
            "textposition": "top center", "hoverinfo": "skip",
            "marker": {"color": theme.attention, "size": 11},
        },
    ]  # fmt: skip
    axis = value_axis(look, max(spend), _MONEY)
    drawn = layout(
        look,
        height=HEIGHT,
        showlegend=False,
        xaxis={**axis, "range": [0, max(spend)]},
        yaxis=value_axis(look, max(high), _MONEY, lowest=min(low)),
    )
    subtitle = look.say("response.subtitle", currency=look.sign())
    return Picture({"data": traces, "layout": drawn}, title, subtitle, f"{title} {subtitle}")


def _at(spend: Sequence[float], mean: Sequence[float], today: float) -> float:
    """Return the curve's height over ``today``, between the points that there are."""
    for left in range(len(spend) - 1):
        if spend[left] <= today <= spend[left + 1]:
            width = spend[left + 1] - spend[left]
            part = (today - spend[left]) / width if width else 0.0
            return mean[left] + part * (mean[left + 1] - mean[left])
    return mean[-1]
