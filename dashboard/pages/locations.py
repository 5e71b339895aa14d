"""Locations: where to open next, what it takes from sister stores, how wrong that has been."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from chain.errors import PermanentError
from dashboard import skeletons
from dashboard.errors import tell
from dashboard.frame import THEME, Board, Here, Page
from dashboard.loose import attributes
from dashboard.pressed import pressed
from dashboard.sites import asking, basis, changes, files, listing, mapped
from reports.site_words import SiteWords

CHANGED = "locations-changed"
TICK_MS = 3000
WORKING = frozenset({"waiting", "running"})


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    files.install(app.server, board)

    @app.callback(
        Output("locations-sentence", "children"),
        Output("locations-list", "children"),
        Output("locations-compare", "data"),
        Output("locations-files", "children"),
        Output("locations-costs", "children"),
        Output("locations-honesty", "children"),
        Output("locations-city", "data"),
        Output("locations-city", "value"),
        Output("locations-tick", "disabled"),
        Output("locations-state", "data"),
        Input(CHANGED, "data"),
    )
    def fill(_changed: int) -> tuple[Any, ...]:
        here = board.here()
        shown = SiteWords.of(here.reads, here.lang)
        cities = mapped.places(shown)
        rows = shown.sites.suggestions
        return (
            listing.sentence(shown),
            listing.table(shown),
            [{"value": str(row["number"]), "label": shown.name(row)} for row in rows],
            basis.files(shown),
            basis.costs(shown),
            basis.honesty(shown),
            cities,
            cities[0]["value"],
            shown.sites.state not in WORKING,
            shown.sites.state,
        )

    _work(app, board)
    _map(app, board)
    _changes(app, board)
    return Page("locations", "/locations", layout, icon="pin", filters=(), order=38, right="import")


def layout(here: Here, /, **_: str) -> Component:
    """Return the page's frame; a callback fills it."""
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id="locations-state", data=""),
            dcc.Store(id="locations-pin", data=None),
            dcc.Interval(id="locations-tick", interval=TICK_MS, disabled=True),
            html.P("", id="locations-sentence", className="tb-sentence", role="status"),
            html.Div([_map_card(here), _pin_card(here)], className="sites-top"),
            html.Section(skeletons.table(6), id="locations-list", className="card"),
            _compare_card(here),
            _basis_card(here),
        ],
        className="tb-stack",
    )


def _map_card(here: Here) -> Component:
    choose = dmc.Select(
        id="locations-city",
        label=here.say("sites.page.city"),
        data=[],
        allowDeselect=False,
        searchable=True,
        comboboxProps={"withinPortal": True},
    )
    return html.Section(
        [html.Div(choose, className="sites-city"), html.Div(skeletons.block(520),
                                                           id="locations-map")],
        className="card sites-map",
    )  # fmt: skip


def _pin_card(here: Here) -> Component:
    say = here.say
    return html.Section(
        [
            html.H2(say("sites.page.pin"), className="tb-finding"),
            html.P(say("sites.page.pin_lead"), className="muted tb-sub"),
            html.Div(
                [
                    dmc.TextInput(id="locations-lat", label=say("sites.page.lat"), value=""),
                    dmc.TextInput(id="locations-lon", label=say("sites.page.lon"), value=""),
                    dmc.TextInput(id="locations-rent", label=say("sites.page.rent"), value=""),
                ],
                className="sites-fields",
            ),
            dmc.Button(say("sites.page.ask"), id="locations-ask", variant="default"),
            html.Div(id="locations-answer", className="sites-answer", **_live()),
        ],
        className="card sites-pin",
    )


def _live() -> dict[str, Any]:
    return attributes(aria_live="polite")


def _compare_card(here: Here) -> Component:
    choose = dmc.MultiSelect(
        id="locations-compare",
        label=here.say("sites.page.compare"),
        data=[],
        value=[],
        maxValues=listing.COMPARED,
        searchable=True,
    )
    return html.Section([choose, html.Div(id="locations-side")], className="card")


