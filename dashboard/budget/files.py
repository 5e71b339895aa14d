"""Lists of what was spent: taken by a route of their own, with a template to begin from."""

import csv
import io

from flask import Flask, Response, jsonify, request

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.guard import here
from dashboard.imports.changes import allow
from dashboard.loose import records
from dashboard.storelist import LIMIT
from dashboard.upload import megabytes
from etl.spendlist import read_spend
from warehouse.spend import set_spend


def install(server: Flask, board: Board) -> None:
    """Add ``POST /marketing/spend`` (the body is the file) and ``GET /marketing/spend.csv``."""

    def take() -> Response:
        who = here()
        content = request.stream.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise PermanentError("dashboard.upload.too_large", file="", limit=megabytes(LIMIT))
        count = take_file(board, who, content)
        return jsonify(spend=count, said=who.say("budget.spend.taken", count=count))

    server.add_url_rule("/marketing/spend", view_func=take, methods=["POST"], endpoint="spend_send")
    server.add_url_rule("/marketing/spend.csv", view_func=template, endpoint="spend_template")


def take_file(board: Board, who: Here, content: bytes) -> int:
    """Keep the spend of a file; return how many rows. All or none."""
    allow(who)
    currency = who.reads.chain().currency
    rows = read_spend(content, _codes(who), currency)
    with board.warehouse.begin(who.scope) as connection:
        return set_spend(connection, who.scope.chain_id, rows, currency)


def template() -> Response:
    """Answer with the sheet to fill in: two lines that show how, with stores of the chain."""
    who = here()
    allow(who)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [who.say(f"budget.file.{name}") for name in ("day", "channel", "store", "amount")]
    )
    for code in ("S001", ""):
        writer.writerow([who.reads.chain().today.isoformat(), who.say("budget.file.example"),
                         code, "0"])  # fmt: skip
    answer = Response(text.getvalue().encode("utf-8-sig"), mimetype="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=spend.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _codes(who: Here) -> dict[str, int]:
    stores = who.reads.stores()
    known = stores[~stores["unassigned"].astype(bool)]
    return {str(row["code"]): int(row["store_id"]) for row in records(known)}
