"""Exports that are made regularly, on the page of exports: a list in words, and a form."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any, cast

import dash_mantine_components as dmc
from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from chain.errors import PermanentError
from chain.metrics import METRICS, shown
from chain.schedule import LAST_MONTH_DAY, RHYTHMS, Rhythm
from dashboard.errors import tell
from dashboard.exporting import allowed
from dashboard.frame import Board, Here
from dashboard.loose import attributes, records
from figures import formats
from reports.contents import TABLES, fitting
from reports.mail import mail_server
from reports.names import some, store_names
from warehouse import export_schedules
from warehouse.export_schedules import SPANS, Saved

CHANGED = "schedules-changed"
DO = "schedules-do"
KINDS = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet"}
FIELDS = (
    "what", "kind", "metric", "span", "rhythm", "weekday", "month_day", "at", "regions", "stores",
)  # fmt: skip
_OVER = {"zIndex": 400}


def section(here: Here, board: Board) -> Component:
    """Return the part of the page, with what is made regularly."""
    close = attributes(aria_label=here.say("dashboard.imports.close"))
    return html.Section(
        [
            dcc.Store(id=CHANGED, data=0),
            html.Div(
                [
                    html.H2(here.say("reports.schedule.title"), className="tb-finding",
                            id="schedules-h"),
                    _button("make", 0, here.say("reports.schedule.make"), ""),
                ],
                className="alert-top",
            ),
            html.Div(listing(here, board), id="schedules-list"),
            html.Div(
                dmc.Drawer(
                    html.Div(id="schedules-form", className="alert-form"),
                    id="schedules-drawer", position="right", size="md", closeButtonProps=close,
                    title=here.say("reports.schedule.make"), transitionProps={"duration": 150},
                )
            ),
        ],
        className="card",
        **attributes(aria_labelledby="schedules-h"),
    )  # fmt: skip


def register(app: Dash, board: Board) -> None:
    """Register its callbacks."""

    @app.callback(Output("schedules-list", "children"), Input(CHANGED, "data"))
    def fill(_changed: int) -> list[Component]:
        return listing(board.here(), board)

    @app.callback(
        Output("schedules-has-kind", "hidden"),
        Output("schedules-has-weekday", "hidden"),
        Output("schedules-has-month_day", "hidden"),
        Input("schedules-what", "value"),
        Input("schedules-rhythm", "value"),
        prevent_initial_call=True,
    )
    def explain(what: str, rhythm: str) -> tuple[bool, bool, bool]:
        return what == "reports", rhythm != "weekly", rhythm != "monthly"

    @app.callback(
        Output(CHANGED, "data"),
        Output("schedules-drawer", "opened"),
        Output("schedules-form", "children"),
        Input({"type": DO, "what": ALL, "number": ALL}, "n_clicks"),
        State(CHANGED, "data"),
        prevent_initial_call=True,
    )
    def act(clicks: list[int | None], count: int | None) -> tuple[Any, ...]:
        asked = ctx.triggered_id
        if not asked or not any(clicks):
            return (no_update,) * 3
        here = board.here()
        allowed(here)
        if asked["what"] == "make":
            return no_update, True, form(here, board)
        change(here, board, str(asked["what"]), int(asked["number"]))
        return (count or 0) + 1, no_update, no_update

    @app.callback(
        Output(CHANGED, "data", allow_duplicate=True),
        Output("schedules-drawer", "opened", allow_duplicate=True),
        Input("schedules-save", "n_clicks"),
        State(CHANGED, "data"),
        *(State(f"schedules-{name}", "value") for name in FIELDS),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, count: int | None, *given: Any) -> tuple[Any, ...]:
        if not clicks:
            return no_update, no_update
        here = board.here()
        allowed(here)
        with board.warehouse.begin(here.scope) as connection:
            export_schedules.add(connection, here.scope, saved_of(here, given))
        tell(here.say("reports.schedule.saved"))
        return (count or 0) + 1, False


def change(here: Here, board: Board, what: str, number: int) -> None:
    """Pause a schedule of the reader's, let it go on, or take it away."""
    chain_id = here.scope.chain_id
    with board.warehouse.begin(here.scope) as connection:
        if what == "remove":
            export_schedules.remove(connection, chain_id, number)
            tell(here.say("reports.schedule.removed"))
        else:
            export_schedules.pause(connection, chain_id, number, paused=what == "pause")


