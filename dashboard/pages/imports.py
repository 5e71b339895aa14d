"""Imports: files come in, and what became of each of them is said."""

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.answers import kept
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.icons import icon
from dashboard.imports import changes, export, listing, mapping
from dashboard.imports.detail import SHOWN_REJECTS, detail
from dashboard.imports.places import places
from dashboard.loose import attributes, records
from dashboard.pressed import pressed

TICK_MS = 1500
UNDOABLE = frozenset({"done"})


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and return its declaration."""
    export.install(app.server)
    _list(app, board)
    _details(app, board)
    _actions(app, board)
    _binding(app, board)
    return Page("imports", "/imports", layout, icon="imports", filters=(), order=40, right="import")


def layout(here: Here, /, **_variables: str) -> Component:
    """Return the page with what is in it: drop zone, what is at work, places to bind, the table.

    Nothing of it comes later, for nobody knows beforehand how tall its parts will be.
    """
    return html.Div(parts(here), className="imports")


def parts(here: Here, *, places: bool | None = None) -> list[Component]:
    """Return what is on the page; with ``places`` only the places or all but them are shown.

    The guide shows the one after the other. What is not shown is there all the same, for the
    callbacks fill all of it at once.
    """
    said, work, table, idle, pages, single = contents(here, 1)
    shown = [
        html.P(said, id="imports-sentence", className="tb-sentence"),
        _zone(here),
        html.Div(work, id="imports-work", **attributes(aria_live="polite")),
        html.Div(unbound(here), id="imports-places"),
        html.Div(table, id="imports-list"),
        _pages(here, pages, hidden=single),
    ]
    if places is not None:
        kept = {3} if places else {1, 2, 4, 5}
        shown = [one if at in kept else html.Div(one, hidden=True) for at, one in enumerate(shown)]
    return [
        dcc.Store(id="imports-changed", data=0),
        dcc.Store(id="imports-opened"),
        dcc.Interval(id="imports-tick", interval=TICK_MS, disabled=idle),
        *shown,
        _drawer(here),
        _confirm(here),
    ]


def contents(here: Here, number: int) -> tuple[Any, ...]:
    """Return sentence, work, table, whether no import runs, the pages and whether it is one."""
    running = here.reads.running()
    found = here.reads.batches(page=max(0, number - 1), size=listing.PAGE_SIZE)
    pages = max(1, -(-found.total // listing.PAGE_SIZE))
    return (
        listing.sentence(here, found.total, here.reads.attention()),
        listing.at_work(here, running),
        listing.table(here, found, here.reads.chain().time_zone),
        running.empty,
        pages,
        pages == 1,
    )


def unbound(here: Here) -> Component:
    """Return the places that are bound to no store, each with its form."""
    reads = here.reads
    return places(here, reads.places_unbound(), reads.stores(), reads.chain().currency)


def _pages(here: Here, total: int, *, hidden: bool) -> Component:
    return html.Nav(
        dmc.Pagination(
            id="imports-page",
            total=total,
            value=1,
            size="sm",
            withControls=False,
            withEdges=False,
        ),
        id="imports-pages",
        className="pages",
        hidden=hidden,
        **attributes(aria_label=here.say("dashboard.imports.pages")),
    )


def _zone(here: Here) -> Component:
    said: dict[str, Any] = {
        f"data-{name}": here.say(f"dashboard.drop.{name}")
        for name in ("sending", "sent", "already", "failed", "broken")
    }
    return html.Section(
        [
            icon("imports", 28),
            html.P(here.say("dashboard.drop.lead"), className="drop-lead"),
            html.P(here.say("dashboard.drop.kinds"), className="muted drop-kinds"),
            html.Div(
                [
                    html.Button(
                        here.say(f"dashboard.drop.{kind}"),
                        className=f"drop-choose drop-choose-{kind}",
                        type="button",
                        **attributes(data_choose=kind),
                    )
                    for kind in ("files", "folder")
                ],
                className="drop-buttons",
            ),
            html.Div(
                [
                    dcc.Link([icon(name, 18), here.say(key)], href=href, className="tb-act")
                    for name, key, href in (
                        ("cash", "dashboard.cash.open", "/cash/0"),
                        ("stores", "dashboard.setup.edit", "/setup"),
                    )
                ],
                className="tb-acts",
            ),
            html.Ul(id="drop-list", className="drop-list", **attributes(aria_live="polite")),
        ],
        id="drop",
        className="drop",
        **said,
    )


def _drawer(here: Here) -> Component:
    close = attributes(aria_label=here.say("dashboard.imports.close"))
    content = [
        html.Div(id="imports-detail"),
        html.Div(id="imports-map"),
        html.Div(
            [
                dmc.Button(
                    here.say("dashboard.imports.again"),
                    id="imports-again",
                    variant="light",
                    leftSection=icon("retry", 18),
                    display="none",
                ),
                dmc.Button(
                    here.say("dashboard.imports.undo"),
                    id="imports-undo",
                    variant="default",
                    leftSection=icon("undo", 18),
                    display="none",
                ),
            ],
            className="detail-actions",
        ),
        dcc.Store(id="imports-shown"),
    ]
    return html.Div(
        dmc.Drawer(
            content,
            id="imports-drawer",
            position="right",
            size="xl",
            title="",
            closeButtonProps=close,
            transitionProps={"duration": 150},
        )
    )


def _confirm(here: Here) -> Component:
    return html.Div(
        dmc.Modal(
            [
                html.P(here.say("dashboard.imports.undo_explained")),
                dmc.Group(
                    [
                        dmc.Button(
                            here.say("dashboard.imports.keep"), id="undo-keep", variant="default"
                        ),
                        dmc.Button(
                            here.say("dashboard.imports.undo"),
                            id="undo-sure",
                            color="red",
                            className="button-danger",
                        ),
                    ],
                    justify="flex-end",
                ),
            ],
            id="undo-confirm",
            title=here.say("dashboard.imports.undo_title"),
            centered=True,
            closeButtonProps={"aria-label": here.say("dashboard.imports.close")},
            transitionProps={"duration": 150},
        )
    )


def _list(app: Dash, board: Board) -> None:
    @app.callback(
        Output("imports-sentence", "children"),
        Output("imports-work", "children"),
        Output("imports-list", "children"),
        Output("imports-tick", "disabled"),
        Output("imports-page", "total"),
        Output("imports-pages", "hidden"),
        Input("imports-tick", "n_intervals"),
        Input("imports-changed", "data"),
        Input("imports-page", "value"),
        State("imports-tick", "disabled"),
        prevent_initial_call=True,
    )
    @kept
    def fill(_ticks: int, _changed: int, number: int, stopped: bool) -> tuple[Any, ...]:
        said, work, table, idle, pages, single = contents(board.here(), number or 1)
        # Said only where it changes: forms on this page are drawn anew by it.
        return said, work, table, idle if idle != stopped else no_update, pages, single

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "anchor"),
        Output("imports-opened", "clear_data"),
        Input("imports-places", "children"),
    )

    @app.callback(
        Output("imports-places", "children"),
        Input("imports-changed", "data"),
        Input("imports-tick", "disabled"),
        prevent_initial_call=True,
    )
    @kept
    def fill_places(_changed: int, _idle: bool) -> Component:
        return unbound(board.here())


def _details(app: Dash, board: Board) -> None:
    @app.callback(
        Output("imports-drawer", "opened"),
        Output("imports-drawer", "title"),
        Output("imports-detail", "children"),
        Output("imports-map", "children"),
        Output("imports-again", "display"),
        Output("imports-undo", "display"),
        Output("imports-shown", "data"),
        Input("imports-opened", "data"),
        prevent_initial_call=True,
    )
    def show(opened: dict[str, Any]) -> tuple[Any, ...]:
        here = board.here()
        batch = here.reads.batch(int(opened["batch"]))
        chain = here.reads.chain()
        rejects = here.reads.rejects(batch.batch_id, size=SHOWN_REJECTS)
        return (
            True,
            batch.file_name,
            detail(here, batch, rejects, chain.currency, chain.time_zone),
            mapping.form(here, batch, chain),
            "inline-flex" if changes.can_retry(batch) else "none",
            "inline-flex" if batch.state in UNDOABLE else "none",
            batch.batch_id,
        )


def _actions(app: Dash, board: Board) -> None:
    changed = Output("imports-changed", "data", allow_duplicate=True)
    closed = Output("imports-drawer", "opened", allow_duplicate=True)

    @app.callback(
        Output("undo-confirm", "opened"),
        changed,
        closed,
        Input("imports-undo", "n_clicks"),
        Input("undo-keep", "n_clicks"),
        Input("undo-sure", "n_clicks"),
        State("imports-shown", "data"),
        State("imports-changed", "data"),
        prevent_initial_call=True,
    )
    def undo(_ask: int, _keep: int, _sure: int, batch: int, count: int) -> tuple[Any, ...]:
        if ctx.triggered_id != "undo-sure":
            return ctx.triggered_id == "imports-undo", no_update, no_update
        here = board.here()
        changes.undo(board, here, batch)
        tell(here.say("dashboard.imports.undo_started"))
        return False, count + 1, False

    @app.callback(
        changed,
        closed,
        Input("imports-again", "n_clicks"),
        State("imports-shown", "data"),
        State("imports-changed", "data"),
        prevent_initial_call=True,
    )
    def again(clicks: int | None, batch: int, count: int) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        changes.retry(board, board.here(), batch)
        return count + 1, False

    @app.callback(
        changed,
        closed,
        Input("map-save", "n_clicks"),
        State("map-name", "value"),
        State({"type": "map-column", "column": ALL}, "value"),
        State("imports-shown", "data"),
        State("imports-changed", "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None, name: str, chosen: list[str | None], batch: int, count: int
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        changes.allow(here)
        columns = dict(zip(mapping.COLUMNS, chosen, strict=True))
        changes.save_map(board, here, name, mapping.spec(here.reads.chain(), columns))
        changes.retry(board, here, batch, name.strip())
        return count + 1, False


def _binding(app: Dash, board: Board) -> None:
    @app.callback(
        Output("imports-changed", "data", allow_duplicate=True),
        Input({"type": "places-bind", "place": ALL}, "n_clicks"),
        State({"type": "places-store", "place": ALL}, "value"),
        State({"type": "places-since", "place": ALL}, "value"),
        State({"type": "places-store", "place": ALL}, "id"),
        State("imports-changed", "data"),
        prevent_initial_call=True,
    )
    def bind(
        _clicks: list[int | None],
        stores: list[str | None],
        since: list[str | None],
        ids: list[dict[str, Any]],
        count: int,
    ) -> Any:
        if pressed() is None:
            return no_update
        here = board.here()
        changes.allow(here)
        wanted = int(ctx.triggered_id["place"])
        at = [int(each["place"]) for each in ids].index(wanted)
        unbound = here.reads.places_unbound()
        found = records(unbound[unbound["place_id"] == wanted])
        if not found:
            return count + 1
        moved = changes.bind_place(board, here, found[0], int(stores[at] or 0), since[at])
        tell(here.say("dashboard.places.moved", count=moved))
        return count + 1
