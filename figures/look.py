"""What every picture shares: who looks at it, what it is handed back as, its colours and axes.

A figure is a plain dictionary in Plotly's own form. The board asks for dozens a second, and
Plotly's checking of each attribute costs more than making the figure; the tests put every figure
through that checking instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil, floor, log10
from typing import Any
from zlib import crc32

from chain.money import exponent
from chain.words import Lang, catalogue, say
from figures import formats
from figures.templates import template
from figures.tokens import Tokens, tokens

Figure = dict[str, Any]

# By key, so that a platform keeps its colour on every page and in every chain; those that are
# seen together are kept apart.
_PLATFORM_COLOURS = {
    "alipay": 0,
    "wechat": 2,
    "meituan": 1,
    "jd": 3,
    "eleme": 4,
    "card": 5,
    "cash": 6,
    "adyen": 5,
    "paypal": 0,
    "stripe": 5,
    "square": 4,
    "shopify": 2,
}


@dataclass(frozen=True, slots=True)
class Look:
    """Language, theme and the chain's currency: all that a picture must know of its reader."""

    lang: Lang
    dark: bool
    currency: str
    narrow: bool = False
    """On a phone: fewer ticks."""

    @property
    def tokens(self) -> Tokens:
        """The colours of the theme."""
        return tokens(self.dark)

    def say(self, key: str, /, **params: float | str) -> str:
        """Return the sentence ``figures.<key>``."""
        return say(self.lang, f"figures.{key}", **params)

    def shown(self, value: float | None, unit: str) -> str:
        """Return ``value`` short."""
        return formats.figure(value, unit, self.currency, self.lang)

    def full(self, value: float | None, unit: str) -> str:
        """Return ``value`` with all its digits."""
        return formats.figure_full(value, unit, self.currency, self.lang)

    def sign(self) -> str:
        """Return the sign of the currency."""
        return formats.symbol(self.currency, self.lang)

    def scale(self, unit: str) -> float:
        """Return what a stored value is multiplied by to be drawn: major units, per cent."""
        if unit == "money":
            return float(10 ** -exponent(self.currency))
        return 100.0 if unit == "ratio" else 1.0

    def platform(self, code: str) -> str:
        """Return the name of a platform; a code we have no word for is shown as it is."""
        key = f"figures.platform.{code}"
        return catalogue(self.lang).get(key) or code.removeprefix("generic-")


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure with its words: the finding as title, measure and unit below, a text for the blind.

    ``empty``: there is nothing to draw, and ``title`` says so.
    """

    figure: Figure
    title: str
    subtitle: str
    alt: str
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A holiday, campaign or note from ``start`` to ``end``, both included, marked on the axis.

    What a campaign or a note is stands in the hover alone, for many may run at once.
    """

    start: date
    end: date
    label: str
    campaign: bool = False
    note: bool = False

    @property
    def holiday(self) -> bool:
        """Whether it is neither of the others."""
        return not self.campaign and not self.note


@dataclass(frozen=True, slots=True)
class Axis:
    """A value axis: few ticks with short labels, from zero."""

    top: float
    ticks: Sequence[float]
    labels: Sequence[str]
    layout: dict[str, Any] = field(default_factory=dict)


def platform_colour(code: str, look: Look) -> str:
    """Return the colour of a platform, the same everywhere."""
    index = _PLATFORM_COLOURS.get(code, crc32(code.encode()) % 7)
    return look.tokens.categories[index]


def key_colour(key: int, look: Look) -> str:
    """Return the colour of a store or region by its id, the same everywhere."""
    return look.tokens.categories[key % len(look.tokens.categories)]


def key_colours(keys: Sequence[int], look: Look) -> dict[int, str]:
    """Return a colour for each of at most seven stores seen together, all different.

    Each gets its own; where two have the same, the one with the larger id gets the next free.
    """
    palette = look.tokens.categories
    free = list(range(len(palette)))
    chosen: dict[int, str] = {}
    for key in sorted(keys):
        own = key % len(palette)
        index = min(free, key=lambda i: (i - own) % len(palette)) if free else own
        chosen[key] = palette[index]
        free = [i for i in free if i != index]
    return chosen


def cut(name: str) -> str:
    """Cut a name to the room right of the picture; a Chinese character is two Latin ones wide."""
    room, kept = 15, ""
    for letter in name:
        room -= 2 if ord(letter) > 0x2E7F else 1
        if room < 0:
            return kept.rstrip() + "…"
        kept += letter
    return kept