def saved_of(here: Here, given: Sequence[Any]) -> Saved:
    """Return the schedule that the form says. Raises PermanentError ``reports.schedule.bad``."""
    values = dict(zip(FIELDS, given, strict=True))
    table, kind = str(values["what"]), str(values["kind"])
    try:
        at = time.fromisoformat(str(values["at"]))
        weekday, month_day = int(values["weekday"]), int(values["month_day"])
    except (TypeError, ValueError) as error:
        raise PermanentError("reports.schedule.bad") from error
    whole = (
        (table == "reports" or (table in TABLES and kind in KINDS))
        and values["span"] in SPANS
        and values["rhythm"] in RHYTHMS
        and at.tzinfo is None
        and 0 <= weekday <= 6
        and 1 <= month_day <= LAST_MONTH_DAY
    )
    if not whole:
        raise PermanentError("reports.schedule.bad")
    metric = fitting(str(values["metric"]), "ranking" if table == "reports" else table)
    choice = {
        "metric": metric,
        "regions": _ids(values["regions"]),
        "stores": _ids(values["stores"]),
    }
    return Saved(
        0, here.person.user_id, table if table == "reports" else f"{table}.{kind}", choice,
        str(values["span"]), cast("Rhythm", values["rhythm"]), at, weekday, month_day, here.lang,
    )  # fmt: skip


def _ids(value: Any) -> list[int]:
    return [int(one) for one in value or () if str(one).isdecimal()]


def listing(here: Here, board: Board) -> list[Component]:
    """Return the reader's schedules in words."""
    if not here.may("export"):
        return [html.P(here.say("reports.not_allowed"))]
    with board.warehouse.begin(here.scope) as connection:
        saved = export_schedules.of_chain(connection, here.scope.chain_id)
    if not saved:
        return [html.P(here.say("reports.schedule.none"), className="muted")]
    rows = html.Ul([_row(here, each) for each in saved], className="alert-rules")
    if mail_server(board.settings) is not None:
        return [rows]
    return [rows, html.P(here.say("reports.schedule.no_mail"), className="muted")]


def _row(here: Here, saved: Saved) -> Component:
    said = sentence(here, saved)
    names = ("go_on" if saved.paused else "pause", "remove")
    doing = [
        _button(name, saved.schedule_id, here.say(f"reports.schedule.{name}"), said)
        for name in names
    ]
    under = _where(here, saved.choice)
    if saved.paused:
        under = [here.say("reports.schedule.paused"), *under]
    words = [html.Span(said, className="alert-rule")]
    if under:
        words.append(html.Span(" · ".join(under), className="muted alert-under"))
    return html.Li(
        [
            html.Div(words, className="alert-words"),
            html.Div(doing, className="people-acts"),
        ],
        className="alert-paused" if saved.paused else "",
    )


def sentence(here: Here, saved: Saved) -> str:
    """Return a schedule in words."""
    table, _, kind = saved.what.partition(".")
    what = _name(here, table)
    if table not in {"reports", "payments"}:
        metric = METRICS[str(saved.choice.get("metric", "net_sales"))].label(here.lang)
        what = here.say(f"reports.title.{table}", metric=metric)
    if kind:
        what = f"{what} ({KINDS[kind]})"
    name = f"whole_{saved.rhythm}" if saved.span == "whole" else saved.span
    words: dict[str, str | int] = {
        "at": f"{saved.at:%H:%M}",
        "what": what,
        "span": here.say(f"reports.schedule.{name}"),
    }
    if saved.rhythm == "weekly":
        words["weekday"] = formats.weekday(saved.weekday, here.lang, wide=here.lang == "en")
    if saved.rhythm == "monthly":
        words["day"] = saved.month_day
    return here.say(f"reports.schedule.{saved.rhythm}", **words)


