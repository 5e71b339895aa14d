"""Targets: a grid of stores and months that is typed into, copied from last year, or sent."""

from datetime import date
from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from chain.days import Period
from chain.money import to_major
from dashboard.components.names import store_names
from dashboard.components.picture import narrow
from dashboard.components.rows import Wire
from dashboard.forecasts.asked import future
from dashboard.frame import Here
from dashboard.loose import attributes, records
from dashboard.plans import changes
from dashboard.plans.parts import head
from figures import formats
from reports.target_template import TYPES
from warehouse.reads.forecast_protocol import CHAIN
from warehouse.reads.protocol import ChainInfo

ROW, HEAD = 48, 40
MOST_ROWS = 14
Key = tuple[int, date]


def tools(here: Here) -> list[Component]:
    """Return the card's head: the year, copying, the file."""
    this = here.reads.chain().today.year
    years = [this + each for each in range(*changes.YEARS)]
    parts: list[Component] = [
        dmc.SegmentedControl(
            id="plans-year",
            data=[{"value": str(year), "label": str(year)} for year in years],
            value=str(this),
            **attributes(aria_label=here.say("plans.targets.year")),
        )
    ]
    if here.may("plan"):
        parts += [_copying(here), _file(here)]
    return [*head(here, "targets"), html.Div(parts, className="plans-tools")]


def _copying(here: Here) -> Component:
    say = here.say
    return html.Div(
        [
            dmc.Select(
                id="plans-copy-from",
                data=[
                    {"value": each, "label": say(f"plans.targets.from_{each}")}
                    for each in ("actual", "targets")
                ],
                value="actual",
                allowDeselect=False,
                label=say("plans.targets.copy_from"),
            ),
            dmc.TextInput(
                id="plans-copy-percent",
                value="5",
                label=say("plans.targets.percent"),
                rightSection="%",
                attributes={"input": {"inputMode": "text", "autoComplete": "off"}},
            ),
            dmc.Button(say("plans.targets.copy"), id="plans-copy", variant="default"),
        ],
        className="plans-copy",
    )


def _file(here: Here) -> Component:
    say = here.say
    links = [
        html.A(
            say(f"plans.targets.{kind}"),
            href=f"/plans/targets.{kind}",
            id=f"plans-template-{kind}",
            download=f"targets.{kind}",
            className="tb-act",
        )
        for kind in TYPES
        if here.may("export")
    ]
    button = html.Button(
        say("plans.targets.send"),
        className="drop-choose",
        type="button",
        **attributes(
            data_send="/plans/targets",
            data_said="plans-said",
            data_done="plans-changed",
            data_broken=say("dashboard.drop.broken"),
        ),
    )
    said = html.P("", id="plans-said", **attributes(role="status"))
    return html.Div([button, *links, said], className="setup-do")


def grid(here: Here, year: int) -> list[Component]:
    """Return the grid of a year."""
    rows = rows_of(here, year)
    if not rows:
        return [html.P(here.say("plans.targets.empty"), className="muted")]
    return [_table(here, here.reads.chain(), rows, _months(year))]


def rows_of(here: Here, year: int) -> list[dict[str, Any]]:
    """Return a row a store, the whole chain first for who sees all of it."""
    months = _months(year)
    known, reached = targets_of(here, year), _reached(here, months)
    stores = here.reads.stores()
    stores = stores[~stores["unassigned"].astype(bool)]
    names = store_names(here, stores)
    rows = [_row(here, store, name, months, known, reached) for store, name in names.items()]
    if rows and here.scope.store_ids is None:
        first = _row(here, 0, here.say("plans.whole_chain"), months, known, reached)
        rows.insert(0, first | {"edit": changes.may_whole(here, "plan")})
    return rows


def _months(year: int) -> list[date]:
    return [date(year, month, 1) for month in range(1, 13)]


def targets_of(here: Here, year: int) -> dict[Key, int]:
    """Return the targets of a year by store (0: the chain) and month."""
    period = Period(date(year, 1, 1), date(year, 12, 31))
    return {
        (int(row["store_id"]), row["month"]): int(row["amount"])
        for row in records(here.reads.targets_between(period))
    }


