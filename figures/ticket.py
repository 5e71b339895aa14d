"""Average ticket above, orders below, over the same days."""

from typing import Any

import pandas as pd

from chain.days import Period
from chain.metrics import metric
from figures import formats
from figures.daily import Values, days_of, span_of, ticks, values_of, whole
from figures.look import Figure, Look, Picture, date_axis, layout, nothing, value_axis

HEIGHT = 320
PLACES = ([0.55, 0.93], [0.0, 0.38])
_PARTS = (("average_ticket", "y", "ticket"), ("orders", "y2", "orders"))


def ticket_and_orders(
    frame: pd.DataFrame,
    *,
    period: Period,
    look: Look,
    than: str,
    before: tuple[float, float] | None = None,
    grain: str = "day",
    height: int = HEIGHT,
) -> Picture:
    """Draw the average ticket and the orders of each day (week, month).

    ``frame``: ``day``, ``gross`` (minor units), ``orders``. ``before`` are gross and orders of the
    comparison, which ``than`` names; they make the title.
    """
    days = days_of(period, grain)
    if frame.empty or not frame["orders"].sum():
        return nothing(look, look.say("daily.alt_none"), height=height)
    axis = [day.isoformat() for day in days]
    traces: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    for (name, axis_name, word), place in zip(_PARTS, PLACES, strict=True):
        what = metric(name)
        series = frame.assign(value=_series(frame, name))
        values = values_of(series, days, look.scale(what.unit))
        # A price is one, however many days it is of; a number of orders is not.
        values = values if name == "average_ticket" else whole(values, days, period, grain)
        traces.append(_trace(axis, values, axis_name, word, what.unit, look))
        top = max(value for value in values if value is not None)
        layout_key = "yaxis" + axis_name[1:]
        axes[layout_key] = {**value_axis(look, top, what.unit), "domain": place}
    marked = ticks(days, grain, look)
    dates = date_axis(look, grain, anchor="y2", range=span_of(days, grain), **marked)
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            xaxis=dates,
            **axes,
            hoversubplots="axis",
            annotations=[
                _name(word, place[1], look)
                for (_, _, word), place in zip(_PARTS, PLACES, strict=True)
            ],
        ),
    }
    sums = float(frame["gross"].sum()), float(frame["orders"].sum())
    return Picture(
        figure,
        _title(sums, before, look, than),
        look.say("ticket.subtitle", currency=look.sign(), grain=look.say(f"mix.{grain}")),
        _alt(frame, look),
    )


def _series(frame: pd.DataFrame, name: str) -> "pd.Series[float]":
    orders = frame["orders"].astype("float64")
    if name == "orders":
        return orders
    return frame["gross"].astype("float64") / orders.where(orders > 0)


def _trace(
    axis: list[str], values: Values, axis_name: str, word: str, unit: str, look: Look
) -> dict[str, Any]:
    scale = look.scale(unit)
    hovers = [
        look.say("no_data") if value is None else look.full(value / scale, unit) for value in values
    ]
    colour = look.tokens.this if word == "ticket" else look.tokens.categories[2]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": axis,
        "y": values,
        "yaxis": axis_name,
        "connectgaps": False,
        "name": look.say(f"ticket.{word}"),
        "line": {"color": colour, "width": 2},
        "customdata": hovers,
        "hovertemplate": "%{customdata}",
    }


def _name(word: str, top: float, look: Look) -> dict[str, Any]:
    """Return the name of a half, above its left corner."""
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0,
        "y": top,
        "xanchor": "left",
        "yanchor": "bottom",
        "yshift": 2,
        "text": look.say(f"ticket.{word}"),
        "showarrow": False,
        "font": {"color": look.tokens.muted, "size": 12},
    }


def _title(
    sums: tuple[float, float], before: tuple[float, float] | None, look: Look, than: str
) -> str:
    now = sums[0] / sums[1]
    if before is None or not before[1]:
        return look.say("ticket.title_level", amount=look.shown(now, "money"))
    past = before[0] / before[1]
    if abs(now - past) < 0.005 * past:
        return look.say("ticket.title_level", amount=look.shown(now, "money"))
    key = "ticket.title_up" if now > past else "ticket.title_down"
    return look.say(key, amount=look.shown(abs(now - past), "money"), than=than)


def _alt(frame: pd.DataFrame, look: Look) -> str:
    last = frame.iloc[-1]
    ticket = float(last["gross"]) / float(last["orders"]) if last["orders"] else None
    return look.say(
        "ticket.alt",
        ticket=look.shown(ticket, "money"),
        orders=formats.count_full(float(last["orders"]), look.lang),
    )
