"""The form that says how a table of one's own is read, for a file that no source knows."""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.errors import LIST_SEPARATOR
from dashboard.frame import Here
from dashboard.imports.changes import NEEDED, column_name
from dashboard.loose import attributes
from warehouse.reads.protocol import Batch, ChainInfo

COLUMNS = (
    "occurred_at",
    "gross",
    "external_id",
    "count",
    "clock",
    "fee",
    "kind",
    "method",
    "store_ref",
    "terminal_ref",
    "order_ref",
)
"""What may be mapped; the first two must be."""
EXPLAINED = frozenset({"external_id", "count", "clock"})
UNKNOWN = frozenset({"etl.unknown_layout", "etl.unknown_layout_near"})
_HINTS = {
    "occurred_at": ("time", "date", "时间", "日期"),
    "gross": ("amount", "total", "gross", "金额"),
    # A wrong guess here would take many payments for one.
    "external_id": ("transaction id", "payment id", "payment number", "单号", "流水"),
    "count": ("count", "orders", "笔数", "单数"),
    "clock": ("clock", "时刻"),
    "fee": ("fee", "手续费", "服务费"),
    "kind": ("type", "kind", "类型"),
    "method": ("method", "方式"),
    "store_ref": ("store", "shop", "门店"),
    "terminal_ref": ("terminal", "device", "终端", "设备"),
    "order_ref": ("order", "订单"),
}


def header(batch: Batch) -> list[str]:
    """Return the names of the header that the file shows, all of them however wide it is."""
    if batch.error_key not in UNKNOWN:
        return []
    names = str(batch.error_params.get("columns", "")).split(LIST_SEPARATOR)
    return list(dict.fromkeys(filter(None, names)))


def form(here: Here, batch: Batch, chain: ChainInfo) -> Component | None:
    """Return the form, or None for a batch that needs none."""
    seen = header(batch)
    if not seen:
        return None
    selects = [
        dmc.Select(
            id={"type": "map-column", "column": column},
            label=column_name(here, column),
            data=seen,
            value=guess(column, seen),
            clearable=True,
            searchable=True,
            withAsterisk=column in NEEDED,
            inputWrapperOrder=["label", "input", "description", "error"],
            description=here.say(f"dashboard.map.about.{column}") if column in EXPLAINED else None,
        )
        for column in COLUMNS
    ]
    return html.Section(
        [
            html.H3(here.say("dashboard.map.title")),
            html.P(here.say("dashboard.map.lead"), className="muted"),
            html.P([html.Code(name) for name in seen], className="map-seen"),
            dmc.TextInput(
                id="map-name",
                label=here.say("dashboard.map.name"),
                value=batch.file_name.rsplit(".", 1)[0][:60],
            ),
            html.Div(selects, className="map-columns"),
            dmc.Button(here.say("dashboard.map.save"), id="map-save", mt="md"),
        ],
        className="map",
        **attributes(data_currency=chain.currency),
    )


def guess(column: str, seen: Sequence[str]) -> str | None:
    """Return the heading that most likely is ``column``, if any."""
    for hint in _HINTS[column]:
        for name in seen:
            words = name.lower().replace("_", " ").split()
            phrase = " ".join(words)
            if hint in words or ((" " in hint or not hint.isascii()) and hint in phrase):
                return name
    return None


def spec(chain: ChainInfo, columns: dict[str, str | None]) -> dict[str, Any]:
    """Return what ``column_map.spec`` keeps."""
    return {
        "columns": {name: heading for name, heading in columns.items() if heading},
        "zone": chain.time_zone,
        "currency": chain.currency,
    }
