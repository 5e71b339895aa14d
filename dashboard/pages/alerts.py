"""Alerts: what is open, what is watched (in words), what fired and what was done about it."""

from datetime import timedelta
from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from chain.errors import PermanentError
from dashboard import skeletons
from dashboard.alertspage import changes, form, listing
from dashboard.errors import tell
from dashboard.frame import Board, Here, Page
from dashboard.loose import attributes
from dashboard.pressed import pressed
from reports.alert_mail import line
from reports.alert_words import AlertWords
from warehouse.directory import members

CHANGED = "alerts-changed"
DO = {"type": listing.DO, "what": ALL, "number": ALL}
VALUES = {"mail": "checked", "shared": "checked"}
HAS = ("metric", "each", "bound", "span", "days", "silence", "places")


def page(app: Dash, board: Board) -> Page:
    """Register the page's callbacks and declare it."""

    @app.callback(
        Output("alerts-sentence", "children"),
        Output("alerts-open", "children"),
        Output("alerts-rules", "children"),
        Output("alerts-history", "children"),
        Input(CHANGED, "data"),
    )
    def fill(_changed: int) -> tuple[Any, ...]:
        here = board.here()
        shown = listing.read(board, here)
        return (
            listing.sentence(here, shown),
            listing.open_list(here, shown),
            listing.rule_list(here, shown),
            listing.history(here, shown),
        )

    @app.callback(
        Output("alerts-say", "children"),
        Output("alerts-each", "data"),
        Output("alerts-bound", "label"),
        *(Output(f"alerts-has-{name}", "hidden") for name in HAS),
        *(Input(f"alerts-{name}", "value") for name in form.FIELDS),
    )
    def explain(*given: Any) -> tuple[Any, ...]:
        return said(board.here(), given)

    _form(app, board)
    _rows(app, board)
    return Page("alerts", "/alerts", layout, icon="bell", filters=(), order=35)


