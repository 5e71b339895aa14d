"""The ranking of stores: one grid, drawn and formatted in the browser, with compact rows."""

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from chain.metrics import METRICS, Metric
from chain.money import exponent
from dashboard.components.picture import narrow
from dashboard.components.rows import SIDE_METRICS, rows_of
from dashboard.frame import Here
from dashboard.loose import as_button
from figures import formats
from warehouse.reads.protocol import ChainInfo, Totals

GRID = "stores-grid"
ROW, HEAD = 42, 44
DESK = {"rank": 66, "name": 180, "value": 150, "change": 96}
PHONE = {"rank": 58, "name": 110, "value": 82, "change": 74}
"""Widths of the first columns in pixels; on a phone they fit beside one another."""
CHOICE = ("share", "spark", *SIDE_METRICS, "city", "region", "days_without")
SHOWN = ("share", "spark", "orders", "average_ticket", "city")


def tools(here: Here) -> Component:
    """Return quick search, the choice of columns and the button that saves the table as CSV."""
    boxes = [dmc.Checkbox(value=column, label=_heading(here, column), my=6) for column in CHOICE]
    group = dmc.CheckboxGroup(
        boxes, id="stores-columns", value=list(SHOWN), persistence=True, persistence_type="local"
    )
    chooser = dmc.Popover(
        [
            dmc.PopoverTarget(
                html.Span(here.say("pages.table.columns")),
                boxWrapperProps=as_button("tb-button"),
            ),
            dmc.PopoverDropdown(group),
        ],
        position="bottom-end",
        keepMounted=True,
    )
    search = dmc.TextInput(
        id="stores-search",
        placeholder=here.say("pages.table.search"),
        debounce=False,
        className="tb-search",
        attributes={"input": {"aria-label": here.say("pages.table.search"), "type": "search"}},
    )
    save = dmc.Button(
        here.say("pages.table.save"), id="stores-save", variant="default", visibleFrom="sm"
    )
    parts = [search, chooser]
    if here.may("export"):
        parts.append(save)
    if here.may("import"):
        parts.append(dcc.Link(here.say("dashboard.setup.edit"), href="/setup", className="tb-act"))
    return html.Div(parts, className="tb-table-tools")


def grid(
    here: Here,
    chain: ChainInfo,
    metric: Metric,
    ranked: pd.DataFrame,
    stores: pd.DataFrame,
    totals: Totals,
) -> Component:
    """Return the table. ``ranked`` is as ``by_store`` gives it, ``stores`` as ``stores`` does."""
    return dag.AgGrid(  # type: ignore[no-any-return]
        id=GRID,
        **contents(here, metric, ranked, stores, totals),
        columnDefs=columns(here, chain, metric),
        defaultColDef={
            "sortable": True,
            "resizable": True,
            "suppressMovable": False,
            "suppressHeaderMenuButton": True,
            "sortingOrder": ["desc", "asc"],
            "wrapHeaderText": True,
            "getQuickFilterText": {"function": "tillUnsearched()"},
        },
        getRowId="params.data.id + ''",
        eventListeners={"cellKeyDown": ["tillOpen(params)"]},
        className="tb-grid",
    )


def contents(
    here: Here, metric: Metric, ranked: pd.DataFrame, stores: pd.DataFrame, totals: Totals
) -> dict[str, Any]:
    """Return what of the table goes with a period: a table that is there takes it as it is."""
    rows = rows_of(here, metric, ranked, stores)
    total = _total(here, totals, int(ranked["rank"].notna().sum()))
    options = {
        "theme": {"function": "themeTill(themeQuartz)"},
        "rowHeight": ROW,
        "headerHeight": HEAD,
        "pinnedBottomRowData": [total],
        "enableCellTextSelection": True,
        "ensureDomOrder": True,
        "suppressDragLeaveHidesColumns": True,
        "animateRows": False,
        "tooltipShowDelay": 300,
        "localeText": {"noRowsToShow": here.say("pages.table.none")},
        "context": {"lang": "zh-CN" if here.lang == "zh" else "en-US"},
    }
    height = f"{min(len(rows) + 1, 16) * ROW + HEAD + 4}px"
    return {"rowData": rows, "dashGridOptions": options, "style": {"height": height}}


