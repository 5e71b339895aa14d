"""Forecast: what each store, region and the chain will bring, and changes to it."""

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component

from dashboard import skeletons
from dashboard.answers import kept
from dashboard.components.empty import empty
from dashboard.errors import tell
from dashboard.forecasts import changes, chooser, ifs, listing, overrides, parts, scores, work
from dashboard.forecasts.asked import Asked, future
from dashboard.forecasts.chooser import ASKED
from dashboard.forecasts.head import head
from dashboard.forecasts.work import CHANGED
from dashboard.frame import THEME, Board, Here, Page
from dashboard.pressed import pressed
from figures import drivers, fan, landing

Data = dict[str, Any] | None


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""
    chooser.register(app)
    _pictures(app, board)
    _lists(app, board)
    _work(app, board)
    _override(app, board)
    _others(app, board)
    return Page("forecast", "/forecast", layout, icon="forecast", filters=(), order=30)


def layout(here: Here, /, **_: str) -> Component:
    """Return the page's frame, with grey shapes where figures come."""
    if here.reads.chain().yesterday is None:
        return empty(here, "forecast")
    if future(here).forecast_run() is None:
        return html.Div([work.place(), work.empty(here)], className="tb-stack")
    return html.Div(
        [
            chooser.bar(here),
            work.place(),
            html.Div(
                [skeletons.block(58), skeletons.tiles(4, height=148)],
                id="forecast-head",
                className="tb-stack",
            ),
            _card("forecast-fan", fan.HEIGHT + 50),
            html.Div(
                [
                    _card("forecast-landing", landing.HEIGHT + 110, "tb-6"),
                    _card("forecast-overrides", 240, "tb-6"),
                ],
                className="tb-grid12",
            ),
            html.Div(skeletons.table(8), id="forecast-stores", className="card forecast-stores"),
            html.Div(
                [
                    _card("forecast-scores", 420, "tb-8"),
                    html.Div(ifs.card(here), className="card tb-4"),
                ],
                className="tb-grid12",
            ),
            _card("forecast-drivers", drivers.HEIGHT + 50),
            overrides.form(here),
        ],
        className="tb-stack forecast",
    )


def _card(name: str, height: int, width: str = "") -> Component:
    return html.Div(skeletons.block(height), id=name, className=f"card {width}".strip())


def _shown(made: list[Component] | None) -> tuple[Any, Any]:
    """Return a card's inside, and that the card is hidden where it has none."""
    return (no_update, no_update) if made is None else (made, not made)


def _pictures(app: Dash, board: Board) -> None:
    given = (Input(ASKED, "data"), Input(CHANGED, "data"), Input(THEME, "data"))

    @app.callback(Output("forecast-fan", "children"), Output("forecast-fan", "hidden"), *given)
    @kept
    def fill_fan(data: Data, _changed: int, theme: str) -> Any:
        return _shown(parts.fan_card(board.here(), Asked.of(data), theme) if data else None)

    @app.callback(
        Output("forecast-landing", "children"), Output("forecast-landing", "hidden"), *given
    )
    @kept
    def fill_landing(data: Data, _changed: int, theme: str) -> Any:
        return _shown(parts.landing_card(board.here(), Asked.of(data), theme) if data else None)

    @app.callback(
        Output("forecast-drivers", "children"), Output("forecast-drivers", "hidden"), *given
    )
    @kept
    def fill_drivers(data: Data, _changed: int, theme: str) -> Any:
        return _shown(parts.drivers_card(board.here(), Asked.of(data), theme) if data else None)


