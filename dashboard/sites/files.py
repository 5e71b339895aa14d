"""Routes of the Locations page: files come in as they are, the opening case goes out."""

from datetime import UTC, datetime
from urllib.parse import unquote

import structlog
from flask import Flask, Response, jsonify, request

from chain.errors import PermanentError
from dashboard.exporting import allowed, attachment
from dashboard.frame import Board
from dashboard.guard import here
from dashboard.sites import asking, changes
from dashboard.upload import NAME_HEADER, clean_name
from figures import formats
from reports.paper import CASE, Paper
from reports.site_case import file_name, printed
from reports.site_words import Row, SiteWords, suggestion

log = structlog.get_logger(__name__)


def install(server: Flask, board: Board) -> None:
    """Add ``POST /locations/file?kind=&system=`` (the body is the file) and the opening case."""

    def take() -> Response:
        who = here()
        changes.allow(who)
        kind = changes.kind_of(request.args.get("kind", ""))
        name = clean_name(unquote(request.headers.get(NAME_HEADER, "")))
        system = request.args.get("system", "")
        rows = changes.take_file(board, who, kind, system, name, request.stream)
        count = formats.count_full(rows, who.lang)
        return jsonify(rows=rows, said=who.say("sites.page.taken", name=name, rows=count))

    server.add_url_rule("/locations/case.pdf", view_func=case, endpoint="sites_case")
    server.add_url_rule("/locations/file", view_func=take, methods=["POST"], endpoint="sites_send")


def case() -> Response:
    """Answer with the opening case of suggestion ``?site=``, or of the pin at ``?lat=&lon=``."""
    who = here()
    allowed(who)
    words = SiteWords.of(who.reads, who.lang)
    if not words.sites.ready:
        raise PermanentError("sites.not_ready")
    site = request.args.get("site", "")
    row: Row
    if site:
        row = suggestion(words, int(site) if site.isdecimal() else 0)
    else:
        at = asking.place_of(request.args.get("lat"), request.args.get("lon"))
        rent = asking.amount_of(request.args.get("rent"), words.currency)
        row = asking.answer(who, words, *at, rent)
    made = Paper(CASE).pdf(printed(words, row, datetime.now(UTC)))
    log.info("exported", what="opening case", kind="pdf")
    return attachment(iter([made]), file_name(words, row), "application/pdf")
