"""The split of a budget: what is asked, and today's plan, the advice and the difference."""

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from chain.errors import PermanentError
from chain.money import parse_amount, to_major
from dashboard.budget.known import Known, channel_name
from dashboard.frame import Here
from dashboard.loose import attributes, records
from figures import formats

HORIZON = 13
STEP = 0.5
"""No store's spend in a channel is to change by more than half at once."""
_WIDEST = 2.0
_MARGIN = 60


def form(here: Here, found: Known) -> list[Component]:
    """Return the form: total, margin, and a slider of least and most for each channel."""
    chain = here.reads.chain()
    recent = HORIZON * found.response.recent.sum(axis=1) * found.unit
    total = to_major(round(float(recent.sum())), chain.currency)
    sliders = [
        _slider(here, channel.name, float(spent))
        for channel, spent in zip(found.response.channels, recent, strict=True)
        if spent > 0
    ]
    return [
        html.H2(here.say("budget.plan.title"), className="tb-finding"),
        html.P(here.say("budget.plan.lead"), className="muted tb-sub"),
        html.Div(
            [
                dmc.TextInput(
                    id="marketing-total",
                    label=here.say("budget.plan.total"),
                    value=f"{total:.0f}",
                    rightSection=formats.symbol(chain.currency, here.lang),
                    attributes={"input": {"inputMode": "decimal", "autoComplete": "off"}},
                ),
                dmc.NumberInput(
                    id="marketing-margin",
                    label=here.say("budget.plan.margin"),
                    value=_MARGIN,
                    min=1,
                    max=100,
                    suffix=" %",
                ),
            ],
            className="forecast-dates",
        ),
        html.Div(sliders, className="budget-sliders"),
        dmc.Button(here.say("budget.plan.ask"), id="marketing-split"),
    ]


def _slider(here: Here, name: str, spent: float) -> Component:
    currency = here.reads.chain().currency
    shown = formats.money_short(spent, currency, here.lang)
    label = here.say("budget.plan.bounds", name=channel_name(here, name), amount=shown)
    slider: Any = dmc.RangeSlider(
        id={"type": "marketing-bounds", "channel": name},
        value=[0, 200],
        min=0,
        max=100 * int(_WIDEST),
        step=5,
        minRange=0,
        marks=[{"value": at, "label": f"{at} %"} for at in (0, 100, 200)],
        thumbFromLabel=here.say("budget.plan.least"),
        thumbToLabel=here.say("budget.plan.most"),
    )
    return html.Div([html.P(label), slider], role="group", **attributes(aria_label=label))


def split(
    here: Here,
    found: Known,
    total: str,
    margin: float | str | None,
    bounds: Mapping[str, tuple[float, float]],
) -> list[Component]:
    """Return the advice; ``bounds`` are per cent of today's spend by channel.

    Raises PermanentError for what is no amount or per cent, and where no split fits.
    """
    from advice.marketing import allocate

    chain = here.reads.chain()
    try:
        amount = parse_amount(total, chain.currency)
        share = float(margin or 0) / 100
    except ValueError as error:
        raise PermanentError("budget.plan.no_amount", typed=total[:40]) from error
    if not 0 < share <= 1:
        raise PermanentError("budget.plan.no_margin")
    recent = HORIZON * found.response.recent.sum(axis=1)
    limits: dict[str | tuple[str, str], tuple[float | None, float | None]] = {
        channel.name: (spent * bounds[channel.name][0] / 100, spent * bounds[channel.name][1] / 100)
        for channel, spent in zip(found.response.channels, recent, strict=True)
        if channel.name in bounds
    }
    table = allocate(
        found.response,
        total=amount / found.unit,
        bounds=limits,
        horizon=HORIZON,
        margin=share,
        step=STEP,
        all_of_it=False,
    )
    return [*_told(here, found, table), _table(here, found, table)]


def _told(here: Here, found: Known, table: pd.DataFrame) -> list[Component]:
    said: Mapping[Any, Any] = table.attrs
    extra = said["difference"]
    lines = [
        here.say(
            "budget.told.profit",
            low=_money(here, found, extra["profit_q10"]),
            high=_money(here, found, extra["profit_q90"]),
            chance=min(max(round(100 * said["better"]), 1), 99),
        )
    ]
    if said["unspent"] > 1:
        lines.append(here.say("budget.told.unspent", amount=_money(here, found, said["unspent"])))
    if said["held"]:
        names = [channel_name(here, name) for name in said["held"]]
        lines.append(here.say("budget.told.held", names=formats.listing(names, here.lang, most=4)))
    return [html.P(line, className="budget-told") for line in lines]


def _table(here: Here, found: Known, table: pd.DataFrame) -> Component:
    columns = ("spend", "current", "gain", "q10", "q90")
    sums = table.groupby("channel", sort=False)[list(columns)].sum()
    sums["marginal"] = table.groupby("channel", sort=False)["marginal"].mean()
    heads = ("channel", "today", "advice", "difference", "gain", "marginal")
    rows = [_row(here, found, row) for row in records(sums.reset_index())]
    head = html.Tr(
        [html.Th(here.say(f"budget.table.{name}"), className="number" if at else "")
         for at, name in enumerate(heads)]
    )  # fmt: skip
    body = html.Table([html.Thead(head), html.Tbody(rows)], className="plain-table")
    hint = html.P(here.say("budget.table.hint", step=round(100 * STEP)), className="muted")
    return html.Div([html.Div(body, className="forecast-wide"), hint])


def _row(here: Here, found: Known, row: Mapping[str, Any]) -> Component:
    moved = row["spend"] - row["current"]
    arrow = "▲ " if moved > 0.5 else "▼ " if moved < -0.5 else "= "
    cells = [
        _money(here, found, row["current"]),
        _money(here, found, row["spend"]),
        arrow + _money(here, found, abs(moved)),
        _money(here, found, row["gain"]),
        f"{row['marginal']:.2f}",
    ]
    name = html.Td(channel_name(here, str(row["channel"])))
    return html.Tr([name, *(html.Td(cell, className="number") for cell in cells)])


def _money(here: Here, found: Known, amount: float) -> str:
    currency = here.reads.chain().currency
    return formats.money_short(amount * found.unit, currency, here.lang)
