"""The payments of a figure one by one, fetched as they are scrolled to."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import dash_ag_grid as dag
import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from chain.metrics import Linear, Metric
from chain.words import catalogue
from dashboard.components.names import store_names
from dashboard.components.picture import narrow
from dashboard.drill.asked import Asked, unit_of
from dashboard.filterbar import channel_name
from dashboard.loose import records
from figures import formats
from figures.look import Look
from warehouse.reads.behind import MOST, contributions
from warehouse.reads.parts_protocol import Behind
from warehouse.reads.protocol import PaymentPlace

BLOCK = 100
"""Payments fetched at once."""
ROW, HEAD, MOST_ROWS = 42, 44, 10
PLACES = "made-of-places"


def card(asked: Asked) -> list[Component]:
    """Return how payments come to the figure, and the list that fetches them."""
    here = asked.here
    title = html.H2(here.say("made_of.payments"), className="tb-finding", id="made-of-list")
    if asked.counted is None:
        return [title, html.P(here.say("made_of.no_payment"), className="muted")]
    behind = here.reads.behind(asked.payments)
    lines = [html.Li(line) for line in _told(asked, asked.counted, behind)]
    # Another key is another grid: what was fetched for another choice is not shown for this one.
    return [
        title,
        html.Ul(lines, className="drill-told"),
        dcc.Store(id=PLACES, data={}),
        html.Div(_grid(asked, asked.counted), key=asked.choice.query()),
    ]


def _told(asked: Asked, about: Metric, behind: Behind) -> list[str]:
    """Say what the payments add up to, and why it is another amount where it is."""
    here, chain = asked.here, asked.chain
    unit = unit_of(about.top)
    home = float(behind.currencies["home"].sum())
    key = "sum" if about is asked.about else "sum_derived"
    told = [here.say(f"made_of.{key}", amount=_exact(asked, home, unit, chain.currency))]
    if not home and not behind.currencies["top"].any() and not behind.twins:
        told = [here.say("made_of.sum_nothing")]
    for row in records(behind.currencies.iloc[1:]):
        currency = str(row["currency"])
        counted = row["top"] - row["left_out"]
        if unit == "money" and counted:
            told.append(
                here.say(
                    "made_of.converted",
                    amount=formats.money_full(counted, currency, here.lang),
                    home=formats.money_full(row["home"], chain.currency, here.lang),
                )
            )
        if row["left_out"]:
            left = _exact(asked, row["left_out"], unit, currency)
            told.append(here.say("made_of.left_out", amount=left, currency=currency))
    if behind.twins:
        # A count that stopped at its limit is said as what it is.
        more = "+" if behind.twins >= MOST else ""
        shown = formats.count_full(behind.twins, here.lang) + more
        told.append(here.say("made_of.twins", shown=shown))
    if about.over and "area_sqm" in about.over.columns:
        told.append(here.say("made_of.area"))
    return told


def _exact(asked: Asked, value: float, unit: str, currency: str) -> str:
    return formats.figure_full(value, unit, currency, asked.here.lang)


def _grid(asked: Asked, about: Metric) -> Component:
    here, chain = asked.here, asked.chain
    return dag.AgGrid(  # type: ignore[no-any-return]
        id="made-of-payments",
        rowModelType="infinite",
        columnDefs=_columns(asked, about),
        defaultColDef={
            "sortable": False,
            "resizable": True,
            "suppressHeaderMenuButton": True,
            "wrapHeaderText": True,
        },
        dashGridOptions={
            "theme": {"function": "themeTill(themeQuartz)"},
            "rowHeight": ROW,
            "headerHeight": HEAD,
            "cacheBlockSize": BLOCK,
            "maxConcurrentDatasourceRequests": 1,
            "infiniteInitialRowCount": 1,
            "cacheOverflowSize": 1,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "animateRows": False,
            "tooltipShowDelay": 300,
            "localeText": {"noRowsToShow": here.say("made_of.nothing")},
            "context": {"zone": chain.time_zone},
        },
        style={"height": f"{_rows_shown(asked) * ROW + HEAD + 4}px"},
        className="tb-grid",
    )


def _rows_shown(asked: Asked) -> int:
    """Return how many rows to make room for; no more than there are, where that is known."""
    kinds = asked.made.kinds
    if not set(kinds) <= {"sale", "refund"} or not kinds:
        return MOST_ROWS
    sums = asked.here.reads.totals(asked.payments).now
    count = sums["orders"] * ("sale" in kinds) + sums["refunds"] * ("refund" in kinds)
    return max(2, min(count, MOST_ROWS))


def _columns(asked: Asked, about: Metric) -> list[dict[str, Any]]:
    here, small = asked.here, narrow()

    def text(field: str, key: str, width: int, **more: Any) -> dict[str, Any]:
        head = here.say(f"made_of.column.{key}")
        return {"field": field, "headerName": head, "minWidth": width, "flex": 1, **more}

    right = {"type": "rightAligned"}
    when = text("at", "at", 96 if small else 150, headerTooltip=asked.chain.time_zone)
    store = text("store", "store", 96, tooltipField="store")
    counts = text(
        "top", "counts", 104, **right, headerTooltip=here.say("made_of.column.counts_tip")
    )
    of = (
        [text("over", "of", 104, **right)]
        if about.over and "area_sqm" not in about.over.columns
        else []
    )
    stores = [] if len(asked.filters.stores) == 1 else [store]
    if small:
        return [
            when,
            counts,
            *of,
            *stores,
            text("what", "what", 130),
            text("paid", "paid", 110, **right),
        ]
    return [
        when,
        *stores,
        text("what", "what", 150),
        text("channel", "channel", 100),
        text("paid", "paid", 110, **right),
        counts,
        *of,
        text("number", "number", 190, tooltipField="number"),
    ]


def page(
    asked: Asked, request: dict[str, Any], places: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the rows that the grid asks for, and where the block after them starts.

    ``places`` says where each known block starts; what is not known is not there.
    """
    start = int(request.get("startRow") or 0)
    after = _place(places.get(str(start)))
    if start and after is None:
        return {"rowData": [], "rowCount": start}, places
    if asked.counted is None:
        return {"rowData": [], "rowCount": 0}, places
    found = asked.here.reads.payments_after(asked.payments, after, BLOCK, asked.made.kinds)
    rows = _rows(asked, asked.counted, found)
    if len(found) < BLOCK:
        return {"rowData": rows, "rowCount": start + len(found)}, places
    last = found.iloc[-1]
    next_place = [
        last["business_date"].isoformat(),
        last["occurred_at"].isoformat(),
        str(last["key"]),
    ]
    return {"rowData": rows}, {**places, str(start + BLOCK): next_place}


