"""Set-up of the stores: the list of them, a form for one, a list of all at once."""

from datetime import date
from typing import Any
from zoneinfo import available_timezones

import dash_mantine_components as dmc
import pandas as pd
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from chain.money import to_major
from chain.terms import EVER, rate_text, terms_at
from dashboard import fiscal, skeletons, storelist, terms
from dashboard.components.names import store_names
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.icons import icon
from dashboard.loose import records
from figures import formats

TERMS = (
    "ownership",
    "ownership_from",
    "royalty_rate",
    "royalty_minimum",
    "vat_rate",
    "vat_from",
)
FIELDS = (
    "code",
    "name",
    "name_en",
    "city",
    "city_en",
    "region",
    "time_zone",
    "cutover_hour",
    "opened_on",
    "closed_on",
    "area_sqm",
    "monthly_rent",
    "lat",
    "lon",
    *TERMS,
)
DATES = frozenset({"opened_on", "closed_on", "ownership_from", "vat_from"})
NUMBERS = frozenset(
    {"area_sqm", "monthly_rent", "lat", "lon", "royalty_rate", "royalty_minimum", "vat_rate"}
)
EXPLAINED = frozenset(
    {
        "code",
        "cutover_hour",
        "closed_on",
        "ownership_from",
        "royalty_minimum",
        "vat_rate",
        "vat_from",
    }
)
MONEY = frozenset({"monthly_rent", "royalty_minimum"})
SEARCHED = ("code", "name", "name_en", "city", "city_en", "sort_key")
SHOWN = 200


def page(app: Dash, board: Board) -> Page:
    """Register the list's callbacks and return its declaration."""
    storelist.install(app.server, board)
    terms.register(app, board)
    fiscal.register(app, board)

    @app.callback(
        Output("setup-stores", "children"),
        Input("setup-search", "value"),
        Input("setup-changed", "data"),
    )
    def fill(searched: str | None, _changed: int) -> list[Component]:
        return table(board.here(), searched or "")

    return Page("setup", "/setup", layout, filters=(), order=70, right="import")