def said(here: Here, given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the sentence that the form makes, and which of its fields that needs."""
    kind, metric = str(given[0] or ""), str(given[1] or "net_sales")
    asked = form.needs(kind, "net_sales" if kind == "range" else metric)
    try:
        sentence = AlertWords.of(here.reads, here.lang).tell(form.rule_of(here, given))
    except PermanentError:
        sentence = here.say(f"alerts.form.kind_{kind}") if kind else ""
    has = {
        "metric": asked.metric,
        "each": len(asked.units) > 1,
        "bound": bool(asked.bound),
        "span": asked.span,
        "days": asked.days,
        "silence": asked.silence,
        "places": asked.places,
    }
    units = form.unit_choices(here, asked.units)
    return sentence, units, form.bound_label(here, asked.bound), *(not has[name] for name in HAS)


def layout(here: Here, /, **_: str) -> Component:
    """Return the page's frame; a callback fills it."""
    return html.Div(
        [
            dcc.Store(id=CHANGED, data=0),
            dcc.Store(id="alerts-which", data=0),
            dcc.Store(id="alerts-noted", data=[]),
            html.Div(
                [
                    html.P("", id="alerts-sentence", className="tb-sentence"),
                    dmc.Button(
                        here.say("alerts.page.make"),
                        id={"type": listing.DO, "what": "make", "number": 0},
                    ),
                ],
                className="alert-top",
            ),
            html.Div(skeletons.table(3), id="alerts-open", className="tb-stack"),
            _section(here, "rules", skeletons.table(5)),
            _section(here, "history", skeletons.table(4)),
            html.Div(
                dmc.Drawer(
                    html.Div(id="alerts-form", className="alert-form"),
                    id="alerts-drawer",
                    position="right",
                    title="",
                    size="md",
                    closeButtonProps=_close(here),
                    transitionProps={"duration": 150},
                )
            ),
            html.Div(
                dmc.Modal(
                    html.Div(id="alerts-box-words"),
                    id="alerts-box",
                    title="",
                    centered=True,
                    closeButtonProps=_close(here),
                    transitionProps={"duration": 150},
                )
            ),
        ],
        className="tb-stack",
    )


def _section(here: Here, name: str, waiting: Any) -> Component:
    title = html.H2(here.say(f"alerts.page.{name}"), className="tb-finding", id=f"alerts-h-{name}")
    return html.Section(
        [title, html.Div(waiting, id=f"alerts-{name}")],
        className="card",
        **attributes(aria_labelledby=f"alerts-h-{name}"),
    )


def _close(here: Here) -> dict[str, Any]:
    return attributes(aria_label=here.say("dashboard.imports.close"))


def _form(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data"),
        Output("alerts-drawer", "opened"),
        Input("alerts-save", "n_clicks"),
        State("alerts-which", "data"),
        State(CHANGED, "data"),
        *(State(f"alerts-{name}", "value") for name in form.FIELDS),
        *(State(f"alerts-{name}", VALUES.get(name, "value")) for name in form.MORE),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, which: int, count: int | None, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        fields = len(form.FIELDS)
        changes.save(board, here, int(which or 0), given[:fields], given[fields:])
        tell(here.say("alerts.page.saved"))
        return (count or 0) + 1, False

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("alerts-box", "opened", allow_duplicate=True),
        Input("alerts-note-save", "n_clicks"),
        State("alerts-noted", "data"),
        State("alerts-note", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def note(
        clicks: int | None, numbers: list[int] | None, text: str | None, count: int | None
    ) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        changes.acknowledge(board, here, [int(one) for one in numbers or ()], text or "")
        tell(here.say("alerts.page.noted"))
        return (count or 0) + 1, False

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("alerts-box", "opened", allow_duplicate=True),
        Input("alerts-quiet-save", "n_clicks"),
        State("alerts-noted", "data"),
        State("alerts-quiet-days", "value"),
        State("alerts-quiet-until", "value"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def quiet(
        clicks: int | None,
        numbers: list[int] | None,
        days: str | None,
        until: str | None,
        count: int | None,
    ) -> tuple[Any, ...]:
        if not clicks or not numbers:
            return no_update, no_update
        here = board.here()
        changes.snooze_one(board, here, int(numbers[0]), str(days or ""), str(until or ""))
        tell(here.say("alerts.page.quiet_now"))
        return (count or 0) + 1, False

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("alerts-box", "opened", allow_duplicate=True),
        Input({"type": "alerts-sure", "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def remove(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return no_update, no_update
        here = board.here()
        changes.remove(board, here, int(asked["number"]))
        tell(here.say("alerts.page.removed"))
        return (count or 0) + 1, False


def _rows(app: Dash, board: Board) -> None:
    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("alerts-drawer", "opened", allow_duplicate=True),
        Output("alerts-drawer", "title"),
        Output("alerts-form", "children"),
        Output("alerts-which", "data"),
        Output("alerts-box", "opened"),
        Output("alerts-box", "title"),
        Output("alerts-box-words", "children"),
        Output("alerts-noted", "data"),
        Input(DO, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def act(_clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = pressed()
        if asked is None:
            return (no_update,) * 9
        here = board.here()
        return _act(board, here, str(asked["what"]), int(asked["number"]), (count or 0) + 1)


def _act(board: Board, here: Here, what: str, number: int, count: int) -> tuple[Any, ...]:
    """Do what a button says; the outputs are those of ``act``."""
    drawer, box = (no_update,) * 4, (no_update,) * 4
    if what in {"make", "change"}:
        saved = changes.rule(board, here, number)
        people = {
            one.user_id: one.name or one.email
            for one in members.members(board.warehouse, here.scope)
        }
        title = here.say(f"alerts.page.{what}")
        return (
            no_update,
            True,
            title,
            form.fields(here, saved, people, changes.groups(board, here)),
            number,
            *box,
        )
    if what in {"ack", "ack_all"}:
        numbers = [number] if what == "ack" else changes.of_rule(board, here, number)
        title = here.say("alerts.page.acknowledge")
        return no_update, *drawer, True, title, _note(here), numbers
    if what == "snooze_one":
        title = here.say("alerts.page.snooze_one")
        return no_update, *drawer, True, title, _quiet(board, here, number), [number]
    if what == "remove":
        changes.rule(board, here, number)
        title = here.say("alerts.page.remove")
        return no_update, *drawer, True, title, _sure(here, number), []
    if what in {"pause", "go_on"}:
        changes.pause(board, here, number, paused=what == "pause")
    elif what == "wake_one":
        changes.wake_one(board, here, number)
    else:
        changes.snooze(board, here, number, changes.SNOOZES.get(what, 0))
        if what in changes.SNOOZES:
            tell(here.say("alerts.page.quiet_now"))
    return count, *drawer, *box


def _note(here: Here) -> list[Component]:
    return [
        dmc.Textarea(
            id="alerts-note",
            label=here.say("alerts.page.note"),
            placeholder=here.say("alerts.page.note_hint"),
            autosize=True,
            minRows=2,
            attributes={"input": {"maxLength": changes.NOTE_MAX}},
        ),
        dmc.Group(
            [dmc.Button(here.say("alerts.page.save"), id="alerts-note-save")],
            justify="flex-end", mt="md",
        ),
    ]  # fmt: skip


def _quiet(board: Board, here: Here, number: int) -> list[Component]:
    one = changes.of_alert(board, here, number)
    rule = changes.rule(board, here, one.rule_id)
    today = here.reads.chain().today
    days = [
        {"value": each, "label": here.say("alerts.page.quiet_days", count=int(each))}
        for each in changes.QUIET_DAYS
    ]
    return [
        html.P(line(AlertWords.of(here.reads, here.lang), rule, one)),
        html.P(here.say("alerts.page.quiet_lead"), className="muted"),
        dmc.SegmentedControl(
            id="alerts-quiet-days",
            data=days,
            value="7",
            fullWidth=True,
            **attributes(aria_label=here.say("alerts.page.quiet_for")),
        ),
        dmc.TextInput(
            id="alerts-quiet-until",
            label=here.say("alerts.page.quiet_or"),
            value="",
            attributes={
                "input": {"type": "date", "min": f"{today + timedelta(days=1)}",
                          "max": f"{today + changes.LONGEST_QUIET}"}
            },
            mt="sm",
        ),
        dmc.Group(
            [dmc.Button(here.say("alerts.page.quiet_save"), id="alerts-quiet-save")],
            justify="flex-end", mt="md",
        ),
    ]  # fmt: skip


def _sure(here: Here, number: int) -> list[Component]:
    gone = dmc.Button(
        here.say("alerts.page.remove"),
        id={"type": "alerts-sure", "number": number},
        color="red",
        className="button-danger",
    )
    return [html.P(here.say("alerts.page.sure")), dmc.Group([gone], justify="flex-end")]
