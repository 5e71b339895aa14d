"""A person's changes of a forecast: the list of them, whether they helped, and the form."""

from datetime import date, timedelta
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.components.names import store_names
from dashboard.forecasts import chooser, words
from dashboard.forecasts.asked import Asked, future
from dashboard.forecasts.changes import REASON_MAX, may_change
from dashboard.frame import Here
from dashboard.imports.words import moment
from dashboard.loose import attributes, records
from figures import formats
from warehouse.reads.forecast_protocol import Unit
from warehouse.reads.protocol import ChainInfo

MOST = 12
KINDS = ("scale", "set")


def card(here: Here, asked: Asked) -> list[Component]:
    """Return what is changed for the unit, latest first, and the button that opens the form."""
    chain = here.reads.chain()
    rows = records(future(here).overrides(asked.unit).head(MOST))
    parts: list[Component] = [
        html.H2(here.say("forecast.override.title"), className="tb-finding"),
        html.P(here.say("forecast.override.lead"), className="muted tb-sub"),
    ]
    if rows:
        names = store_names(here, here.reads.stores())
        lines = [_line(here, chain, asked, row, names) for row in rows]
        parts.append(html.Ul(lines, className="forecast-overrides"))
    else:
        parts.append(html.P(here.say("forecast.override.none"), className="forecast-none"))
    if may_change(here, asked.unit):
        parts.append(
            dmc.Button(
                here.say("forecast.override.open"),
                id={"type": "forecast-open", "at": "card"},
                variant="default",
                className="forecast-open",
            )
        )
    return parts


def _line(
    here: Here, chain: ChainInfo, asked: Asked, row: dict[str, Any], names: dict[int, str]
) -> Component:
    unit = Unit(row["level"], int(row["unit_id"]))
    revoked = not pd.isna(row["revoked_at"])
    span = formats.days(row["starts_on"], row["ends_on"], here.lang)
    head: list[Any] = [html.Strong(what(here, chain, row)), html.Span(span)]
    if unit != asked.unit:
        name = names.get(unit.unit_id) if unit.level == "store" else chooser.label(here, unit)
        head.append(html.Span(name or "", className="muted"))
    made = here.say(
        "forecast.override.made",
        name=str(row["made_by"] or "–"),
        at=moment(row["made_at"], chain.time_zone, here.lang),
    )
    parts: list[Component] = [
        html.Div(head, className="forecast-override-head"),
        html.Div(str(row["reason"])),
        html.Div(made, className="muted tb-sub"),
    ]
    if revoked:
        said = here.say(
            "forecast.override.revoked",
            name=str(row["revoked_by"] or "–"),
            at=moment(row["revoked_at"], chain.time_zone, here.lang),
        )
        parts.append(html.Div(said, className="muted tb-sub"))
    elif score := _score(here, chain, row):
        parts.append(score)
    elif may_change(here, unit):
        parts.append(_revoke(here, int(row["override_id"])))
    return html.Li(parts, className="forecast-revoked" if revoked else "")


def what(here: Here, chain: ChainInfo, row: dict[str, Any]) -> str:
    """Return "10 % more", "30 % less", "closed" or "¥20K in all"."""
    if row["kind"] == "set":
        return here.say("forecast.override.set_to", amount=words.money(here, chain, row["amount"]))
    share = float(row["factor"]) - 1
    key = "more" if share > 0 else "less" if share < 0 else "same"
    return here.say(f"forecast.override.{key}", change=formats.percent(abs(share)))


def _score(here: Here, chain: ChainInfo, row: dict[str, Any]) -> Component | None:
    """Say how both versions did, once the period is over."""
    if pd.isna(row["scored_at"]) or formats.missing(row["actual"]):
        return None
    amounts = {
        key: words.money(here, chain, row[column])
        for key, column in (("came", "actual"), ("model", "base"), ("yours", "adjusted"))
    }
    helped = bool(row["helped"])
    return html.Div(
        [
            html.Span(here.say("forecast.override.scored", **amounts)),
            html.Strong(here.say(f"forecast.override.{'helped' if helped else 'not_helped'}")),
        ],
        className="forecast-score" if helped else "forecast-score forecast-attention",
    )


def _revoke(here: Here, override: int) -> Component:
    return html.Button(
        here.say("forecast.override.revoke"),
        id={"type": "forecast-revoke", "override": override},
        className="tb-action forecast-button",
        type="button",
    )


def form(here: Here) -> Component:
    """Return the form that changes a forecast, closed."""
    say = here.say
    first = here.reads.chain().today
    inside = [
        html.P(say("forecast.form.lead"), className="muted"),
        _dates(here, first, first + timedelta(days=6)),
        dmc.SegmentedControl(
            id="forecast-kind",
            data=[{"value": kind, "label": say(f"forecast.form.{kind}")} for kind in KINDS],
            value="scale",
            fullWidth=True,
            **attributes(aria_label=say("forecast.form.kind")),
        ),
        dmc.TextInput(
            id="forecast-value",
            label=say("forecast.form.value"),
            description=say("forecast.form.about"),
            attributes={"input": {"inputMode": "text", "autoComplete": "off"}},
        ),
        dmc.TextInput(
            id="forecast-reason",
            label=say("forecast.form.reason"),
            placeholder=say("forecast.form.example"),
            attributes={"input": {"maxLength": REASON_MAX}},
        ),
        dmc.Group([dmc.Button(say("forecast.form.save"), id="forecast-save")], justify="flex-end"),
    ]
    return dmc.Modal(  # type: ignore[no-any-return]
        html.Div(inside, className="forecast-form"),
        id="forecast-form",
        title=say("forecast.override.open"),
        centered=True,
        closeButtonProps={"aria-label": say("dashboard.imports.close")},
        transitionProps={"duration": 150},
    )


def _dates(here: Here, first: date, last: date) -> Component:
    return html.Div(
        [
            date_box(here, "forecast-from", "from", first, first),
            date_box(here, "forecast-to", "to", last, first),
        ],
        className="forecast-dates",
    )


def date_box(here: Here, name: str, key: str, value: date, lowest: date) -> Component:
    """Return a field for a date, not before ``lowest``."""
    return dmc.TextInput(  # type: ignore[no-any-return]
        id=name,
        label=here.say(f"forecast.form.{key}"),
        value=value.isoformat(),
        attributes={"input": {"type": "date", "min": lowest.isoformat()}},
    )