def form_page(app: Dash, board: Board) -> Page:
    """Register the form's callback and return its declaration."""

    @app.callback(
        Output("setup-went", "href"),
        Input("setup-save", "n_clicks"),
        State("setup-known", "data"),
        State({"type": "setup-field", "name": ALL}, "value"),
        State({"type": "setup-field", "name": ALL}, "id"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, known: bool, values: list[str | None], ids: list[dict[str, str]]
    ) -> Any:
        if not clicks:
            return no_update
        fields = {each["name"]: text or "" for each, text in zip(ids, values, strict=True)}
        here = board.here()
        storelist.save_store(board, here, fields, new=not known)
        tell(here.say("dashboard.setup.saved", name=fields["name"]))
        return "/setup"

    return Page("setup_store", "/setup/<store_id>", form, filters=(), order=71, right="import")


def layout(here: Here, /, **_: str) -> Component:
    """Return the page: what to do, a search, the stores."""
    add = dcc.Link(here.say("dashboard.setup.add"), href="/setup/new", className="button-main")
    search = dmc.TextInput(
        id="setup-search",
        placeholder=here.say("pages.table.search"),
        className="tb-search",
        attributes={"input": {"aria-label": here.say("pages.table.search"), "type": "search"}},
    )
    return html.Div(
        [
            dcc.Store(id="setup-changed", data=0),
            html.P(here.say("dashboard.setup.lead"), className="lead"),
            html.Div(add, className="setup-do"),
            storelist.sender(here),
            html.P(here.say("dashboard.setup.columns"), className="muted setup-columns"),
            html.Div(search, className="setup-do"),
            html.Div(skeletons.table(8), id="setup-stores"),
            *([terms.card(here), fiscal.card(here)] if here.may("import") else []),
        ],
        className="imports",
    )


def table(here: Here, searched: str) -> list[Component]:
    """Return the stores whose code, name or city has ``searched`` in it; each opens its form."""
    stores = here.reads.stores()
    stores = stores[~stores["unassigned"]]
    if stores.empty:
        text = here.say("dashboard.setup.empty")
        return [html.Div([icon("stores", 32), html.P(text)], className="empty")]
    wanted = searched.strip().casefold()
    found = stores[
        [any(wanted in str(row[name]).casefold() for name in SEARCHED) for row in records(stores)]
    ]
    rows = [_row(here, row) for row in records(found.head(SHOWN))]
    heads = ("store", "where", "opened", "state")
    head = html.Tr(
        [html.Th(here.say(f"dashboard.setup.head.{name}"), scope="col") for name in heads]
    )
    shown: list[Component] = [
        html.Table([html.Thead(head), html.Tbody(rows)], className="imports-table setup")
    ]
    if len(found) > SHOWN:
        more = here.say("dashboard.setup.more", count=len(found) - SHOWN)
        shown.append(html.P(more, className="muted"))
    return shown


def _row(here: Here, row: dict[str, Any]) -> Component:
    name = store_names(here, pd.DataFrame([row]))[int(row["store_id"])]
    where = " · ".join(part for part in (here.name(row, "city"), here.name(row, "region")) if part)
    closed = not pd.isna(row["closed_on"])
    state = here.say(
        "dashboard.setup.closed" if closed else "dashboard.setup.open",
        day=_day(here, row["closed_on"]),
    )
    link = dcc.Link(name, href=f"/setup/{row['store_id']}", className="imports-open")
    code = html.Span(str(row["code"]), className="muted imports-kind")
    return html.Tr(
        [
            html.Td([link, code], className="imports-file"),
            html.Td(where, className="setup-where"),
            html.Td(_day(here, row["opened_on"]), className="desk-only"),
            html.Td(state, className="setup-state"),
        ]
    )


def _day(here: Here, day: Any) -> str:
    return "" if pd.isna(day) else formats.day_year(day, here.lang)


def form(here: Here, /, **variables: str) -> Component:
    """Return the form of one store, or of a new one."""
    stores = here.reads.stores()
    asked = variables.get("store_id", "")
    found = stores[
        (stores["store_id"] == (int(asked) if asked.isdecimal() else 0)) & ~stores["unassigned"]
    ]
    known = records(found)[0] if len(found) else {}
    chain = here.reads.chain()
    given = _texts(known, chain.currency) if known else {"time_zone": chain.time_zone}
    if known:
        given |= _terms(here, int(known["store_id"]), chain.currency)
    back: list[Any] = [icon("left", 16), here.say("dashboard.page.setup")]
    title = known and store_names(here, found)[int(known["store_id"])]
    boxes = [
        _field(here, name, given.get(name, ""), known=bool(known), sign=_unit(here, name))
        for name in FIELDS
    ]
    return html.Div(
        [
            dcc.Location(id="setup-went", refresh="callback-nav"),
            dcc.Store(id="setup-known", data=bool(known)),
            dcc.Link(back, href="/setup", className="tb-back"),
            html.H2(title or here.say("dashboard.setup.add"), className="tb-store-name"),
            html.Div(
                [
                    html.Div(boxes, className="map-columns setup-form"),
                    dmc.Button(here.say("dashboard.setup.save"), id="setup-save", mt="lg"),
                ],
                className="card",
            ),
        ],
        className="imports",
    )


def _unit(here: Here, name: str) -> str:
    if name in MONEY:
        return formats.symbol(here.reads.chain().currency, here.lang)
    return ""


def _texts(known: dict[str, Any], currency: str) -> dict[str, str]:
    """Return a store as the form's boxes show it."""
    texts = {}
    for name in FIELDS[: -len(TERMS)]:
        value = known[name]
        if pd.isna(value):
            texts[name] = ""
        elif name == "monthly_rent":
            texts[name] = f"{to_major(round(value), currency):f}"
        elif isinstance(value, float):
            texts[name] = f"{value:g}" if name == "area_sqm" else repr(value)
        else:
            texts[name] = str(value)
    return texts


def _terms(here: Here, store_id: int, currency: str) -> dict[str, str]:
    """Return the terms of a store that are known last, as the form's boxes show them."""
    held = terms_at(here.reads.store_terms(), store_id, date.max)
    own = [rate for rate in here.reads.vat_rates() if rate.store_id == store_id]
    shown = {"ownership": held.ownership, "ownership_from": _since(held.from_date)}
    if held.ownership == "franchised":
        shown["royalty_rate"] = rate_text(held.royalty_rate).rstrip("%")
        if held.royalty_minimum:
            shown["royalty_minimum"] = f"{to_major(held.royalty_minimum, currency):f}"
    if own:
        shown["vat_rate"] = rate_text(own[-1].rate).rstrip("%")
        shown["vat_from"] = _since(own[-1].from_date)
    return shown


def _since(day: date) -> str:
    return "" if day == EVER else day.isoformat()


def _field(here: Here, name: str, value: str, *, known: bool, sign: str) -> Component:
    common: dict[str, Any] = {
        "id": {"type": "setup-field", "name": name},
        "label": here.say(f"dashboard.setup.field.{name}"),
        "description": here.say(f"dashboard.setup.about.{name}") if name in EXPLAINED else None,
        "value": value,
        "inputWrapperOrder": ["label", "input", "description", "error"],
    }
    if name == "time_zone":
        zones = sorted(zone for zone in available_timezones() if "/" in zone)
        return dmc.Select(data=zones, searchable=True, allowDeselect=False, **common)  # type: ignore[no-any-return]
    if name == "cutover_hour":
        hours = [{"value": str(hour), "label": f"{hour:02d}:00"} for hour in range(13)]
        return dmc.Select(data=hours, allowDeselect=False, **{**common, "value": value or "0"})  # type: ignore[no-any-return]
    if name == "ownership":
        kinds = [
            {"value": kind, "label": here.say(f"dashboard.terms.{kind}")}
            for kind in ("owned", "franchised")
        ]
        return dmc.Select(data=kinds, allowDeselect=False, **{**common, "value": value or "owned"})  # type: ignore[no-any-return]
    if name == "region":
        known_regions = [str(row["name"]) for row in records(here.reads.regions())]
        return dmc.Autocomplete(data=known_regions, **common)  # type: ignore[no-any-return]
    kind: dict[str, str] = {"autoComplete": "off"}
    if name in DATES:
        kind["type"] = "date"
    elif name in NUMBERS:
        kind["inputMode"] = "decimal"
    return dmc.TextInput(  # type: ignore[no-any-return]
        attributes={"input": kind},
        leftSection=sign or None,
        withAsterisk=name in {"code", "name"},
        readOnly=known and name == "code",
        variant="filled" if known and name == "code" else "default",
        **common,
    )
