"""Which platforms the money came through: bars of shares, at most seven platforms and the rest."""

from typing import Any

import pandas as pd

from figures.daily import ticks
from figures.look import (
    Figure,
    Look,
    Picture,
    cut,
    date_axis,
    layout,
    nothing,
    platform_colour,
)

HEIGHT = 300
MOST = 7
APART = 7.0
"""Per cent of the height that a name needs."""


def platform_mix(
    frame: pd.DataFrame, *, look: Look, grain: str = "day", height: int = HEIGHT
) -> Picture:
    """Draw each platform's share of gross sales, a bar a day (week, month).

    ``frame``: ``day``, ``platform``, ``gross`` (minor units), one row per day and platform. A day
    whose gross is not above zero has no shares and is left out.
    """
    wide = _shares(frame)
    if wide.empty:
        return nothing(look, look.say("daily.alt_none"), height=height)
    names = [str(code) for code in wide.columns]
    axis = [day.isoformat() for day in wide.index]
    traces = [
        {
            "type": "bar",
            "x": axis,
            "y": [None if pd.isna(v) else round(v * 100, 2) for v in wide[code]],
            "name": _name(code, look),
            "marker": {"color": _colour(code, look), "line": {"width": 0}},
            "hovertemplate": "%{y:.1f} %",
        }
        for code in names
    ]
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            barmode="stack",
            bargap=0.08,
            margin={"l": 8, "r": 104, "t": 12, "b": 8, "pad": 4},
            xaxis=date_axis(look, grain, **ticks(list(wide.index), grain, look)),
            yaxis={"range": [0, 100], "tickvals": [0, 50, 100]},
            annotations=_labels(wide, look),
        ),
    }
    gross = frame.groupby("platform")["gross"].sum().sort_values(ascending=False)
    return Picture(
        figure,
        _title(gross, look),
        look.say("mix.subtitle", grain=look.say(f"mix.{grain}")),
        look.say("mix.alt", parts=_parts(gross, look)),
    )


def _shares(frame: pd.DataFrame) -> pd.DataFrame:
    """Return days × platforms of shares, largest platform first, "other" last."""
    if frame.empty:
        return pd.DataFrame()
    order = frame.groupby("platform")["gross"].sum().sort_values(ascending=False).index
    keep = set(order[:MOST])
    code = frame["platform"].where(frame["platform"].isin(keep), "other")
    table = frame.assign(platform=code).pivot_table(
        index="day", columns="platform", values="gross", aggfunc="sum"
    )
    table = table.clip(lower=0)
    total = table.sum(axis=1)
    table = table[total > 0].div(total[total > 0], axis=0)
    columns = [name for name in order[:MOST] if name in table.columns]
    return table[columns + (["other"] if "other" in table.columns else [])]


def _labels(wide: pd.DataFrame, look: Look) -> list[dict[str, Any]]:
    """Name each platform beside its part of the last bar, kept apart so that all can be read."""
    last = wide.iloc[-1].fillna(0.0) * 100
    middles = (last.cumsum() - last / 2).tolist()
    places = _apart(middles)
    return [
        {
            "xref": "paper",
            "x": 1,
            "xanchor": "left",
            "xshift": 4,
            "y": place,
            "text": f'<span style="color:{_colour(code, look)}">■</span> {cut(_name(code, look))}',
            "showarrow": False,
            "font": {"color": look.tokens.text, "size": 12},
        }
        for code, place in zip(map(str, wide.columns), places, strict=True)
    ]


def _apart(places: list[float]) -> list[float]:
    """Return ``places`` (rising, 0 to 100) moved as little as keeps them ``APART``."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + APART) if moved else max(place, APART / 2))
    ceiling = 100 - APART / 2
    for i in range(len(moved) - 1, -1, -1):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - APART
    return moved


def _name(code: str, look: Look) -> str:
    return look.say("other") if code == "other" else look.platform(code)


def _colour(code: str, look: Look) -> str:
    return look.tokens.other if code == "other" else platform_colour(code, look)


def _title(gross: "pd.Series[int]", look: Look) -> str:
    total = float(gross.sum()) or 1.0
    first = look.platform(str(gross.index[0]))
    lead = float(gross.iloc[0]) / total
    if lead < 0.5 and len(gross) > 1:
        share = look.shown((float(gross.iloc[0]) + float(gross.iloc[1])) / total, "ratio")
        second = look.platform(str(gross.index[1]))
        return look.say("mix.title_two", first=first, second=second, share=share)
    return look.say("mix.title", platform=first, share=look.shown(lead, "ratio"))


def _parts(gross: "pd.Series[int]", look: Look) -> str:
    total = float(gross.sum()) or 1.0
    return look.say("list.comma").join(
        f"{look.platform(str(code))} {look.shown(float(amount) / total, 'ratio')}"
        for code, amount in gross.iloc[:MOST].items()
    )
