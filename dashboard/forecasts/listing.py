"""The table of all stores' forecasts, each a link to its own."""

from typing import Any

import dash_ag_grid as dag
import pandas as pd
from dash import html
from dash.development.base_component import Component

from chain.money import exponent
from dashboard.components.names import store_names
from dashboard.components.picture import narrow
from dashboard.forecasts import words
from dashboard.forecasts.asked import Asked, future
from dashboard.frame import Here
from dashboard.loose import records
from figures import formats
from warehouse.reads.protocol import ChainInfo

ROW, HEAD = 42, 44
MOST_ROWS = 13


def table(here: Here, asked: Asked) -> list[Component]:
    """Return the card's inside for a region or the chain; nothing for a single store."""
    if asked.unit.level == "store":
        return []
    frame = future(here).forecast_by_store(asked.ahead)
    stores = here.reads.stores()
    if asked.unit.level == "region":
        inside = stores[stores["region_id"] == asked.unit.unit_id]["store_id"]
        frame = frame[frame["store_id"].isin(inside)]
    if frame.empty:
        return []
    chain = here.reads.chain()
    rows = rows_of(here, chain, frame, stores)
    return [
        html.Div(
            [
                html.H2(_finding(here, frame), className="tb-finding"),
                html.P(here.say("forecast.table.subtitle", count=asked.ahead), className="muted"),
            ],
            className="tb-card-head",
        ),
        dag.AgGrid(
            id="forecast-grid",
            rowData=rows,
            columnDefs=columns(here, chain, asked),
            defaultColDef={
                "sortable": True,
                "resizable": True,
                "suppressHeaderMenuButton": True,
                "sortingOrder": ["desc", "asc"],
                "wrapHeaderText": True,
            },
            getRowId="params.data.id + ''",
            dashGridOptions={
                "theme": {"function": "themeTill(themeQuartz)"},
                "rowHeight": ROW,
                "headerHeight": HEAD,
                "enableCellTextSelection": True,
                "ensureDomOrder": True,
                "animateRows": False,
                "localeText": {"noRowsToShow": here.say("pages.table.none")},
                "context": {"lang": "zh-CN" if here.lang == "zh" else "en-US"},
            },
            style={"height": f"{min(len(rows), MOST_ROWS) * ROW + HEAD + 4}px"},
            className="tb-grid",
        ),
    ]


def rows_of(
    here: Here, chain: ChainInfo, frame: pd.DataFrame, stores: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return a row a store as the grid wants it, what is missing left out."""
    names = store_names(here, stores)
    pinyin = dict(zip(stores["store_id"], stores["sort_key"], strict=True))
    return [_row(here, chain, row, names, pinyin) for row in records(frame)]


def _row(
    here: Here,
    chain: ChainInfo,
    row: dict[str, Any],
    names: dict[int, str],
    pinyin: dict[int, str],
) -> dict[str, Any]:
    store = int(row["store_id"])
    made: dict[str, Any] = {
        "id": store,
        "n": names.get(store, str(store)),
        "p": pinyin.get(store, "") if here.lang == "zh" else "",
        "marks": _marks(here, row),
    }
    if formats.missing(row["mean"]):
        why = words.note(here, str(row["reason"]), row["params"] or {}) if row["reason"] else ""
        return made | {"u": here.say("forecast.table.refused"), "t": why}
    made |= {
        "v": round(row["mean"]),
        "u": f"{words.money(here, chain, row['low'])} – {words.money(here, chain, row['high'])}",
        "t": words.exact(here, chain, row["low"], row["high"]),
        "model": words.model(here, str(row["model"])),
    }
    if row["before"] and not formats.missing(row["before"]):
        made["c"] = round(row["mean"] / row["before"] - 1, 4)
    for key, column in (("w", "wape"), ("nw", "naive_wape"), ("pw", "prophet_wape")):
        if not formats.missing(row[column]):
            made[key] = round(float(row[column]), 4)
    return made


def _marks(here: Here, row: dict[str, Any]) -> str:
    marks = [key for key in ("is_new", "loses", "overridden") if row[key] is True or row[key] == 1]
    said = [here.say(f"forecast.table.{key}") for key in marks]
    return here.say("figures.list.comma").join(said)


def _finding(here: Here, frame: pd.DataFrame) -> str:
    known = frame.dropna(subset=["mean"])
    before = known[known["before"].fillna(0) > 0]
    up = int((before["mean"] > before["before"]).sum())
    if before.empty:
        return here.say("forecast.table.finding_plain", count=len(known))
    return here.say("forecast.table.finding", up=up, count=len(before))


def columns(here: Here, chain: ChainInfo, asked: Asked) -> list[dict[str, Any]]:
    """Return the columns: the name frozen, the sum ahead with its bar, and the rest."""
    symbol = formats.symbol(chain.currency, "en")
    money = {"symbol": symbol, "minor": 10 ** exponent(chain.currency)}
    say = here.say
    ahead = say("forecast.table.ahead", count=asked.ahead)
    return [
        {
            "field": "n", "headerName": say("pages.table.store"), "cellRenderer": "TillForecast",
            "width": 112 if narrow() else 190, "pinned": "left", "lockPosition": "left",
            "comparator": {"function": "tillByPinyin"}, "sortingOrder": ["asc", "desc"],
        },
        {
            "field": "v", "headerName": f"{ahead}, {symbol}",
            "cellRenderer": "TillBar", "cellRendererParams": {"unit": "money", **money},
            "flex": 2, "minWidth": 150, "sort": "desc",
        },
        {
            "field": "u", "headerName": say("figures.fan.range"), "cellRenderer": "TillTip",
            "cellRendererParams": {"tip": "t"}, "width": 160, "sortable": False,
            "type": "rightAligned",
        },
        _number("c", say("forecast.table.change"), "change", money, 104),
        {"field": "marks", "headerName": say("forecast.table.marks"), "width": 150},
        {"field": "model", "headerName": say("forecast.table.model"), "width": 160},
        _number("w", f"{say('forecast.score.missed')}, %", "ratio", money, 100),
        _number("pw", f"{words.model(here, 'prophet')}, %", "ratio", money, 92),
        _number("nw", f"{words.model(here, 'seasonal_naive')}, %", "ratio", money, 128),
    ]  # fmt: skip


def _number(field: str, head: str, unit: str, money: dict[str, Any], width: int) -> dict[str, Any]:
    return {
        "field": field,
        "headerName": head,
        "cellRenderer": "TillNumber",
        "cellRendererParams": {"unit": unit, **money},
        "type": "rightAligned",
        "width": width,
    }