def _basis_card(here: Here) -> Component:
    say = here.say
    systems = [{"value": one, "label": say(f"sites.coordinates.{one}")} for one in basis.SYSTEMS]
    return html.Section(
        [
            html.H2(say("sites.page.basis"), className="tb-finding"),
            html.P(say("sites.page.basis_lead"), className="muted tb-sub"),
            html.Div(
                dmc.Select(
                    id="locations-system",
                    label=say("sites.page.system"),
                    data=systems,
                    value="wgs84",
                    allowDeselect=False,
                ),
                className="sites-city",
            ),
            html.Div(id="locations-files"),
            html.P("", id="locations-said", className="muted", **_live()),
            html.H3(say("sites.page.costs"), className="tb-finding"),
            html.Div(id="locations-costs", className="sites-fields"),
            dmc.Button(say("sites.page.start"), id="locations-start"),
            html.Div(id="locations-honesty", className="sites-honesty"),
        ],
        className="card sites-basis",
    )


def _work(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data"),
        Output("locations-sentence", "children", allow_duplicate=True),
        Input("locations-tick", "n_intervals"),
        State("locations-state", "data"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def watch(_ticks: int, state: str, count: int | None) -> tuple[Any, ...]:
        here = board.here()
        shown = SiteWords.of(here.reads, here.lang)
        # What is being typed stays while it works; only the sentence goes on.
        over = shown.sites.state not in WORKING and state in WORKING
        return ((count or 0) + 1 if over else no_update), listing.sentence(shown)


def _map(app: Dash, board: Board) -> None:
    @app.callback(
        Output("locations-map", "children"),
        Input("locations-city", "value"),
        Input("locations-pin", "data"),
        Input(THEME, "data"),
        Input("locations-state", "data"),
    )
    def draw(city: str | None, pin: list[float] | None, theme: str, _state: str) -> Any:
        here = board.here()
        shown = SiteWords.of(here.reads, here.lang)
        at = (float(pin[0]), float(pin[1])) if pin else None
        return mapped.card(here, shown, city, at, theme, board.settings.map_tiles or "")

    @app.callback(
        Output("locations-lat", "value"),
        Output("locations-lon", "value"),
        Output("locations-answer", "children", allow_duplicate=True),
        Output("locations-pin", "data", allow_duplicate=True),
        Input("locations-graph", "clickData"),
        State("locations-rent", "value"),
        prevent_initial_call=True,
    )
    def tap(clicked: dict[str, Any] | None, rent: str | None) -> tuple[Any, ...]:
        if not clicked:
            return (no_update,) * 4
        point = clicked["points"][0]
        lat, lon = asking.place_of(point["lat"], point["lon"])
        inside = _answer(board.here(), lat, lon, rent)
        return f"{lat:.5f}", f"{lon:.5f}", inside, [lat, lon]

    @app.callback(
        Output("locations-answer", "children"),
        Output("locations-pin", "data"),
        Input("locations-ask", "n_clicks"),
        State("locations-lat", "value"),
        State("locations-lon", "value"),
        State("locations-rent", "value"),
        prevent_initial_call=True,
    )
    def ask(
        clicks: int | None, lat: str | None, lon: str | None, rent: str | None
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        at = asking.place_of(lat, lon)
        return _answer(board.here(), *at, rent), list(at)

    @app.callback(Output("locations-side", "children"), Input("locations-compare", "value"))
    def compare(chosen: list[str] | None) -> list[Component]:
        here = board.here()
        shown = SiteWords.of(here.reads, here.lang)
        wanted = {int(one) for one in chosen or () if str(one).isdecimal()}
        rows = [row for row in shown.sites.suggestions if int(row["number"]) in wanted]
        return listing.compared(shown, rows[: listing.COMPARED])


def _answer(here: Here, lat: float, lon: float, rent: str | None) -> list[Component]:
    """Return the answer to a pin, or the sentence that says why there is none."""
    shown = SiteWords.of(here.reads, here.lang)
    try:
        row = asking.answer(here, shown, lat, lon, asking.amount_of(rent, shown.currency))
    except PermanentError as error:
        return [html.P(error.say(here.lang), className="setup-bad")]
    return listing.pinned(shown, row)


def _changes(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input("locations-start", "n_clicks"),
        State("locations-capex", "value"),
        State("locations-margin", "value"),
        State("locations-months", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def start(clicks: int | None, capex: Any, margin: Any, months: Any, count: int | None) -> Any:
        if not clicks:
            return no_update
        changes.start(board, board.here(), capex, margin, months)
        return (count or 0) + 1

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input({"type": basis.DROP, "kind": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def drop(_clicks: list[int | None], count: int | None) -> Any:
        asked = pressed()
        if asked is None:
            return no_update
        here = board.here()
        changes.drop_file(board, here, str(asked["kind"]))
        tell(here.say("sites.page.dropped"))
        return (count or 0) + 1
