"""The list of stores as people change it: one by a form, or all by a streaming route."""

from collections.abc import Mapping
from urllib.parse import unquote

from flask import Flask, Response, jsonify, request

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.guard import here
from dashboard.imports.changes import allow
from dashboard.upload import NAME_HEADER, clean_name, megabytes
from etl.storelist import COLUMNS, BadFieldError, Rules, listed, read_list
from warehouse.storebook import set_store

LIMIT = 4 << 20
"""Bytes of a list: tens of thousands of stores."""


def install(server: Flask, board: Board) -> None:
    """Add ``POST /setup-list``: the body is the list, its name in ``X-File-Name`` (quoted).

    The answer is ``{"stores": 48, "said": sentence}``; 400 with ``{"error": sentence}`` for a list
    that is no good, of which nothing is taken.
    """

    def take() -> Response:
        who = here()
        count = save_list(board, who)
        return jsonify(stores=count, said=who.say("dashboard.setup.listed", count=count))

    server.add_url_rule("/setup-list", view_func=take, methods=["POST"], endpoint="setup_list")


def save_list(board: Board, who: Here) -> int:
    """Add or change the stores of the list in the request's body; return how many."""
    allow(who)
    name = clean_name(unquote(request.headers.get(NAME_HEADER, "")))
    content = request.stream.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise PermanentError("dashboard.upload.too_large", file=name, limit=megabytes(LIMIT))
    found = read_list(name, content, _rules(who))
    with board.warehouse.begin(who.scope) as connection:
        for one in found:
            set_store(connection, who.scope.chain_id, one.store, one.given, who.person.user_id)
    return len(found)


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