def _lists(app: Dash, board: Board) -> None:
    given = (Input(ASKED, "data"), Input(CHANGED, "data"))

    @app.callback(Output("forecast-head", "children"), *given)
    @kept
    def fill_head(data: Data, _changed: int) -> Any:
        return head(board.here(), Asked.of(data)) if data else no_update

    @app.callback(
        Output("forecast-stores", "children"), Output("forecast-stores", "hidden"), *given
    )
    @kept
    def fill_stores(data: Data, _changed: int) -> Any:
        return _shown(listing.table(board.here(), Asked.of(data)) if data else None)

    @app.callback(Output("forecast-overrides", "children"), *given)
    @kept
    def fill_overrides(data: Data, _changed: int) -> Any:
        return overrides.card(board.here(), Asked.of(data)) if data else no_update

    @app.callback(Output("forecast-scores", "children"), *given)
    @kept
    def fill_scores(data: Data, _changed: int) -> Any:
        return scores.card(board.here(), Asked.of(data)) if data else no_update


def _work(app: Dash, board: Board) -> None:
    @app.callback(
        Output("forecast-work", "children"),
        Output("forecast-tick", "disabled"),
        Output("forecast-made", "data"),
        Input("forecast-tick", "n_intervals"),
    )
    def look(_ticks: int) -> tuple[Any, ...]:
        here = board.here()
        run, shown = future(here).forecast_running(), future(here).forecast_run()
        at_work = run is not None and run.state in work.AT_WORK
        # The page before the first forecast goes on asking: somebody else may start one.
        stop = not at_work and shown is not None
        return work.at_work(here, run), stop, shown.run_id if shown else 0

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("forecast", "made"),
        Output("forecast-made", "clear_data"),
        Output(CHANGED, "data", allow_duplicate=True),
        Input("forecast-made", "data"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("forecast-tick", "disabled", allow_duplicate=True),
        Output("forecast-start", "loading"),
        Input("forecast-start", "n_clicks"),
        prevent_initial_call=True,
    )
    def start(clicks: int | None) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        changes.start(board, here)
        tell(here.say("forecast.work.started"))
        return False, True


def _override(app: Dash, board: Board) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("forecast", "open"),
        Output("forecast-form", "opened"),
        Input({"type": "forecast-open", "at": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output(CHANGED, "data"),
        Output("forecast-form", "opened", allow_duplicate=True),
        Input("forecast-save", "n_clicks"),
        State(ASKED, "data"),
        State("forecast-from", "value"),
        State("forecast-to", "value"),
        State("forecast-kind", "value"),
        State("forecast-value", "value"),
        State("forecast-reason", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def save(
        clicks: int | None,
        data: Data,
        first: str | None,
        last: str | None,
        kind: str | None,
        typed: str | None,
        reason: str | None,
        count: int | None,
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        change = (kind or "scale", typed or "")
        changes.override(board, here, Asked.of(data), (first, last), change, reason or "")
        tell(here.say("forecast.override.saved"))
        return (count or 0) + 1, False

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input({"type": "forecast-revoke", "override": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def revoke(_clicks: list[int | None], count: int | None) -> Any:
        if pressed() is None:
            return no_update
        here = board.here()
        changes.revoke(board, here, int(ctx.triggered_id["override"]))
        tell(here.say("forecast.override.taken_back"))
        return (count or 0) + 1


def _others(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Input("forecast-target-save", "n_clicks"),
        State(ASKED, "data"),
        State("forecast-target-month", "data"),
        State("forecast-target", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def target(
        clicks: int | None, data: Data, month: str | None, typed: str | None, count: int | None
    ) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        changes.set_target(board, here, Asked.of(data), month or "", typed or "")
        tell(here.say("forecast.target.saved"))
        return (count or 0) + 1

    @app.callback(
        Output("forecast-if-answer", "children"),
        Input("forecast-if-ask", "n_clicks"),
        Input(ASKED, "data"),
        State("forecast-if-kind", "value"),
        State("forecast-if-from", "value"),
        State("forecast-if-to", "value"),
        State(THEME, "data"),
        prevent_initial_call=True,
    )
    @kept
    def ask(
        clicks: int | None,
        data: Data,
        kind: str | None,
        first: str | None,
        last: str | None,
        theme: str,
    ) -> Any:
        if not clicks or not data:
            return no_update
        return ifs.answer(board.here(), Asked.of(data), kind or "", first, last, theme)
