"""A figure by store, platform, channel or day: each row opens what it is made of in its turn."""

from datetime import date, timedelta
from typing import Any

import dash_ag_grid as dag
import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from chain.metrics import Metric
from chain.money import exponent
from dashboard.choice import UNKNOWN
from dashboard.components.names import store_names
from dashboard.components.picture import narrow
from dashboard.drill.asked import Asked, unit_of
from dashboard.filterbar import channel_name
from dashboard.loose import attributes, records
from figures import formats
from figures.look import Look
from warehouse.reads.parts_protocol import Split
from warehouse.reads.protocol import Grain, grain_for

ROW, HEAD, MOST_ROWS = 42, 44, 12
PARAM = {"store": "store", "platform": "platform", "channel": "channel", "day": "period"}
"""What of the address a row narrows."""


def card(asked: Asked, wanted: str) -> list[Component]:
    """Return the tabs and the table; nothing where nothing is left to be split."""
    by = asked.shown(wanted)
    if by is None:
        return []
    here = asked.here
    grain = grain_for(asked.filters.period)
    rows = here.reads.split(asked.made.asked, by, grain)
    title = html.H2(here.say(f"made_of.by_{by}"), className="tb-finding")
    about = asked.about
    if about is not asked.metric:
        key = "made_of.about_same" if asked.made.growth else "made_of.about"
        lead = here.say(key, metric=about.label(here.lang))
    else:
        lead = here.say("made_of.lead")
    return [
        title,
        html.P(lead, className="muted tb-sub"),
        _tabs(asked, by),
        _grid(asked, by, grain, rows),
    ]


def _tabs(asked: Asked, by: Split) -> Component:
    links = [
        dcc.Link(
            asked.here.say(f"made_of.tab_{each}"),
            href=asked.choice.made_of(each),
            className=f"drill-tab{' drill-tab-on' if each == by else ''}",
        )
        for each in asked.splits()
    ]
    label = asked.here.say("made_of.tabs")
    return html.Nav(links, className="drill-tabs", **attributes(aria_label=label))


def _grid(asked: Asked, by: Split, grain: Grain, rows: pd.DataFrame) -> Component:
    here, about = asked.here, asked.about
    shown = _rows(asked, by, grain, rows)
    symbol = formats.symbol(asked.chain.currency, "en")
    money = {"symbol": symbol, "minor": 10 ** exponent(asked.chain.currency)}
    return dag.AgGrid(  # type: ignore[no-any-return]
        id="made-of-grid",
        rowData=shown,
        columnDefs=_columns(asked, by, about, money),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "sortingOrder": ["desc", "asc"],
            "wrapHeaderText": True,
        },
        getRowId="params.data.id",
        dashGridOptions={
            "theme": {"function": "themeTill(themeQuartz)"},
            "rowHeight": ROW,
            "headerHeight": HEAD,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "animateRows": False,
            "tooltipShowDelay": 300,
            "localeText": {"noRowsToShow": here.say("made_of.nothing")},
            "context": {
                "lang": "zh-CN" if here.lang == "zh" else "en-US",
                "part": PARAM[by],
                "next": asked.deeper(by),
            },
        },
        eventListeners={"cellKeyDown": ["tillDeeper(params)"]},
        style={"height": f"{max(min(len(shown), MOST_ROWS), 2) * ROW + HEAD + 4}px"},
        className="tb-grid",
    )


def _columns(asked: Asked, by: Split, about: Metric, money: dict[str, Any]) -> list[dict[str, Any]]:
    here, small = asked.here, narrow()
    name: dict[str, Any] = {
        "field": "n",
        "headerName": here.say(f"made_of.tab_{by}"),
        "cellRenderer": "TillDeeper",
        "flex": 2,
        "minWidth": 120 if small else 190,
        "sortingOrder": ["asc", "desc"],
    }
    if by == "store":
        name["comparator"] = {"function": "tillByPinyin"}
    if by == "day":
        name["comparator"] = {"function": "tillByDay"}
    heading = _unit(about.label(here.lang), about.unit, money["symbol"])
    value = {
        "field": "v",
        "headerName": heading,
        "headerTooltip": about.sentence(here.lang),
        "cellRenderer": "TillBar" if about.additive else "TillNumber",
        "cellRendererParams": {"unit": about.unit, **money},
        "flex": 2,
        "minWidth": 96 if small else 150,
    }
    if not about.additive:
        value["type"] = "rightAligned"
    columns = [name, value]
    if not asked.filters.alone:
        points = about.unit == "ratio"
        head = here.say("pages.table.points" if points else "made_of.change")
        columns.append(_number("c", head, "points" if points else "change", money, 84))
    if about.additive:
        columns.append(_number("s", here.say("made_of.share"), "ratio", money, 84))
    if about.over:
        columns.append(
            _number("t", _sum_word(asked, about, top=True), unit_of(about.top), money, 130)
        )
        if "area_sqm" not in about.over.columns:
            word = _sum_word(asked, about, top=False)
            columns.append(_number("o", word, unit_of(about.over), money, 130))
    return columns