def _name(here: Here, table: str) -> str:
    section = "schedule" if table == "reports" else "button"
    return here.say(f"reports.{section}.{table}")


def _where(here: Here, choice: Mapping[str, Any]) -> list[str]:
    found = []
    if regions := set(choice.get("regions") or ()):
        rows = records(here.reads.regions())
        names = [here.name(row) for row in rows if row["region_id"] in regions]
        found.append(formats.listing(names, here.lang))
    if stores := choice.get("stores"):
        found.append(some(here.lang, stores, store_names(here.lang, here.reads.stores())))
    return [each for each in found if each]


def _button(what: str, number: int, word: str, label: str) -> Component:
    said = attributes(aria_label=f"{word}: {label}") if label else {}
    return html.Button(
        word,
        id={"type": DO, "what": what, "number": number},
        className="people-do" if number else "tb-button",
        type="button",
        **said,
    )


def form(here: Here, board: Board) -> list[Component]:
    """Return the form of a new schedule."""
    terms = here.reads.chain().terms
    left = set() if "franchise" in terms else {"royalties"}
    tables = (*(name for name in TABLES if name not in left), "reports")
    weekdays = [formats.weekday(day, here.lang, wide=here.lang == "en") for day in range(7)]
    metrics = {name: one.label(here.lang) for name, one in shown(terms).items()}
    regions = {str(row["region_id"]): here.name(row) for row in records(here.reads.regions())}
    rows = here.reads.stores()
    named = store_names(here.lang, rows[~rows["unassigned"]])
    stores = {str(store): name for store, name in named.items()}
    say = here.say
    hints = [say("reports.schedule.hint")]
    if mail_server(board.settings) is None:
        hints.append(say("reports.schedule.no_mail"))
    return [
        _select(here, "what", {name: _name(here, name) for name in tables}, "ranking"),
        html.Div(_select(here, "kind", KINDS, "xlsx"), id="schedules-has-kind"),
        _select(here, "metric", metrics, "net_sales"),
        _select(here, "span", {name: say(f"reports.schedule.{name}") for name in SPANS}, "whole"),
        _select(
            here, "rhythm", {name: say(f"reports.schedule.each_{name}") for name in RHYTHMS},
            "weekly",
        ),
        html.Div(
            _select(here, "weekday", {str(day): word for day, word in enumerate(weekdays)}, "0"),
            id="schedules-has-weekday",
        ),
        html.Div(
            dmc.NumberInput(
                id="schedules-month_day", label=say("reports.schedule.month_day"), value=1, min=1,
                max=LAST_MONTH_DAY, allowDecimal=False,
            ),
            id="schedules-has-month_day", hidden=True,
        ),
        dmc.TextInput(
            id="schedules-at", label=say("reports.schedule.at"), value="08:00",
            attributes={"input": {"type": "time"}},
        ),
        _many(here, "regions", regions),
        _many(here, "stores", stores),
        *(html.P(hint, className="muted people-may") for hint in hints),
        dmc.Button(say("reports.schedule.save"), id="schedules-save"),
    ]  # fmt: skip


def _choices(names: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in names.items()]


def _select(here: Here, name: str, names: Mapping[str, str], value: str) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id=f"schedules-{name}",
        label=here.say(f"reports.schedule.{name}"),
        data=_choices(names),
        value=value,
        allowDeselect=False,
        comboboxProps=_OVER,
    )


def _many(here: Here, name: str, names: Mapping[str, str]) -> Component:
    return dmc.MultiSelect(  # type: ignore[no-any-return]
        id=f"schedules-{name}",
        label=here.say(f"reports.schedule.{name}"),
        data=_choices(names),
        value=[],
        searchable=True,
        clearable=True,
        comboboxProps=_OVER,
    )