def columns(here: Here, chain: ChainInfo, metric: Metric) -> list[dict[str, Any]]:
    """Return the columns: place and name frozen, the ranked metric with its bar, and the rest."""
    money = _money(chain)
    widths = PHONE if narrow() else DESK
    ranked = {
        "field": "v",
        "colId": "value",
        "headerName": _unit(metric.label(here.lang), metric.unit, money["symbol"]),
        "headerTooltip": metric.sentence(here.lang),
        "cellRenderer": "TillBar",
        "cellRendererParams": {"unit": metric.unit, **money},
        "flex": 2,
        "minWidth": widths["value"],
        "sort": "desc" if metric.up_is_good is not False else "asc",
    }
    change = {
        **_number("c", _heading(here, "change"), "change", money, widths["change"]),
        "headerTooltip": here.say("pages.table.change_tip"),
    }
    if metric.unit == "ratio":
        change["headerName"] = here.say("pages.table.points")
        change["cellRendererParams"]["unit"] = "points"
    return [
        {
            "field": "r", "colId": "rank", "headerName": "#", "cellRenderer": "TillRank",
            "width": widths["rank"], "pinned": "left", "lockPosition": "left",
            "sortingOrder": ["asc", "desc"],
            "headerTooltip": here.say("pages.table.rank_tip"), "resizable": False,
            "suppressSizeToFit": True,
        },
        {
            "field": "n", "colId": "name", "headerName": here.say("pages.table.store"),
            "cellRenderer": "TillStore", "width": widths["name"],
            "pinned": "left", "lockPosition": "left",
            "comparator": {"function": "tillByPinyin"}, "sortingOrder": ["asc", "desc"],
            "getQuickFilterText": {"function": "tillSearched(params)"},
        },
        ranked,
        change,
        {**_number("s", _heading(here, "share"), "ratio", money, 86), "colId": "share"},
        {
            "field": "k", "colId": "spark", "headerName": _heading(here, "spark"), "flex": 1,
            "minWidth": 120,
            "cellRenderer": "TillSpark", "cellDataType": False, "sortable": False,
        },
        *(_side(here, name, money) for name in SIDE_METRICS),
        {"field": "city", "headerName": _heading(here, "city"), "width": 110},
        {"field": "region", "headerName": _heading(here, "region"), "width": 110},
        {
            **_number("dw", _heading(here, "days_without"), "count", money, 110),
            "colId": "days_without",
        },
    ]  # fmt: skip


def _side(here: Here, name: str, money: Mapping[str, Any]) -> dict[str, Any]:
    metric = METRICS[name]
    head = _unit(metric.label(here.lang), metric.unit, money["symbol"])
    column = _number(name, head, metric.unit, money, 116)
    return {**column, "headerTooltip": metric.sentence(here.lang)}


def _number(
    field: str, head: str, unit: str, money: Mapping[str, Any], width: int
) -> dict[str, Any]:
    return {
        "field": field,
        "headerName": head,
        "cellRenderer": "TillNumber",
        "cellRendererParams": {"unit": unit, **money},
        "type": "rightAligned",
        "width": width,
    }


def _money(chain: ChainInfo) -> dict[str, Any]:
    return {
        "symbol": formats.symbol(chain.currency, "en"),
        "minor": 10 ** exponent(chain.currency),
    }


def _unit(label: str, unit: str, symbol: str) -> str:
    return f"{label}, {symbol}" if unit == "money" else f"{label}, %" if unit == "ratio" else label


def _heading(here: Here, column: str) -> str:
    if column in METRICS:
        return METRICS[column].label(here.lang)
    return here.say(f"pages.table.{column}")


def _clean(value: Any, digits: int) -> float | None:
    if formats.missing(value):
        return None
    rounded = round(float(value), digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _total(here: Here, totals: Totals, count: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": "total",
        "n": here.say("pages.table.total", count=count),
        "v": _clean(totals.value, 4),
        "c": _clean(totals.change, 4),
    }
    made.update({name: _clean(METRICS[name].value(totals.now), 4) for name in SIDE_METRICS})
    return {key: value for key, value in made.items() if value is not None}
