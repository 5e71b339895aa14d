"""The list of stores as people change it: one by a form, or all by a streaming route."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from dash import html
from dash.development.base_component import Component
from flask import Flask, Response, abort, jsonify, request

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.guard import here
from dashboard.imports.changes import allow
from dashboard.loose import attributes
from dashboard.upload import NAME_HEADER, clean_name, megabytes
from etl.storelist import COLUMNS, BadFieldError, Line, Rules, check_list, listed, read_list
from reports.store_template import TYPES, template
from warehouse.storebook import set_store

LIMIT = 4 << 20
"""Bytes of a list: tens of thousands of stores."""


SHOWN = 100
"""Lines of a list that are shown before it is taken; those that are wrong come first."""
SEEN = ("code", "name", "city", "region", "opened_on")


def install(server: Flask, board: Board) -> None:
    """Add ``POST /setup-list``: the body is the list, its name in ``X-File-Name`` (quoted).

    The answer is ``{"stores": 48, "said": sentence}``; 400 with ``{"error": sentence}`` for a list
    that is no good, of which nothing is taken. With ``?check`` nothing is taken and the answer is
    what ``seen`` returns. ``GET /setup-list/stores.csv`` (or xlsx) is an empty list to fill in.
    """

    def take() -> Response:
        who = here()
        if "check" in request.args:
            _name, content = _body(who)
            return jsonify(seen(who, check_list(content, _rules(who))))
        count = save_list(board, who)
        return jsonify(stores=count, said=who.say("dashboard.setup.listed", count=count))

    def empty(kind: str) -> Response:
        if kind not in TYPES:
            abort(404)
        answer = Response(template(kind, here().lang), mimetype=TYPES[kind])
        answer.headers["Content-Disposition"] = f"attachment; filename=stores.{kind}"
        return answer

    server.add_url_rule("/setup-list", view_func=take, methods=["POST"], endpoint="setup_list")
    server.add_url_rule("/setup-list/stores.<kind>", view_func=empty, endpoint="setup_template")


def sender(here: Here) -> Component:
    """Return the way in for a list: choose it, see it checked line by line, then take it."""
    buttons = [
        html.Button(
            here.say("dashboard.setup.list"),
            className="drop-choose",
            type="button",
            **attributes(data_stores="list", data_broken=here.say("dashboard.drop.broken")),
        ),
        *(
            html.A(
                here.say(f"dashboard.setup.template.{kind}"),
                href=f"/setup-list/stores.{kind}",
                className="tb-act",
            )
            for kind in TYPES
        ),
    ]
    return html.Div(
        [
            html.Div(buttons, className="setup-do"),
            html.P("", id="setup-said", **attributes(role="status")),
            html.Div(id="setup-seen", className="setup-seen"),
        ]
    )


def seen(who: Here, lines: Sequence[Line]) -> dict[str, Any]:
    """Return what a list would do, in words: each line, which of them are wrong and why."""
    known = set(who.reads.stores()["code"])
    wrong = [line for line in lines if line.store is None]
    good = [line for line in lines if line.store is not None]
    new = sum(line.store.store.code not in known for line in good if line.store)
    said = who.say("dashboard.setup.checked", new=new, changed=len(good) - new)
    if wrong:
        said = who.say("dashboard.setup.wrong", count=len(wrong))
    elif not lines:
        said = who.say("dashboard.setup.no_line")
    shown = [*wrong, *good][:SHOWN]
    return {
        "said": said,
        "good": bool(good) and not wrong,
        "head": [
            who.say("dashboard.setup.line"),
            *(who.say(f"dashboard.setup.field.{name}") for name in SEEN),
            who.say("dashboard.setup.head.state"),
        ],
        "rows": [_seen(who, line, known) for line in shown],
        "more": who.say("dashboard.setup.more_lines", count=len(lines) - len(shown))
        if len(lines) > len(shown)
        else "",
        "take": who.say("dashboard.setup.take", count=len(good)),
        "other": who.say("dashboard.setup.other"),
    }


def _seen(who: Here, line: Line, known: set[str]) -> dict[str, Any]:
    cells = [str(line.number), *(line.fields.get(name, "").strip() for name in SEEN)]
    if line.twice:
        state = who.say("dashboard.setup.twice", line=line.twice)
    elif line.store is None:
        field = who.say(f"dashboard.setup.field.{line.wrong}")
        hint = who.say(f"dashboard.setup.hint.{line.wrong}")
        state = who.say("dashboard.setup.wrong_field", field=field, hint=hint)
    else:
        kind = "is_changed" if line.store.store.code in known else "is_new"
        state = who.say(f"dashboard.setup.{kind}")
    return {"cells": [*cells, state], "bad": line.store is None}


def save_list(board: Board, who: Here) -> int:
    """Add or change the stores of the list in the request's body; return how many."""
    name, content = _body(who)
    found = read_list(name, content, _rules(who))
    with board.warehouse.begin(who.scope) as connection:
        for one in found:
            set_store(connection, who.scope.chain_id, one.store, one.given, who.person.user_id)
    return len(found)


def _body(who: Here) -> tuple[str, bytes]:
    allow(who)
    name = clean_name(unquote(request.headers.get(NAME_HEADER, "")))
    content = request.stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise PermanentError("dashboard.upload.too_large", file=name, limit=megabytes(LIMIT))
    return name, content


def save_store(board: Board, who: Here, fields: Mapping[str, str], *, new: bool) -> int:
    """Add a store by the texts of the form, or change it; return its id.

    Raises PermanentError for a field that is not right, and for a new store whose code is taken.
    """
    allow(who)
    try:
        one = listed(fields, _rules(who))
    except BadFieldError as error:
        raise PermanentError(
            "dashboard.setup.bad",
            field=who.say(f"dashboard.setup.field.{error.name}"),
            hint=who.say(f"dashboard.setup.hint.{error.name}"),
        ) from error
    stores = who.reads.stores()
    if new and one.store.code in set(stores["code"]):
        raise PermanentError("dashboard.setup.taken", code=one.store.code)
    with board.warehouse.begin(who.scope) as connection:
        # What is empty in the form is meant to be empty.
        given = frozenset(COLUMNS) & frozenset(fields)
        return set_store(connection, who.scope.chain_id, one.store, given, who.person.user_id)


def _rules(who: Here) -> Rules:
    chain = who.reads.chain()
    return Rules(chain.time_zone, chain.currency)
