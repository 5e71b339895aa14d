"""When a store is busy: a heat map of weekday by hour, in the single-hue ramp."""

from dataclasses import dataclass

import pandas as pd

from figures import formats
from figures.look import Figure, Look, Picture, layout, nothing

HEIGHT = 260


MEASURES = ("gross", "orders", "ticket")
BY = {"orders": "orders", "average_ticket": "ticket"}
"""The measure that shows a metric by hour; any other is shown by gross sales."""
_FLOOR = 0.8
"""Tickets of hours are much alike: their colours begin so far below the smallest."""
_FEW = 1.0
"""Orders an hour on a usual day: the ticket of a rarer hour is that of single customers."""


def hour_of_week(
    frame: pd.DataFrame, *, look: Look, height: int = HEIGHT, by: str = "gross"
) -> Picture:
    """Draw gross sales, orders or the average ticket of each hour of the week on a usual day.

    ``frame``: ``weekday`` (0 Monday), ``hour``, ``gross`` (mean minor units), ``orders`` (mean).
    ``by`` is one of ``MEASURES``. Hours with no sales at either end of the day are cut off; those
    between stay empty, and by ticket also those with less than an order an hour.
    """
    cells = _cells(frame, by)
    if not cells:
        return nothing(look, look.say("daily.alt_none"), height=height)
    hours = range(min(hour for _, hour in cells), max(hour for _, hour in cells) + 1)
    (day, hour), most = max(cells.items(), key=lambda item: item[1].of(by))
    busiest: dict[str, int | str] = {
        "weekday": formats.weekday(day, look.lang, wide=True),
        "hour": hour,
        "next": hour + 1,
    }
    unit = "count" if by == "orders" else "money"
    ramp = look.tokens.ramp
    scale = look.scale(unit)
    least = min(cell.of(by) for cell in cells.values()) * _FLOOR if by == "ticket" else 0.0
    heat = {
        "type": "heatmap",
        "x": list(hours),
        "y": [formats.weekday(weekday, look.lang) for weekday in range(7)],
        "z": [
            [round(cell.of(by) * scale, 2) if (cell := cells.get((weekday, h))) else None
             for h in hours]
            for weekday in range(7)
        ],
        "customdata": [
            [_hover(cells.get((weekday, h)), weekday, h, look) for h in hours]
            for weekday in range(7)
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorscale": [[i / (len(ramp) - 1), colour] for i, colour in enumerate(ramp)],
        "zmin": least * scale,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }  # fmt: skip
    axis = {"showgrid": False, "zeroline": False}
    figure: Figure = {
        "data": [heat],
        "layout": layout(
            look,
            height=height,
            hovermode="closest",
            xaxis={**axis, "nticks": 5 if look.narrow else 12, "ticksuffix": ":00"},
            yaxis={**axis, "autorange": "reversed", "type": "category"},
        ),
    }
    amount = f"{most.orders:.0f}" if by == "orders" else look.shown(most.of(by), "money")
    return Picture(
        figure,
        look.say(f"hours.title_{by}", **busiest),
        look.say(f"hours.subtitle_{by}", currency=look.sign()),
        look.say(f"hours.alt_{by}", **busiest, amount=amount),
    )


@dataclass(frozen=True, slots=True)
class _Hour:
    """What an hour of the week brings on a usual day."""

    gross: float
    orders: float

    def of(self, by: str) -> float:
        if by == "ticket":
            return self.gross / self.orders
        return self.orders if by == "orders" else self.gross


def _cells(frame: pd.DataFrame, by: str) -> dict[tuple[int, int], _Hour]:
    columns = (frame[name] for name in ("weekday", "hour", "gross", "orders"))
    return {
        (int(weekday), int(hour)): _Hour(float(gross), float(orders))
        for weekday, hour, gross, orders in zip(*columns, strict=True)
        if by != "ticket" or orders >= _FEW
    }


def _hover(cell: _Hour | None, weekday: int, hour: int, look: Look) -> str:
    if cell is None:
        return ""
    orders = look.say("hours.orders", count=f"{cell.orders:.0f}")
    day = formats.weekday(weekday, look.lang)
    amount = look.full(cell.gross, "money")
    lines = [f"{day} {hour}:00–{hour + 1}:00", f"<b>{amount}</b>", orders]
    if cell.orders >= _FEW:
        lines.append(look.say("hours.ticket", amount=look.full(cell.of("ticket"), "money")))
    return "<br>".join(lines)
