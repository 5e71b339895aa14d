"""A run at work, one that failed, and the page before there is any forecast."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.forecasts import words
from dashboard.forecasts.asked import future
from dashboard.forecasts.changes import may_start
from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.loose import attributes
from warehouse.reads.forecast_protocol import ForecastRun

TICK_MS = 2000
CHANGED = "forecast-changed"
"""``dcc.Store``: another number as soon as something is changed, so that all is drawn anew."""
AT_WORK = frozenset({"waiting", "running", "closing"})


def place() -> Component:
    """Return where the bar comes, and what asks how far the run is."""
    return html.Div(
        [
            dcc.Interval(id="forecast-tick", interval=TICK_MS),
            dcc.Store(id="forecast-made"),
            dcc.Store(id=CHANGED, data=0),
            html.Div(id="forecast-work", **attributes(aria_live="polite")),
        ],
        className="forecast-place",
    )


def at_work(here: Here, run: ForecastRun | None) -> Component | None:
    """Return the bar of a run at work, or why the last one failed; None with neither."""
    if run is None:
        return None
    if run.state == "failed":
        return _failed(here, run)
    if run.state not in AT_WORK:
        return None
    share = round(100 * run.progress)
    kind = run.kind if run.kind in {"quick", "refit"} else "full"
    said = here.say(f"forecast.work.{kind}")
    bar: Any = dmc.Progress(value=share, size="sm", **attributes(aria_label=said))
    line = [html.Span(said), html.Span(here.say("forecast.work.share", share=share))]
    return html.Div([html.Div(line, className="forecast-work-words"), bar], className="card")


def _failed(here: Here, run: ForecastRun) -> Component:
    why = words.note(here, run.error_key, run.error_params)
    said = f"{here.say('forecast.work.failed')} {why}" if run.error_key else ""
    parts: list[Component] = [html.P(said or here.say("forecast.work.failed"))]
    if may_start(here):
        parts.append(_button(here, "forecast.work.again"))
    return html.Div(parts, className="card forecast-failed")


def empty(here: Here) -> Component:
    """Return the page before there is a forecast: what it will show, and the one button."""
    parts: list[Component] = [
        icon("forecast", 32),
        html.H2(here.say("forecast.empty.title"), className="tb-finding"),
        html.P(here.say("forecast.empty.text")),
    ]
    if may_start(here):
        parts.append(_button(here, "forecast.empty.button", size="md"))
    else:
        run = future(here).forecast_running()
        key = "coming" if run is not None and run.state in AT_WORK else "ask"
        parts.append(html.P(here.say(f"forecast.empty.{key}"), className="muted"))
    return html.Div(parts, className="empty card forecast-empty")


def _button(here: Here, key: str, size: str = "sm") -> Component:
    return dmc.Button(here.say(key), id="forecast-start", size=size)  # type: ignore[no-any-return]
