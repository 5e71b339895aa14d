"""A metric day by day against a comparison in grey, and its sparkline."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from chain.days import Period
from chain.metrics import Metric
from figures import formats
from figures.look import (
    Figure,
    Look,
    Mark,
    Picture,
    date_axis,
    day_ticks,
    layout,
    month_ticks,
    nothing,
    value_axis,
)
from figures.marks import campaign_line, campaign_word, holiday_lines, holiday_words, shades

HEIGHT = 320
Values = list[float | None]
_STEP = {"day": 1, "week": 7}


def daily_sales(
    frame: pd.DataFrame,
    before: pd.DataFrame,
    *,
    metric: Metric,
    period: Period,
    before_period: Period,
    look: Look,
    than: str,
    value: float | None = None,
    value_before: float | None = None,
    gaps: Sequence[date] = (),
    marks: Sequence[Mark] = (),
    grain: str = "day",
    height: int = HEIGHT,
) -> Picture:
    """Draw ``metric`` over ``period`` and, laid over it, over ``before_period``.

    ``frame`` and ``before``: ``day`` (date), ``value`` (minor units, counts, ratios). ``gaps`` are
    shaded and stay gaps. ``value`` and ``value_before``, the metric over the whole periods, make
    the title; ``than`` names the comparison in it.
    """
    days = days_of(period, grain)
    scale = look.scale(metric.unit)
    now = whole(values_of(frame, days, scale), days, period, grain)
    past_days = days_of(before_period, grain)[: len(days)]
    past = whole(values_of(before, past_days, scale), past_days, before_period, grain)
    past += [None] * (len(days) - len(past))
    if not any(value is not None for value in now + past):
        return nothing(look, look.say("daily.none", metric=metric.label(look.lang)), height=height)
    axis = [day.isoformat() for day in days]
    theme = look.tokens
    traces = [
        _trace(axis, now, theme.this, 2.5, look.say("this_period"), _hovers(now, [], metric, look)),
    ]
    compared = any(value is not None for value in past)
    if compared:
        hovers = _hovers(past, past_days, metric, look)
        traces.insert(0, _trace(axis, past, theme.comparison, 1.5, than, hovers))
    seen = [value for value in now + past if value is not None]
    traces += campaign_line(days, marks, look)
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            xaxis=date_axis(look, grain, range=span_of(days, grain), **ticks(days, grain, look)),
            yaxis=value_axis(look, max(seen), metric.unit, lowest=min(seen)),
            shapes=shades(gaps, look) + holiday_lines(marks, look),
            margin={"l": 8, "r": 52, "t": 12, "b": 8, "pad": 4},
            annotations=holiday_words(marks, look)
            + campaign_word(days, marks, look)
            + _ends(axis, (now, past), (days[-1], past_days[-1]), look),
        ),
    }
    title = _title(metric, look, than, (value, value_before), now, grain)
    alt = _alt(days, now, metric, look, than if compared else "")
    return Picture(figure, title, _subtitle(metric, look, grain, gaps), alt)


def sparkline(
    values: Sequence[float | None],
    together: Sequence[Sequence[float | None]] = (),
    *,
    height: int = 36,
    width: int = 160,
) -> str:
    """Return an SVG line of ``values``, gaps kept, on one scale with all lines of ``together``.

    The scale starts at 60 % of the largest value, or lower where a value is, so that the week is
    seen and a change of 1 % does not look like a fall.

    An SVG and not a Plotly figure: a page has many, and each must be there at once. It is black, to
    be used as a mask, so that the page gives it its colour.
    """
    everything = [*values, *(value for line in together for value in line)]
    seen = [value for value in everything if value is not None and not formats.missing(value)]
    top = max(seen, default=0.0) or 1.0
    low = max(0.0, min([*seen, 0.6 * top]))
    path = _path(values, (low, top), width, height)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        f"preserveAspectRatio='none'><path d='{path}' fill='none' "
        "stroke='#000' stroke-width='2' stroke-linejoin='round' stroke-linecap='round' "
        "vector-effect='non-scaling-stroke'/></svg>"
    )


def _path(
    values: Sequence[float | None], scale: tuple[float, float], width: int, height: int
) -> str:
    low, top = scale
    step = width / max(len(values) - 1, 1)
    parts, pen = [], "M"
    for index, value in enumerate(values):
        if value is None or formats.missing(value):
            pen = "M"
            continue
        y = (height - 2) - max(value - low, 0.0) / (top - low) * (height - 4)
        parts.append(f"{pen}{index * step:.1f} {y:.1f}")
        pen = "L"
    return "".join(parts)


def days_of(period: Period, grain: str) -> list[date]:
    """Return the days of ``period``, or the first days of its weeks (Mondays) or months."""
    if grain == "month":
        months = pd.period_range(period.start, period.end, freq="M")
        return [month.start_time.date() for month in months]
    step = _STEP[grain]
    first = period.start - timedelta(days=period.start.weekday() if step == 7 else 0)
    count = (period.end - first).days // step + 1
    return [first + timedelta(days=step * i) for i in range(count)]


def values_of(frame: pd.DataFrame, days: Sequence[date], scale: float) -> Values:
    """Return the ``value`` of each of ``days`` times ``scale``; None in gaps."""
    known = dict(zip(frame["day"], frame["value"], strict=True)) if len(frame) else {}
    values: Values = []
    for day in days:
        value = known.get(day)
        values.append(None if formats.missing(value) else round(float(value) * scale, 4))  # type: ignore[arg-type]
    return values


def _hovers(values: Values, days: Sequence[date], metric: Metric, look: Look) -> list[str]:
    scale = look.scale(metric.unit)
    texts = []
    for index, value in enumerate(values):
        text = look.say("no_data") if value is None else look.full(value / scale, metric.unit)
        if index < len(days):
            text += f" · {formats.day_year(days[index], look.lang)}"
        texts.append(text)
    return texts


def _trace(
    axis: list[str], values: Values, colour: str, width: float, name: str, hovers: list[str]
) -> dict[str, Any]:
    lonely = sum(value is not None for value in values) < 3
    return {
        "type": "scatter",
        "mode": "lines+markers" if lonely else "lines",
        "x": axis,
        "y": values,
        "connectgaps": False,
        "name": name,
        "line": {"color": colour, "width": width},
        "customdata": hovers,
        "hovertemplate": "%{customdata}",
    }


def span_of(days: Sequence[date], grain: str) -> list[str]:
    """Return the range of an axis of ``days``, with half a day (week) beside the first and last."""
    pad = timedelta(hours=12 if grain == "day" else 84)
    noon = [pd.Timestamp(days[0]) - pad, pd.Timestamp(days[-1]) + pad]
    return [stamp.isoformat() for stamp in noon]


def _ends(
    axis: list[str], series: tuple[Values, Values], last: tuple[date, date], look: Look
) -> list[dict[str, Any]]:
    """Name both lines at their ends: by the year where the comparison is of another one."""
    other_year = last[0].year != last[1].year
    words = ("now", "before")
    ends = [_last(values) for values in series]
    top = max((value for values in series for value in values if value is not None), default=1.0)
    shifts = [0, 0]
    if ends[0] and ends[1] and abs(ends[0][1] - ends[1][1]) < 0.09 * top:
        shifts = [9, -9] if ends[0][1] >= ends[1][1] else [-9, 9]
    colours = (look.tokens.this, look.tokens.muted)
    return [
        {
            "x": axis[end[0]],
            "y": end[1],
            "xanchor": "left",
            "xshift": 6,
            "yshift": shifts[i],
            "text": str(last[i].year) if other_year else look.say(f"end.{words[i]}"),
            "showarrow": False,
            "font": {"color": colours[i], "size": 12},
        }
        for i, end in enumerate(ends)
        if end
    ]


def _last(values: Values) -> tuple[int, float] | None:
    for index in range(len(values) - 1, -1, -1):
        value = values[index]
        if value is not None:
            return index, value
    return None


def ticks(days: Sequence[date], grain: str, look: Look) -> dict[str, Any]:
    """Return the ticks of an axis of days, of weeks (none named) or of months."""
    if grain == "month":
        return month_ticks(days, look)
    return day_ticks(days, look) if grain == "day" else {}


def whole(values: Values, days: Sequence[date], period: Period, grain: str) -> Values:
    """Return ``values`` without those of weeks or months that ``period`` only begins or ends in.

    Five days of a month are no fall of its sales. Where less than two are whole, all are kept.
    """
    if grain == "day":
        return values
    step = timedelta(days=_STEP.get(grain, 0))
    ends = [day + step if step else _next_month(day) for day in days]
    fits = [
        day >= period.start and end <= period.end + timedelta(days=1)
        for day, end in zip(days, ends, strict=True)
    ]
    if sum(fits) < 2:
        return values
    return [value if fit else None for value, fit in zip(values, fits, strict=True)]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _title(
    metric: Metric,
    look: Look,
    than: str,
    values: tuple[float | None, float | None],
    now: Values,
    grain: str,
) -> str:
    label = metric.label(look.lang)
    value, before = values
    if value is None or before is None or formats.missing(before) or not before:
        seen = [v for v in now if v is not None]
        mean = sum(seen) / len(seen) / look.scale(metric.unit) if seen else None
        return look.say(
            "daily.alone",
            metric=label,
            amount=look.shown(mean, metric.unit),
            grain=look.say(f"mix.{grain}"),
        )
    text, way = formats.change(value, before, metric.unit, look.currency, look.lang)
    key = {1: "up", -1: "down", 0: "level"}[way]
    return look.say(f"daily.{key}", metric=label, than=than, amount=text[2:])


def _subtitle(metric: Metric, look: Look, grain: str, gaps: Sequence[date]) -> str:
    label = metric.label(look.lang)
    if grain == "day":
        text = look.say(f"unit.{metric.unit}", metric=label, currency=look.sign())
    else:
        text = look.say(f"daily.subtitle_{grain}", metric=label)
        unit = {"money": look.sign(), "ratio": "%"}.get(metric.unit)
        if unit:
            text += f"{look.say('list.comma')}{unit}"
    if not gaps:
        return text
    if len(gaps) == 1:
        return f"{text} · {look.say('daily.gaps_one', day=formats.day(gaps[0], look.lang))}"
    return f"{text} · {look.say('daily.gaps', count=len(gaps))}"


def _alt(days: Sequence[date], now: Values, metric: Metric, look: Look, than: str) -> str:
    seen = [(value, day) for value, day in zip(now, days, strict=True) if value is not None]
    if not seen:
        return look.say("daily.alt_none")
    scale = look.scale(metric.unit)
    (low, low_day), (high, high_day) = min(seen), max(seen)
    return look.say(
        "daily.alt" if than else "daily.alt_alone",
        metric=metric.label(look.lang),
        first=formats.day(days[0], look.lang),
        last=formats.day(days[-1], look.lang),
        high=look.shown(high / scale, metric.unit),
        high_day=formats.day(high_day, look.lang),
        low=look.shown(low / scale, metric.unit),
        low_day=formats.day(low_day, look.lang),
        than=than,
    )