def layout(look: Look, *, height: int, **more: Any) -> dict[str, Any]:
    """Return a layout of ``height`` pixels in the look's template."""
    return {"template": template(look.dark), "height": height, "autosize": True, **more}


def date_axis(look: Look, grain: str = "day", **more: Any) -> dict[str, Any]:
    """Return an axis of days: few ticks, the whole day in the hover."""
    chinese = look.lang == "zh"
    if grain == "month":
        whole = "%Y年%-m月" if chinese else "%b %Y"
    else:
        whole = "%Y年%-m月%-d日 %a" if chinese else "%a %-d %b %Y"
    return {
        "type": "date",
        "tickformat": "%-m月%-d日" if chinese else "%-d %b",
        "hoverformat": whole,
        # Without it the box of a day with a tick would be headed by the tick's short text.
        "unifiedhovertitle": {"text": f"%{{x|{whole}}}"},
        "nticks": 3 if look.narrow else 7,
        "tickangle": 0,
        "showgrid": False,
        **more,
    }


def day_ticks(days: Sequence[date], look: Look) -> dict[str, Any]:
    """Return the ticks of an axis of ``days`` in a row: each day, the Mondays, or the months.

    Weeks start on Monday in both languages. Up to about seven ticks, three on a phone.
    """
    most = 3 if look.narrow else 7
    if len(days) <= 14:
        chosen = list(days)
    elif len(days) <= 100:
        chosen = [day for day in days if day.weekday() == 0] or list(days)
    else:
        chosen = [day for day in days if day.day == 1]
    step = -(-len(chosen) // most) or 1
    # From the end backwards: the newest is what a reader looks for.
    kept = chosen[::-1][::step][::-1]
    return {
        "tickvals": [day.isoformat() for day in kept],
        "ticktext": [formats.day_short(day, look.lang) for day in kept],
    }


def month_ticks(months: Sequence[date], look: Look) -> dict[str, Any]:
    """Return the ticks of an axis of months, the first of each year with its year."""
    most = 3 if look.narrow else 7
    step = -(-len(months) // most) or 1
    kept = list(months)[::-1][::step][::-1]
    return {
        "tickvals": [month.isoformat() for month in kept],
        "ticktext": [
            formats.month_short(month, look.lang, year=i == 0 or month.year != kept[i - 1].year)
            for i, month in enumerate(kept)
        ],
    }


def value_axis(look: Look, highest: float, unit: str, *, lowest: float = 0.0) -> dict[str, Any]:
    """Return an axis from zero (or below, where values are) with about four round ticks.

    ``highest`` and ``lowest`` are as drawn: money in major units, ratios in per cent.
    """
    step = _step((highest - min(lowest, 0.0)) or 1.0)
    if unit in {"count", "days"}:
        step = float(ceil(step))
    first = floor(min(lowest, 0.0) / step)
    last = max(ceil(highest / step), first + 1)
    ticks = [step * i for i in range(first, last + 1)]
    scale = look.scale(unit)
    return {
        "tickvals": ticks,
        "ticktext": [look.shown(tick / scale, unit) for tick in ticks],
        "range": [ticks[0], max(highest * 1.04, ticks[-1] if highest <= 0 else highest * 1.04)],
        "zeroline": False,
    }


def _step(span: float) -> float:
    rough = span / 4
    power = 10.0 ** floor(log10(rough))
    for factor in (1, 2, 2.5, 5):
        if rough <= factor * power * 1.0001:
            return factor * power
    return 10 * power


def nothing(look: Look, title: str, *, height: int) -> Picture:
    """Return an empty picture that says ``title``."""
    hidden = {"visible": False}
    figure = {"data": [], "layout": layout(look, height=height, xaxis=hidden, yaxis=hidden)}
    return Picture(figure, title, "", look.say("daily.alt_none"), empty=True)


def locale_config(lang: str) -> dict[str, Any]:
    """Return the part of a graph's ``config`` that gives Plotly the names of days and months."""
    if lang != "zh":
        return {}
    days = ["周日", "周一", "周二", "周三", "周四", "周五", "周六"]
    months = [f"{month}月" for month in range(1, 13)]
    words = {"days": days, "shortDays": days, "months": months, "shortMonths": months}
    return {
        "locale": "zh-CN",
        "locales": {"zh-CN": {"dictionary": {}, "format": {**words, "date": "%Y-%m-%d"}}},
    }
