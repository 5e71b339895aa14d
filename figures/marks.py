"""What is marked on the axis of days: closed days and gaps, holidays, campaigns."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from figures.look import Look, Mark
from figures.tokens import alpha

CAMPAIGN = 3
NOTE = 5
"""Colours of campaigns and notes: neither that of this period nor of what wants attention."""


def shades(gaps: Sequence[date], look: Look) -> list[dict[str, Any]]:
    """Return one grey band for each run of days that are closed or have no data."""
    bands: list[list[date]] = []
    for day in sorted(gaps):
        if bands and (day - bands[-1][1]).days == 1:
            bands[-1][1] = day
        else:
            bands.append([day, day])
    half = timedelta(hours=12)
    return [
        {
            "type": "rect",
            "layer": "below",
            "xref": "x",
            "yref": "paper",
            "x0": (pd.Timestamp(start) - half).isoformat(),
            "x1": (pd.Timestamp(end) + half).isoformat(),
            "y0": 0,
            "y1": 1,
            "line": {"width": 0},
            "fillcolor": look.tokens.closed,
        }
        for start, end in bands
    ]


def campaign_line(days: Sequence[date], marks: Sequence[Mark], look: Look) -> list[dict[str, Any]]:
    """Return a line on the axis over the days of campaigns, each with their names in its hover.

    Notes on days have one of their own, in their own colour.
    """
    ran, noted = [each for each in marks if each.campaign], [each for each in marks if each.note]
    return [
        *_line(days, ran, look.say("campaign"), CAMPAIGN, look),
        *_line(days, noted, look.say("note"), NOTE, look),
    ]


def _line(
    days: Sequence[date], ran: Sequence[Mark], name: str, colour_at: int, look: Look
) -> list[dict[str, Any]]:
    comma = look.say("list.comma")
    names = [
        comma.join(mark.label for mark in ran if mark.start <= day <= mark.end) for day in days
    ]
    if not any(names):
        return []
    colour = look.tokens.categories[colour_at]
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": [day.isoformat() for day in days],
            "y": [0 if each else None for each in names],
            "connectgaps": False,
            "cliponaxis": False,
            "name": name,
            # Half of the line lies below the axis, where it is cut off.
            "line": {"color": colour, "width": 8},
            "marker": {"color": colour, "size": _lonely(names), "symbol": "square"},
            "customdata": names,
            "hovertemplate": "%{customdata}",
        }
    ]


def campaign_word(days: Sequence[date], marks: Sequence[Mark], look: Look) -> list[dict[str, Any]]:
    """Say over the longest run of campaign days what the line on the axis is."""
    runs: list[list[date]] = []
    for day in days:
        if not any(mark.campaign and mark.start <= day <= mark.end for mark in marks):
            continue
        if runs and runs[-1][-1] == day - timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    if not runs:
        return []
    run = max(runs, key=len)
    over = any(m.holiday and m.start <= run[-1] and m.end >= run[0] for m in marks)
    return [
        {
            "xref": "x",
            "yref": "paper",
            "x": (pd.Timestamp(run[0]) + (run[-1] - run[0]) / 2).isoformat(),
            "y": 0,
            "yanchor": "bottom",
            "yshift": 20 if over else 4,
            "text": look.say("campaign"),
            "showarrow": False,
            "font": {"color": look.tokens.muted, "size": 11},
        }
    ]


def _lonely(names: Sequence[str]) -> list[int]:
    """Return the size of a mark for each day: a campaign of one day has no line."""
    around = ["", *names, ""]
    return [
        7 if name and not before and not after else 0
        for before, name, after in zip(around, names, around[2:], strict=False)
    ]


def holiday_lines(marks: Sequence[Mark], look: Look) -> list[dict[str, Any]]:
    """Return a line on the axis over the days of each holiday."""
    half = timedelta(hours=12)
    return [
        {
            "type": "line",
            "xref": "x",
            "yref": "paper",
            "x0": (pd.Timestamp(mark.start) - half).isoformat(),
            "x1": (pd.Timestamp(mark.end) + half).isoformat(),
            "y0": 0,
            "y1": 0,
            "line": {"color": look.tokens.attention, "width": 4},
        }
        for mark in marks
        if mark.holiday
    ]


def holiday_words(marks: Sequence[Mark], look: Look) -> list[dict[str, Any]]:
    """Return the name of each holiday, over its line."""
    return [
        {
            "xref": "x",
            "yref": "paper",
            "x": (pd.Timestamp(mark.start) + (mark.end - mark.start) / 2).isoformat(),
            "y": 0,
            "yanchor": "bottom",
            "yshift": 3,
            "text": mark.label,
            "showarrow": False,
            "font": {"color": look.tokens.attention_text, "size": 11},
            "bgcolor": alpha(look.tokens.surface, 0.8),
        }
        for mark in marks
        if mark.holiday
    ]