def _reached(here: Here, months: list[date]) -> dict[Key, tuple[float, bool]]:
    """Return what came of each month, and whether it is where the month will end."""
    chain = here.reads.chain()
    if chain.yesterday is None:
        return {}
    period = Period(months[0], date(months[0].year, 12, 31))
    found: dict[Key, tuple[float, bool]] = {}
    for row in records(here.reads.net_by_month(period)):
        found[int(row["store_id"]), row["month"]] = float(row["amount"]), False
    if found and here.scope.store_ids is None:
        for month in months:
            came = [amount for (_, each), (amount, _) in found.items() if each == month]
            if came:
                found[0, month] = sum(came), False
    this = chain.yesterday.replace(day=1)
    if this in months:
        for row in records(_landings(here)):
            if not pd.isna(row["mean"]):
                found[int(row["store_id"]), this] = float(row["mean"]), True
    return found


def _landings(here: Here) -> pd.DataFrame:
    rows = future(here).landings()[["store_id", "mean", "days_left"]]
    rows = rows[rows["days_left"] > 0][["store_id", "mean"]]
    whole = future(here).landing(CHAIN) if here.scope.store_ids is None else None
    if whole is None or not whole.days_left:
        return rows
    first = pd.DataFrame({"store_id": [0], "mean": [whole.mean]})
    return pd.concat([first, rows], ignore_index=True)


def _row(
    here: Here,
    store: int,
    name: str,
    months: list[date],
    known: dict[Key, int],
    reached: dict[Key, tuple[float, bool]],
) -> dict[str, Any]:
    currency = here.reads.chain().currency
    made: dict[str, Any] = {"id": str(store), "n": name, "edit": here.may("plan")}
    for month in months:
        key = month.isoformat()
        target = known.get((store, month))
        if target is not None:
            made[key] = float(to_major(target, currency))
        if (store, month) in reached:
            amount, ahead = reached[store, month]
            share = f"{formats.percent(amount / target)}" if target else ""
            shown = formats.money_short(amount, currency, here.lang)
            made[f"s{key}"] = _state(here, share, shown, ahead=ahead)
    return made


def _state(here: Here, share: str, shown: str, *, ahead: bool) -> str:
    key = ("lands" if ahead else "came") + ("" if share else "_alone")
    return here.say(f"plans.targets.{key}", share=share, amount=shown)


def _table(
    here: Here, chain: ChainInfo, rows: list[dict[str, Any]], months: list[date]
) -> Component:
    symbol = formats.symbol(chain.currency, here.lang)
    small = narrow()
    columns: list[dict[str, Any]] = [
        {
            "field": "n", "headerName": here.say("pages.table.store"), "pinned": "left",
            "width": 104 if small else 190, "lockPosition": "left", "tooltipField": "n",
        }
    ]  # fmt: skip
    columns += [
        {
            "field": month.isoformat(),
            "colId": month.isoformat(),
            "headerName": formats.month_short(month, here.lang),
            "width": 92 if small else 104,
            "editable": {"function": "params.data.edit"},
            "cellRenderer": "TillTarget",
            "type": "rightAligned",
        }
        for month in months
    ]
    columns.append(
        {
            "colId": "sum",
            "headerName": f"{here.say('plans.targets.sum')}, {symbol}",
            "width": 116,
            "type": "rightAligned",
            "valueGetter": {"function": "tillSum(params)"},
            "cellRenderer": "TillTarget",
        }
    )
    return dag.AgGrid(  # type: ignore[no-any-return]
        id="plans-grid",
        rowData=Wire(rows),
        columnDefs=columns,
        defaultColDef={
            "sortable": True, "resizable": True, "suppressHeaderMenuButton": True,
            "sortingOrder": ["desc", "asc"],
        },
        getRowId="params.data.id",
        scrollTo={"column": _shown_first(here, months), "columnPosition": "middle"},
        dashGridOptions={
            "theme": {"function": "themeTill(themeQuartz)"},
            "rowHeight": ROW,
            "headerHeight": HEAD,
            "ensureDomOrder": True,
            "animateRows": False,
            "singleClickEdit": True,
            "stopEditingWhenCellsLoseFocus": True,
            "enterNavigatesVerticallyAfterEdit": True,
            "context": {"lang": "zh-CN" if here.lang == "zh" else "en-US"},
        },
        style={"height": f"{min(len(rows), MOST_ROWS) * ROW + HEAD + 18}px"},
        className="tb-grid plans-grid",
    )  # fmt: skip


def _shown_first(here: Here, months: list[date]) -> str:
    """Return the column to be in sight: this month's."""
    this = here.reads.chain().today.replace(day=1)
    return (this if this in months else months[0]).isoformat()
