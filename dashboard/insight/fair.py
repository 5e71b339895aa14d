"""The ranking fair to age and size: a table beside the plain one, with the reason of each store."""

from typing import Any

import dash_ag_grid as dag
import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from advice.ranking import PAIR
from chain.money import exponent
from dashboard.components.names import store_names
from dashboard.components.picture import narrow
from dashboard.components.ranking import HEAD, ROW
from dashboard.components.rows import Wire
from dashboard.frame import Here
from dashboard.loose import records
from figures import formats
from reports import insight
from warehouse.reads.protocol import ChainInfo, Filters

MOST_ROWS = 12
PHONE_COLUMNS, PHONE_ROW = 4, 64
"""On a phone: place, store, against its kind, and why, in rows of three lines."""


def card(here: Here, filters: Filters) -> list[Component]:
    """Return what the ranking says in a sentence, how it is made, and the table."""
    ranked = insight.fair_ranking(here.reads, filters)
    if ranked.empty:
        return [
            html.H2(here.say("insight.fair.title"), className="tb-finding"),
            html.P(here.say("insight.fair.few"), className="muted tb-sub"),
        ]
    chain = here.reads.chain()
    narrowed = filters.platforms or filters.channels
    span = formats.days(filters.period.start, filters.period.end, here.lang)
    return [
        html.H2(_finding(here, ranked), className="tb-finding"),
        html.P(here.say("insight.fair.lead", span=span), className="muted tb-sub"),
        *([html.P(here.say("insight.whole"), className="muted tb-sub")] if narrowed else []),
        _grid(here, chain, ranked),
    ]


def _finding(here: Here, ranked: pd.DataFrame) -> str:
    gap, error = ranked["gap"].to_numpy(float), ranked["error"].to_numpy(float)
    sure = gap / np.maximum(error, 1e-12)
    up, down = int((sure > PAIR).sum()), int((sure < -PAIR).sum())
    if not up and not down:
        return here.say("insight.fair.none", count=len(ranked))
    return here.say("insight.fair.finding", up=up, down=down, rest=len(ranked) - up - down)


def _grid(here: Here, chain: ChainInfo, ranked: pd.DataFrame) -> Component:
    stores = here.reads.stores()
    names = store_names(here, stores)
    pinyin = dict(zip(stores["store_id"], stores["sort_key"], strict=True))
    plain = ranked["actual"].rank(ascending=False, method="min")
    rows = [
        {
            "id": int(row["store"]),
            "n": names.get(int(row["store"]), ""),
            "p": str(pinyin.get(row["store"], "")) if here.lang == "zh" else "",
            "r": int(row["rank"]),
            "from": int(row["rank_best"]),
            "to": int(row["rank_worst"]),
            "tie": _tie(here, row),
            "plain": int(place),
            "v": int(row["actual"]),
            "e": int(row["expected"]),
            "range": _range(here, chain, row),
            "c": insight.against(row),
            "why": insight.why_ranked(here, chain, row),
        }
        for row, place in zip(records(ranked), plain, strict=True)
    ]
    row_height = PHONE_ROW if narrow() else ROW
    return dag.AgGrid(  # type: ignore[no-any-return]
        id="stores-fair-grid",
        rowData=Wire(rows),
        columnDefs=_columns(here, chain),
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
            "rowHeight": row_height,
            "headerHeight": HEAD,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "animateRows": False,
            "tooltipShowDelay": 300,
            "context": {"lang": "zh-CN" if here.lang == "zh" else "en-US"},
        },
        eventListeners={"cellKeyDown": ["tillOpen(params)"]},
        style={"height": f"{min(len(rows), MOST_ROWS) * row_height + HEAD + 4}px"},
        className="tb-grid",
    )


def _tie(here: Here, row: dict[str, Any]) -> str:
    if row["rank_best"] == row["rank_worst"]:
        return here.say("insight.fair.sure")
    return here.say("insight.fair.tie", best=int(row["rank_best"]), worst=int(row["rank_worst"]))


def _range(here: Here, chain: ChainInfo, row: dict[str, Any]) -> str:
    low, high = (
        formats.money_short(row[name], chain.currency, here.lang) for name in ("low", "high")
    )
    return here.say("insight.fair.range", low=low, high=high)


def _columns(here: Here, chain: ChainInfo) -> list[dict[str, Any]]:
    symbol = formats.symbol(chain.currency, "en")
    money = {"unit": "money", "symbol": symbol, "minor": 10 ** exponent(chain.currency)}
    small = narrow()

    def number(field: str, key: str, params: dict[str, Any], width: int) -> dict[str, Any]:
        head = here.say(f"insight.fair.{key}")
        return {
            "field": field,
            "headerName": f"{head}, {symbol}" if params["unit"] == "money" else head,
            "headerTooltip": here.say(f"insight.fair.{key}_tip"),
            "cellRenderer": "TillNumber",
            "cellRendererParams": params,
            "type": "rightAligned",
            "width": width,
        }

    columns: list[dict[str, Any]] = [
        {
            "field": "r", "colId": "rank", "headerName": here.say("insight.fair.place"),
            "headerTooltip": here.say("insight.fair.place_tip"), "cellRenderer": "TillPlace",
            "width": 50 if small else 104, "pinned": "left", "lockPosition": "left",
            "sortingOrder": ["asc", "desc"], "sort": "asc", "tooltipField": "tie",
        },
        {
            "field": "n", "colId": "name", "headerName": here.say("pages.table.store"),
            "cellRenderer": "TillStore", "width": 84 if small else 170, "pinned": "left",
            "comparator": {"function": "tillByPinyin"}, "sortingOrder": ["asc", "desc"],
        },
        number("c", "against", {"unit": "change"}, 70 if small else 104),
        {
            "field": "why", "headerName": here.say("insight.fair.why"), "flex": 1,
            "minWidth": 108 if small else 300, "sortable": False, "tooltipField": "why",
            "wrapText": small, "cellClass": "fair-why",
        },
        number("v", "actual", money, 104),
        {**number("e", "expected", money, 112), "tooltipField": "range"},
        {**number("plain", "plain", {"unit": "count"}, 92), "sortingOrder": ["asc", "desc"]},
    ]  # fmt: skip
    return columns[:PHONE_COLUMNS] if small else columns
