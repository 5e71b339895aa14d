"""The bridge between two periods: a bar for each thing that made a difference, and their sum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from figures import formats
from figures.look import Figure, Look, Picture, layout, nothing, value_axis
from figures.tokens import alpha

ROW = 32
_ABOVE, _BELOW = 10, 34
_MONEY = "money"
UP, DOWN = 5, 1
"""Places in the diverging palette: more is blue, less is amber, and the numbers say which."""


@dataclass(frozen=True, slots=True)
class Step:
    """A bar: what it is called, what it made (minor units), and what that means, for the hover."""

    name: str
    amount: int
    about: str = ""


def height_of(steps: int, row: int = ROW) -> int:
    """Return the height of a picture of so many bars beside their sum, ``row`` pixels each."""
    return row * (steps + 1) + _ABOVE + _BELOW


def waterfall(
    steps: Sequence[Step], totals: tuple[int, int], words: Mapping[str, str], *, look: Look
) -> Picture:
    """Draw how ``totals`` (before, now) came from each other.

    Each bar starts where the one above it ended, from zero (no change) on; the last is their sum.
    Steps of nothing are left out. ``words``: ``measure`` (net sales), ``than`` (the comparison),
    ``total`` (the name of the last bar).
    """
    shown = [step for step in steps if step.amount]
    before, now = totals
    if not shown:
        return nothing(look, _title(totals, words, look), height=120)
    scale = look.scale(_MONEY)
    bars = [*shown, Step(words["total"], now - before)]
    starts = [sum(step.amount for step in shown[:at]) for at in range(len(shown))] + [0]
    ends = [start + bar.amount for start, bar in zip(starts, bars, strict=True)]
    axis = _axis(starts, ends, scale, look)
    figure: Figure = {
        "data": [_trace(bars, starts, look, scale)],
        "layout": layout(
            look,
            height=height_of(len(shown)),
            barmode="overlay",
            bargap=0.36,
            hovermode="closest",
            xaxis=axis,
            yaxis={
                "tickvals": list(range(len(bars))),
                "ticktext": [bar.name for bar in bars],
                "range": [len(bars) - 0.5, -0.5],
                "showgrid": False,
                "zeroline": False,
                "automargin": True,
            },
            margin={"l": 8, "r": 12, "t": _ABOVE, "b": 24, "pad": 4},
            annotations=[_amount(at, bar, ends[at], starts[at], look, scale)
                         for at, bar in enumerate(bars)],
            shapes=_joints(ends, look, scale),
        ),
    }  # fmt: skip
    subtitle = look.say("waterfall.subtitle", measure=words["measure"])
    return Picture(figure, _title(totals, words, look), subtitle, _alt(bars, totals, words, look))


def _axis(starts: Sequence[int], ends: Sequence[int], scale: float, look: Look) -> dict[str, Any]:
    low, high = min(0, *starts, *ends) * scale, max(0, *starts, *ends) * scale
    # Beside each bar's end stands its amount.
    room = (high - low or 1.0) * (0.3 if look.narrow else 0.16)
    pairs = list(zip(starts, ends, strict=True))
    right = max((end * scale + room for start, end in pairs if end >= start), default=high)
    left = min((end * scale - room for start, end in pairs if end < start), default=low)
    axis = value_axis(look, high, _MONEY, lowest=low)
    step = 2 if look.narrow else 1
    return {
        **axis,
        "tickvals": axis["tickvals"][::step],
        "ticktext": axis["ticktext"][::step],
        "range": [min(low, left), max(high, right)],
        "showgrid": True,
        "tickangle": 0,
    }


def _trace(bars: Sequence[Step], starts: Sequence[int], look: Look, scale: float) -> dict[str, Any]:
    palette = look.tokens.diverging
    colours = [palette[UP if bar.amount > 0 else DOWN] for bar in bars[:-1]]
    return {
        "type": "bar",
        "orientation": "h",
        "y": list(range(len(bars))),
        "x": [round(bar.amount * scale, 2) for bar in bars],
        "base": [round(start * scale, 2) for start in starts],
        "marker": {"color": [*colours, look.tokens.this], "line": {"width": 0}},
        "customdata": [[bar.name, _signed(bar.amount, look, full=True), bar.about] for bar in bars],
        "hovertemplate": "%{customdata[0]}: %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        "cliponaxis": False,
    }


def _amount(at: int, bar: Step, end: int, start: int, look: Look, scale: float) -> dict[str, Any]:
    right = bar.amount >= 0
    return {
        "x": round(end * scale, 2) if bar.amount else round(start * scale, 2),
        "y": at,
        "xref": "x",
        "yref": "y",
        "xanchor": "left" if right else "right",
        "xshift": 4 if right else -4,
        "yanchor": "middle",
        "text": _signed(bar.amount, look),
        "showarrow": False,
        "font": {"color": look.tokens.text, "size": 12},
    }


def _joints(ends: Sequence[int], look: Look, scale: float) -> list[dict[str, Any]]:
    """Return the thin lines that lead from each bar's end to the next bar, and the zero."""
    zero = {"x0": 0, "x1": 0, "y0": -0.5, "y1": len(ends) - 0.5}
    lines = [
        {"x0": round(end * scale, 2), "x1": round(end * scale, 2), "y0": at, "y1": at + 1}
        for at, end in enumerate(ends[:-2])
    ]
    return [
        {
            "type": "line", "xref": "x", "yref": "y", "layer": "below", **line,
            "line": {"color": alpha(look.tokens.comparison, 0.5), "width": 1},
        }
        for line in (zero, *lines)
    ]  # fmt: skip


def _signed(minor: int, look: Look, *, full: bool = False) -> str:
    text = (look.full if full else look.shown)(abs(minor), _MONEY)
    return ("+" if minor > 0 else "−" if minor < 0 else "") + text


def _title(totals: tuple[int, int], words: Mapping[str, str], look: Look) -> str:
    before, now = totals
    change = now - before
    key = "up" if change > 0 else "down" if change < 0 else "level"
    share = f" ({formats.percent(abs(change / before))})" if before > 0 and change else ""
    return look.say(
        f"waterfall.{key}",
        measure=words["measure"],
        now=look.shown(now, _MONEY),
        change=look.shown(abs(change), _MONEY) + share,
        than=words["than"],
    )


def _alt(
    bars: Sequence[Step], totals: tuple[int, int], words: Mapping[str, str], look: Look
) -> str:
    comma = look.say("list.comma")
    parts = comma.join(f"{bar.name} {_signed(bar.amount, look)}" for bar in bars[:-1])
    return look.say("waterfall.alt", title=_title(totals, words, look), parts=parts)