def _sum_word(asked: Asked, about: Metric, *, top: bool) -> str:
    part = about.top if top or about.over is None else about.over
    if len(part.columns) == 1:
        word = asked.here.say(f"reports.column.{part.columns[0]}")
    elif set(part.columns) == {"gross", "merchant_subsidy", "refund"}:
        word = asked.here.say("metrics.net_sales.label")
    else:
        word = asked.here.say("made_of.kept")
    return _unit(word, unit_of(part), formats.symbol(asked.chain.currency, "en"))


def _unit(label: str, unit: str, symbol: str) -> str:
    return f"{label}, {symbol}" if unit == "money" else f"{label}, %" if unit == "ratio" else label


def _number(field: str, head: str, unit: str, money: dict[str, Any], width: int) -> dict[str, Any]:
    return {
        "field": field,
        "headerName": head,
        "cellRenderer": "TillNumber",
        "cellRendererParams": {"unit": unit, **money},
        "type": "rightAligned",
        "minWidth": width,
        "flex": 1,
    }


def _rows(asked: Asked, by: Split, grain: Grain, rows: pd.DataFrame) -> list[dict[str, Any]]:
    about, whole = asked.about, float(rows["top"].sum()) if len(rows) else 0.0
    digits = 4 if about.unit == "ratio" else 0
    named = _named(asked, by, grain, rows)
    made = []
    for row, about_row in zip(records(rows), named, strict=True):
        value, before = _clean(row["value"], digits), _clean(row["value_before"], digits)
        share = row["top"] / whole if about.additive and whole and value is not None else None
        made.append(
            {
                **about_row,
                "v": value,
                "c": _change(about, value, before),
                "s": _clean(share, 4),
                "t": _clean(row["top"], 0) if about.over else None,
                "o": _clean(row["over"], 0) if about.over else None,
            }
        )
    return [{name: each for name, each in row.items() if each is not None} for row in made]


def _change(about: Metric, now: float | None, before: float | None) -> float | None:
    if now is None or before is None:
        return None
    if about.unit == "ratio":
        return round(now - before, 4)
    return round(now / before - 1, 4) if before else None


def _clean(value: Any, digits: int) -> float | None:
    return None if formats.missing(value) else round(float(value), digits)


def _named(asked: Asked, by: Split, grain: Grain, rows: pd.DataFrame) -> list[dict[str, Any]]:
    here = asked.here
    if by == "store":
        stores = here.reads.stores()
        names = store_names(here, stores)
        order = dict(zip(stores["store_id"], stores["sort_key"], strict=True))
        chinese = here.lang == "zh"
        return [
            {
                "id": str(each),
                "n": names.get(each, str(each)),
                "p": order.get(each) if chinese else None,
            }
            for each in map(int, rows["store_id"])
        ]
    if by == "platform":
        look = Look(here.lang, dark=False, currency="")
        return [{"id": code, "n": look.platform(code)} for code in rows["platform"]]
    if by == "channel":
        return [{"id": code or UNKNOWN, "n": channel_name(here, code)} for code in rows["channel"]]
    return [_day(asked, day, grain) for day in rows["day"]]


def _day(asked: Asked, day: date, grain: Grain) -> dict[str, Any]:
    period, lang = asked.filters.period, asked.here.lang
    if grain == "day":
        return {"id": f"{day}..{day}", "n": formats.day(day, lang)}
    last = day + timedelta(days=6)
    if grain == "month":
        last = (day + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    first, last = max(day, period.start), min(last, period.end)
    return {"id": f"{first}..{last}", "n": formats.days_year(first, last, lang)}
