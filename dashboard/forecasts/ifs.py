"""What if: a promotion or a closure on some days ahead."""

from datetime import timedelta
from typing import Any, Literal, cast

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.picture import look, picture
from dashboard.forecasts.absent import why
from dashboard.forecasts.asked import Asked, future
from dashboard.forecasts.changes import days_of
from dashboard.forecasts.overrides import date_box
from dashboard.frame import Here
from figures import formats
from figures.drivers import effect
from figures.what_if import what_if

Kind = Literal["promotion", "closure"]
KINDS: tuple[Kind, ...] = ("promotion", "closure")
LATER = 3
"""The first day offered: tomorrow is too soon for a promotion."""


def card(here: Here) -> list[Component]:
    """Return the question: what, from when to when."""
    say, today = here.say, here.reads.chain().today
    first = today + timedelta(days=LATER)
    kinds = [{"value": kind, "label": say(f"forecast.if.{kind}")} for kind in KINDS]
    return [
        html.H2(say("forecast.if.title"), className="tb-finding"),
        html.P(say("forecast.if.lead"), className="muted tb-sub"),
        html.Div(
            [
                dmc.Select(
                    id="forecast-if-kind",
                    label=say("forecast.if.what"),
                    data=cast("Any", kinds),
                    value="promotion",
                    allowDeselect=False,
                ),
                date_box(here, "forecast-if-from", "from", first, today),
                date_box(here, "forecast-if-to", "to", first + timedelta(days=6), today),
                dmc.Button(say("forecast.if.ask"), id="forecast-if-ask", variant="default"),
            ],
            className="forecast-if",
        ),
        html.Div(id="forecast-if-answer"),
    ]


def answer(
    here: Here, asked: Asked, kind: str, first: str | None, last: str | None, theme: str
) -> list[Component]:
    """Return the picture of the days as they would be. Raises PermanentError for no such days."""
    known: Kind = "closure" if kind == "closure" else "promotion"
    found = future(here).what_if(asked.unit, days_of(first, last), known)
    if found is None or found.frame.empty:
        series = future(here).forecast(asked.unit, 1, 1)
        none = why(here, asked, series) if series.frame.empty else here.say("forecast.if.none")
        return [html.P(none, className="forecast-attention")]
    if not found.known:
        return [html.P(here.say("forecast.if.unknown"), className="forecast-attention")]
    name = here.say(f"forecast.if.{known}")
    drawn = what_if(found.frame, look=look(here, here.reads.chain(), theme), name=name)
    parts = picture(drawn, "forecast-if-graph", here)
    if not formats.missing(found.effect):
        said = here.say("forecast.if.effect", effect=effect(found.effect))
        parts.append(html.P(said, className="muted tb-sub"))
    return parts
