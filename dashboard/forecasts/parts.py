"""The pictures of the page: the fan, where the month ends with its target, what moves sales."""

from datetime import timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from chain.days import Period
from chain.money import to_major
from dashboard.choice import Choice
from dashboard.components.picture import look, marks, picture
from dashboard.forecasts import words
from dashboard.forecasts.absent import absent
from dashboard.forecasts.asked import Asked, future
from dashboard.forecasts.changes import may_plan
from dashboard.forecasts.head import month_of
from dashboard.frame import Here
from figures import formats
from figures.drivers import driver_parts
from figures.fan import fan
from figures.landing import landing_bar
from figures.look import Mark
from warehouse.reads.forecast_protocol import Landing
from warehouse.reads.protocol import ChainInfo

PAST = {7: 28, 30: 56, 90: 120}
"""Days of the past beside so many ahead."""


def fan_card(here: Here, asked: Asked, theme: str) -> list[Component]:
    """Return the fan chart; nothing where there is no forecast."""
    chain = here.reads.chain()
    series = future(here).forecast(asked.unit, asked.ahead, PAST[asked.ahead])
    if series.frame.empty:
        return []
    first = series.frame["day"].iloc[0] - timedelta(days=PAST[asked.ahead])
    period = Period(first, series.frame["day"].iloc[-1])
    store = asked.unit.unit_id if asked.unit.level == "store" else None
    shown = [*marks(here, chain, period, store), *_own(here, period, store)]
    drawn = fan(series.history, series.frame, look=look(here, chain, theme), marks=shown)
    return picture(drawn, "forecast-fan-graph", here)


def _own(here: Here, period: Period, store: int | None) -> list[Mark]:
    """Return the holidays and events that the chain itself has put into its calendar."""
    days = future(here).calendar_days(period)
    own = days[days["kind"].isin(["holiday", "event"]) & days["store_id"].isin([0, store or 0])]
    return [Mark(row.day, row.day, str(row.name)) for row in own.itertuples(index=False)]  # type: ignore[arg-type]


def landing_card(here: Here, asked: Asked, theme: str) -> list[Component]:
    """Return where the month ends, and the form that sets its target; nothing as above."""
    chain, landing = here.reads.chain(), future(here).landing(asked.unit)
    if landing is None and absent(here, asked):
        return []
    if landing is None:
        return [html.H2(here.say("forecast.landing.none"), className="tb-finding")]
    drawn = landing_bar(month_of(landing), look=look(here, chain, theme))
    parts = picture(drawn, "forecast-landing-graph", here)
    if landing.base != landing.mean:
        base = words.money(here, chain, landing.base)
        without = html.P(here.say("forecast.landing.base", amount=base), className="muted tb-sub")
        parts.append(without)
    if landing.to_date:
        so_far = here.say(
            "forecast.landing.so_far", amount=words.money(here, chain, landing.to_date)
        )
        parts.append(dcc.Link(so_far, href=_so_far(landing).made_of(), className="tb-action"))
    if landing.missing:
        missing = here.say("forecast.landing.missing", count=landing.missing)
        parts.append(html.P(missing, className="forecast-attention"))
    if may_plan(here, asked.unit):
        parts.append(_target(here, chain, landing))
    return parts


def _so_far(landing: Landing) -> Choice:
    """Return the choice that shows what the month has brought."""
    unit = landing.unit
    return Choice(
        period=f"{landing.month}..{landing.last_day}",
        stores=(unit.unit_id,) if unit.level == "store" else (),
        regions=(unit.unit_id,) if unit.level == "region" else (),
    )


def _target(here: Here, chain: ChainInfo, landing: Landing) -> Component:
    value = f"{to_major(landing.target, chain.currency).normalize():f}" if landing.target else ""
    month = formats.month_name(landing.month, here.lang)
    return html.Div(
        [
            dcc.Store(id="forecast-target-month", data=landing.month.isoformat()),
            dmc.TextInput(
                id="forecast-target",
                label=here.say("forecast.target.label", month=month),
                value=value,
                leftSection=formats.symbol(chain.currency, here.lang),
                attributes={"input": {"inputMode": "decimal", "autoComplete": "off"}},
            ),
            dmc.Button(
                here.say("forecast.target.save"), id="forecast-target-save", variant="default"
            ),
        ],
        className="forecast-target",
    )


def drivers_card(here: Here, asked: Asked, theme: str) -> list[Component]:
    """Return what moves sales; nothing as above."""
    chain, found = here.reads.chain(), future(here).drivers(asked.unit)
    if absent(here, asked):
        return []
    names = [words.driver(here, str(name)) for name in found.events["name"]]
    drawn = driver_parts(
        found.weekday, found.season, found.events, names, look=look(here, chain, theme)
    )
    parts: list[Any] = picture(drawn, "forecast-drivers-graph", here)
    if found.trend is not None and not formats.missing(found.trend):
        key = "up" if found.trend >= 0 else "down"
        change = formats.percent(abs(found.trend))
        said = here.say(f"forecast.trend.{key}", change=change)
        parts.append(html.P(said, className="muted tb-sub"))
    return parts
