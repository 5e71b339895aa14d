"""The card of the Set-up page that says how the chain cuts its years."""

import json
import re
from datetime import date
from typing import Any, cast

import dash_mantine_components as dmc
from babel.dates import get_day_names, get_month_names
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component
from sqlalchemy import text

from chain.errors import PermanentError
from chain.fiscal import KINDS, BadListError, FiscalCalendar
from dashboard.errors import tell
from dashboard.frame import Board, Here
from dashboard.imports.changes import allow
from dashboard.loose import attributes
from figures import formats

FIELDS = ("kind", "month", "weekday", "ending", "named", "count", "starts")
LOCALES = {"en": "en_GB", "zh": "zh_CN"}
MOST_STARTS = 400
_SET = text("update chain set fiscal = cast(:fiscal as jsonb) where chain_id = :chain")


def register(app: Dash, board: Board) -> None:
    """Make the card work."""

    @app.callback(
        Output("fiscal-weekly", "hidden"),
        Output("fiscal-own", "hidden"),
        Output("fiscal-year", "hidden"),
        Input("fiscal-kind", "value"),
        prevent_initial_call=True,
    )
    def choose(kind: str) -> tuple[bool, bool, bool]:
        return hidden(kind)

    @app.callback(
        Output("fiscal-said", "children"),
        Input("fiscal-save", "n_clicks"),
        *[State(f"fiscal-{name}", "value") for name in FIELDS],
        prevent_initial_call=True,
    )
    def save(clicks: int | None, *given: str | None) -> Any:
        if not clicks:
            return no_update
        here = board.here()
        typed = {name: value or "" for name, value in zip(FIELDS, given, strict=True)}
        calendar = set_calendar(board, here, typed)
        tell(here.say("dashboard.fiscal.saved"))
        return said(here, calendar)


def hidden(kind: str) -> tuple[bool, bool, bool]:
    """Return which boxes a kind of calendar has no use for: of weeks, of a list, of the year."""
    return kind in {"month", "own"}, kind != "own", kind == "own"


def card(here: Here) -> Component:
    """Return the card, filled with what the chain has."""
    calendar = here.reads.chain().fiscal
    weekly, own, year = hidden(calendar.kind)
    locale = LOCALES[here.lang]
    months = get_month_names("wide", context="stand-alone", locale=locale)
    days = get_day_names("wide", context="stand-alone", locale=locale)
    boxes = [
        _select(here, "kind", calendar.kind, {kind: _word(here, f"kind_{kind}") for kind in KINDS}),
        html.Div(
            [
                _select(here, "month", str(calendar.month), {str(at): months[at] for at in months}),
                _select(here, "named", "end" if calendar.named_by_end else "start",
                        {end: _word(here, f"named_{end}") for end in ("start", "end")}),
            ],
            id="fiscal-year", hidden=year, className="people-who",
        ),
        html.Div(
            [
                _select(here, "weekday", str(calendar.weekday), {str(at): days[at] for at in days}),
                _select(here, "ending", calendar.ending,
                        {end: _word(here, end) for end in ("nearest", "last")}),
            ],
            id="fiscal-weekly", hidden=weekly, className="people-who",
        ),
        html.Div(
            [
                _select(here, "count", str(calendar.count),
                        {count: _word(here, f"count_{count}") for count in ("12", "13")}),
                dmc.Textarea(
                    id="fiscal-starts",
                    label=_word(here, "starts"),
                    description=_word(here, "starts_about"),
                    value="\n".join(day.isoformat() for day in calendar.starts),
                    autosize=True, minRows=4, maxRows=14,
                ),
            ],
            id="fiscal-own", hidden=own, className="people-who",
        ),
    ]  # fmt: skip
    return html.Section(
        [
            html.H2(_word(here, "title")),
            html.P(_word(here, "about"), className="muted"),
            html.Div(said(here, calendar), id="fiscal-said", **attributes(aria_live="polite")),
            html.Div(boxes, className="people-who fiscal-form"),
            dmc.Button(_word(here, "save"), id="fiscal-save", mt="md"),
        ],
        className="card setup-terms",
    )


def said(here: Here, calendar: FiscalCalendar) -> list[Component]:
    """Return in words where the chain stands in its own year."""
    chain = here.reads.chain()
    today = chain.yesterday or chain.today
    found = calendar.at(today)
    if found is None:
        return [html.P(_word(here, "beyond"))]
    year = calendar.year_days(today)
    assert year is not None
    words = here.say(
        "dashboard.fiscal.now",
        year=str(found.year),
        days=formats.days_year(year.start, year.end, here.lang),
        number=str(found.number),
        period=formats.days_year(found.days.start, found.days.end, here.lang),
        quarter=str(found.quarter),
    )
    weeks = year.days // 7
    if calendar.kind not in {"month", "own"}:
        words += ("" if here.lang == "zh" else " ") + here.say(
            "dashboard.fiscal.weeks", count=str(weeks)
        )
    return [html.P(words)]


def set_calendar(board: Board, here: Here, typed: dict[str, str]) -> FiscalCalendar:
    """Take over what the card's boxes say and return it.

    Raises PermanentError for a list that is none, and for who may not, or sees some stores.
    """
    allow(here)
    if here.scope.store_ids is not None:
        raise PermanentError("dashboard.fiscal.whole")
    calendar = _calendar(typed)
    with board.warehouse.begin(here.scope) as connection:
        stored = json.dumps(calendar.stored())
        connection.execute(_SET, {"chain": here.scope.chain_id, "fiscal": stored})
    return calendar


def _calendar(typed: dict[str, str]) -> FiscalCalendar:
    kind = typed.get("kind", "month")
    starts: tuple[date, ...] = ()
    if kind == "own":
        words = re.split(r"[\s,;，；、]+", typed.get("starts", "").strip())[: MOST_STARTS + 1]
        starts = tuple(_start(word) for word in words if word)
        if len(starts) > MOST_STARTS:
            raise PermanentError("dashboard.fiscal.many", count=MOST_STARTS)
    try:
        return FiscalCalendar(
            cast("Any", kind),
            month=int(typed.get("month") or 1),
            weekday=int(typed.get("weekday") or 5),
            ending="last" if typed.get("ending") == "last" else "nearest",
            named_by_end=typed.get("named") == "end",
            starts=starts,
            count=int(typed.get("count") or 12),
        )
    except BadListError as error:
        if error.day is None:
            raise PermanentError("dashboard.fiscal.short") from error
        raise PermanentError("dashboard.fiscal.bad_list", day=error.day.isoformat()) from error
    except ValueError as error:
        raise PermanentError("dashboard.fiscal.bad") from error


def _start(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise PermanentError("dashboard.fiscal.bad_day", word=word[:20]) from error


def _select(here: Here, name: str, value: str, options: dict[str, str]) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id=f"fiscal-{name}",
        label=_word(here, name),
        data=[{"value": key, "label": word} for key, word in options.items()],
        value=value,
        allowDeselect=False,
    )


def _word(here: Here, name: str) -> str:
    return here.say(f"dashboard.fiscal.{name}")
