"""Where the month will end: one bar of what came and what is to come, against the target."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from figures import formats
from figures.look import Figure, Look, Picture, layout, value_axis
from figures.tokens import alpha

HEIGHT = 184
LEVEL = 0.005
_MONEY = "money"


@dataclass(frozen=True, slots=True)
class Month:
    """A month's sums in minor units: what came, the whole month with its 80 % range, the rest.

    ``base`` is the whole month without overrides; ``target`` and ``year_before`` may be None.
    """

    month: date
    to_date: int
    mean: int
    low: int
    high: int
    base: int
    target: int | None = None
    year_before: int | None = None


def landing_bar(month: Month, *, look: Look, height: int = HEIGHT) -> Picture:
    """Draw where ``month`` will end, its target and the same month of last year as lines."""
    scale = look.scale(_MONEY)
    seen = [month.high, month.mean, month.base, month.target or 0, month.year_before or 0]
    values = value_axis(look, max(seen) * scale, _MONEY)
    values["range"] = [values["range"][0], values["range"][1] * 1.03]
    came = max(month.to_date, 0)
    theme = look.tokens
    rest = month.mean - came
    traces = [
        _part(came, look.say("landing.came"), theme.this, look),
        _part(rest, look.say("landing.rest"), alpha(theme.this, 0.4), look),
    ]
    # The whisker is of the whole month, so it hangs on the end of the second part.
    traces[1]["error_x"] = {
        "type": "data",
        "symmetric": False,
        "array": [round((month.high - month.mean) * scale, 2)],
        "arrayminus": [round((month.mean - month.low) * scale, 2)],
        "color": theme.text,
        "thickness": 1.5,
        "width": 6,
    }
    figure: Figure = {
        "data": traces,
        "layout": layout(
            look,
            height=height,
            barmode="stack",
            hovermode="closest",
            xaxis={**values, "showgrid": True},
            yaxis={"visible": False, "range": [-0.9, 0.7]},
            margin={"l": 8, "r": 16, "t": 30, "b": 8, "pad": 4},
            **_lines(month, look, scale),
        ),
    }
    return Picture(figure, title(month, look), _subtitle(month, look), _alt(month, look))


def title(month: Month, look: Look) -> str:
    """Say where the month lands, against its target where it has one."""
    amount = look.shown(month.mean, _MONEY)
    name = formats.month_name(month.month, look.lang)
    if not month.target:
        return look.say("landing.alone", month=name, amount=amount)
    share = month.mean / month.target - 1
    key = "level" if abs(share) < LEVEL else "above" if share > 0 else "below"
    change = formats.percent(abs(share))
    return look.say(f"landing.{key}", month=name, amount=amount, change=change)


def _part(amount: int, name: str, colour: str, look: Look) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [round(amount * look.scale(_MONEY), 2)],
        "y": [0],
        "width": 0.55,
        "name": name,
        "marker": {"color": colour, "line": {"width": 0}},
        "customdata": [look.full(amount, _MONEY)],
        "hovertemplate": f"{name}: %{{customdata}}<extra></extra>",
    }


def _lines(month: Month, look: Look, scale: float) -> dict[str, Any]:
    wanted = [
        ("target", month.target, look.tokens.text, "solid", 1),
        ("year", month.year_before, look.tokens.comparison, "dot", -1),
    ]
    shapes, words = [], []
    top = max(month.high, month.target or 0, month.year_before or 0) or 1
    for key, amount, colour, dash, side in wanted:
        if not amount:
            continue
        x = round(amount * scale, 2)
        shapes.append(
            {
                "type": "line", "xref": "x", "yref": "y", "x0": x, "x1": x, "y0": -0.45, "y1": 0.45,
                "line": {"color": colour, "width": 2, "dash": dash},
            }
        )  # fmt: skip
        words.append(
            {
                "x": x,
                "y": 0.45 * side,
                "xref": "x",
                "yref": "y",
                "xanchor": "right" if amount > 0.6 * top else "left",
                "yanchor": "bottom" if side > 0 else "top",
                "text": look.say(f"landing.{key}", amount=look.shown(amount, _MONEY)),
                "showarrow": False,
                "font": {"color": look.tokens.text if side > 0 else look.tokens.muted, "size": 12},
            }
        )
    return {"shapes": shapes, "annotations": words}


def _subtitle(month: Month, look: Look) -> str:
    low, high = look.shown(month.low, _MONEY), look.shown(month.high, _MONEY)
    return look.say("landing.subtitle", low=low, high=high)


def _alt(month: Month, look: Look) -> str:
    said = look.say("landing.alt", came=look.shown(month.to_date, _MONEY))
    return f"{title(month, look)} {_subtitle(month, look)} {said}"
