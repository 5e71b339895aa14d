"""The sheet of targets: fetched filled as it is, and taken back by a route of its own."""

from flask import Flask, Response, abort, jsonify, request

from chain.errors import PermanentError
from dashboard.components.names import store_names
from dashboard.exporting import allowed
from dashboard.frame import Board
from dashboard.guard import here
from dashboard.plans.changes import allow, checked_year, may_whole, take_file
from dashboard.plans.targets import targets_of
from dashboard.storelist import LIMIT
from dashboard.upload import megabytes
from etl.targetlist import CHAIN_CODE
from reports.target_template import TYPES, template


def install(server: Flask, board: Board) -> None:
    """Add ``POST /plans/targets`` (the body is the file) and ``GET /plans/targets.csv`` (xlsx)."""

    def take() -> Response:
        who = here()
        allow(who, "plan")
        content = request.stream.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise PermanentError("dashboard.upload.too_large", file="", limit=megabytes(LIMIT))
        count = take_file(board, who, content)
        return jsonify(targets=count, said=who.say("plans.targets.taken", count=count))

    server.add_url_rule("/plans/targets", view_func=take, methods=["POST"], endpoint="targets_send")
    server.add_url_rule("/plans/targets.<kind>", view_func=sheet, endpoint="targets_sheet")


def sheet(kind: str) -> Response:
    """Answer with the targets of ``?year=`` as a file to fill in."""
    if kind not in TYPES:
        abort(404)
    who = here()
    allowed(who)
    asked = request.args.get("year", "")
    year = checked_year(who, int(asked) if asked.isdecimal() else 0)
    stores = who.reads.stores()
    stores = stores[~stores["unassigned"].astype(bool)]
    names = store_names(who, stores)
    codes = zip(stores["store_id"], stores["code"], strict=True)
    rows = [(int(store), str(code), names[int(store)]) for store, code in codes]
    if may_whole(who, "plan"):
        rows.insert(0, (0, CHAIN_CODE, who.say("plans.whole_chain")))
    currency = who.reads.chain().currency
    made = template(kind, who.lang, year, rows, targets_of(who, year), currency)
    answer = Response(made, mimetype=TYPES[kind])
    answer.headers["Content-Disposition"] = f"attachment; filename=targets-{year}.{kind}"
    answer.headers["Cache-Control"] = "no-store"
    return answer