def _place(given: Any) -> PaymentPlace | None:
    """Return the place that the browser sent back; None for what is none."""
    try:
        day, at, key = given
        return PaymentPlace(date.fromisoformat(day), datetime.fromisoformat(at), str(key))
    except (TypeError, ValueError):
        return None


def _rows(asked: Asked, about: Metric, found: pd.DataFrame) -> list[dict[str, Any]]:
    here = asked.here
    names = store_names(here, here.reads.stores())
    look = Look(here.lang, dark=False, currency="")
    zone, small = ZoneInfo(asked.chain.time_zone), narrow()
    top = contributions(about.top, found)
    over = contributions(about.over, found) if about.over else top
    return [
        {
            "at": _instant(row["occurred_at"].astimezone(zone), here.lang, small=small),
            "store": names.get(int(row["store_id"]), ""),
            "what": _what(asked, row, look),
            "channel": channel_name(here, row["channel"]) if row["channel"] else "",
            "paid": formats.money_full(row["gross"], row["currency"], here.lang),
            "top": _counted(asked, about.top, int(top[at]), row),
            "over": _counted(asked, about.over, int(over[at]), row) if about.over else "",
            "number": row["external_id"],
        }
        for at, row in enumerate(records(found))
    ]


def _instant(local: datetime, lang: str, *, small: bool) -> str:
    day = f"{local:%m-%d}" if small else formats.day(local.date(), lang)
    return f"{day} {local:%H:%M}"


def _what(asked: Asked, row: dict[str, Any], look: Look) -> str:
    kind = catalogue(asked.here.lang).get(f"reports.kind.{row['kind']}") or str(row["kind"])
    parts = [look.platform(str(row["platform"])), kind]
    if row["twin"]:
        parts.append(asked.here.say("made_of.twin"))
    return " · ".join(parts)


def _counted(asked: Asked, part: Linear, amount: int, row: dict[str, Any]) -> str:
    if not amount:
        return formats.DASH
    return _exact(asked, amount, unit_of(part), str(row["currency"]))
