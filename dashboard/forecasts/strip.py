"""Where the month ends, as one line that leads to the forecast; on overview and store page."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.forecasts import words
from dashboard.forecasts.asked import Asked, future
from dashboard.forecasts.head import landing_words
from dashboard.frame import Here
from dashboard.icons import icon
from warehouse.reads.forecast_protocol import CHAIN, Landing, Unit
from warehouse.reads.protocol import ChainInfo

HEIGHT = 60
"""Of the line, in pixels."""
ROOM = 1.02
"""What the bar is longer than all that is drawn in it."""


def landing_strip(here: Here, chain: ChainInfo, unit: Unit = CHAIN) -> Component | None:
    """Return the line of a unit; None where nothing is known, or the month is over."""
    landing = future(here).landing(unit)
    if landing is None or landing.days_left == 0 or future(here).forecast_run() is None:
        return None
    usual = words.usual(here, chain, landing.low, landing.high)
    said = html.Div(
        [
            html.Strong(landing_words(here, chain, landing)),
            html.Span(usual, title=words.exact(here, chain, landing.low, landing.high)),
        ],
        className="tb-landing-words",
    )
    action = html.Span(
        [here.say("forecast.overview.link"), icon("right", 16)], className="tb-action"
    )
    return dcc.Link(
        [said, action, _bar(landing)], href=Asked(unit).href(), className="card tb-landing"
    )


def _bar(landing: Landing) -> Component:
    """Return what came and what is to come, and the target as a mark."""
    top = round(ROOM * max(landing.mean, landing.target or 0, 1))
    parts: list[Component] = [
        html.I(style={"width": _share(landing.mean, top)}),
        html.I(style={"width": _share(landing.to_date, top)}),
    ]
    if landing.target:
        at = _share(landing.target, top)
        parts.append(html.B(style={"left": f"calc({at} - 2px)"}))
    return html.Div(parts, className="tb-landing-bar")


def _share(amount: int, top: int) -> str:
    return f"{100 * max(0, amount) / top:.1f}%"
