"""When a store is busy: a heat map of weekday by hour, in the single-hue ramp."""

import pandas as pd

from figures import formats
from figures.look import Figure, Look, Picture, layout, nothing

HEIGHT = 260


def hour_of_week(frame: pd.DataFrame, *, look: Look, height: int = HEIGHT) -> Picture:
    """Draw the usual gross sales of each hour of the week.

    ``frame``: ``weekday`` (0 Monday), ``hour``, ``gross`` (mean minor units), ``orders`` (mean).
    Hours with no sales at either end of the day are cut off; those between stay empty.
    """
    if frame.empty:
        return nothing(look, look.say("daily.alt_none"), height=height)
    hours = list(range(int(frame["hour"].min()), int(frame["hour"].max()) + 1))
    cells = {
        (int(weekday), int(hour)): (float(gross), float(orders))
        for weekday, hour, gross, orders in zip(
            frame["weekday"], frame["hour"], frame["gross"], frame["orders"], strict=True
        )
    }
    (day, hour), (most, _) = max(cells.items(), key=lambda item: item[1][0])
    busiest: dict[str, int | str] = {
        "weekday": formats.weekday(day, look.lang, wide=True),
        "hour": hour,
        "next": hour + 1,
    }
    ramp = look.tokens.ramp
    heat = {
        "type": "heatmap",
        "x": hours,
        "y": [formats.weekday(weekday, look.lang) for weekday in range(7)],
        "z": [[_amount(cells, weekday, h, look) for h in hours] for weekday in range(7)],
        "customdata": [[_hover(cells, weekday, h, look) for h in hours] for weekday in range(7)],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "colorscale": [[i / (len(ramp) - 1), colour] for i, colour in enumerate(ramp)],
        "zmin": 0,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
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
    return Picture(
        figure,
        look.say("hours.title", **busiest),
        look.say("hours.subtitle_money", currency=look.sign()),
        look.say("hours.alt", **busiest, amount=look.shown(most, "money")),
    )


def _amount(
    cells: dict[tuple[int, int], tuple[float, float]], weekday: int, hour: int, look: Look
) -> float | None:
    cell = cells.get((weekday, hour))
    return None if cell is None else round(cell[0] * look.scale("money"), 2)


def _hover(
    cells: dict[tuple[int, int], tuple[float, float]], weekday: int, hour: int, look: Look
) -> str:
    cell = cells.get((weekday, hour))
    if cell is None:
        return ""
    orders = look.say("hours.orders", count=f"{cell[1]:.0f}")
    day = formats.weekday(weekday, look.lang)
    return f"{day} {hour}:00–{hour + 1}:00<br><b>{look.full(cell[0], 'money')}</b><br>{orders}"
