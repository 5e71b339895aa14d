"""Routes of digests: one looked at within the board, and the link by which anybody ends theirs.

The link works without a log-in. A mail program that offers "unsubscribe" posts to it from its own
servers (RFC 8058), where no cookie and no page of ours is; a person who opens it sees a page with a
button, since whatever scans mail for bad links opens them all.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Lock

import structlog
from flask import Flask, Response, abort, make_response

from chain.errors import PermanentError, TillboardError
from chain.schedule import last_due
from chain.settings import Settings
from chain.words import Lang, say
from dashboard.frame import ReadsFor
from dashboard.guard import Guard, here
from dashboard.login import plain_page
from reports.digests.build import build
from reports.digests.facts import Facts
from reports.digests.mail import Letters, Reader
from warehouse import subscriptions
from warehouse.directory import told, unsubscribe
from warehouse.directory.unsubscribe import Link
from warehouse.session import Warehouse
from warehouse.subscriptions import Subscription

log = structlog.get_logger(__name__)
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self';"
    " base-uri 'none'; form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""A digest in the board runs nothing, fetches nothing and is shown by our own pages alone."""
_drawing = Lock()


@cache
def letters() -> Letters:
    """Return this process's maker of mails; by one thread at a time."""
    return Letters()


@dataclass(frozen=True, slots=True)
class DigestRoutes:
    """The routes ``/digests/<number>/preview`` and ``/unsubscribe/<token>``."""

    settings: Settings
    warehouse: Warehouse
    guard: Guard
    reads_for: ReadsFor

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule(
            "/digests/<int:number>/preview", view_func=self.preview, endpoint="digest_preview"
        )
        for path, view, methods in (
            ("/unsubscribe/<token>", self.show, ["GET"]),
            ("/unsubscribe/<token>", self.take, ["POST"]),
            ("/unsubscribe/<token>/back", self.back, ["POST"]),
        ):
            server.add_url_rule(
                path, view_func=view, methods=methods, endpoint=f"digest_{view.__name__}"
            )

    def preview(self, number: int) -> Response:
        """Show the digest of a subscription as its person would get it now."""
        reader = here()
        try:
            with self.warehouse.begin(reader.scope) as connection:
                one = subscriptions.get(connection, reader.scope, number)
        except PermanentError:
            abort(404)
        try:
            page = self._page(reader.scope.chain_id, one)
        except TillboardError as error:
            return _framed(f"<p>{error.say(reader.lang)}</p>")
        return _framed(page)

    def _page(self, chain_id: int, one: Subscription) -> str:
        person = told.member(self.warehouse, chain_id, one.user_id)
        due = last_due(one.wanted.schedule, datetime.now(UTC))
        if person is None or due is None:
            raise PermanentError("digests.gone")
        lang: Lang = "zh" if one.wanted.lang == "zh" else "en"
        reads = self.reads_for(person.scope)
        rhythm = one.wanted.schedule.rhythm
        whole = person.scope.store_ids is None
        facts = Facts(reads, rhythm, due.period, lang, self.settings.board_url, whole)
        contents = build(facts)
        with _drawing:
            return letters().page(contents, Reader(one.email))

    def show(self, token: str) -> Response:
        """Say what the link would end, with a button."""
        link = unsubscribe.opened(self.warehouse, token)
        if link is None:
            return self._gone()
        ended = link.subscription.paused_key == unsubscribe.WHY
        return self._told(link, token, "ended" if ended else "ask")

    def take(self, token: str) -> Response:
        """End it, whoever asks."""
        link = unsubscribe.end(self.warehouse, token)
        if link is None:
            return self._gone()
        log.info("digest_unsubscribed", subscription_id=link.subscription.subscription_id)
        return self._told(link, token, "ended")

    def back(self, token: str) -> Response:
        """Let it come again, for who ended it by mistake."""
        link = unsubscribe.go_on(self.warehouse, token)
        return self._gone() if link is None else self._told(link, token, "back")

    def _told(self, link: Link, token: str, what: str) -> Response:
        lang: Lang = "zh" if link.subscription.wanted.lang == "zh" else "en"
        one = link.subscription
        rhythm = say(lang, f"digests.page.{one.wanted.schedule.rhythm}")
        params = {
            "email": one.group or one.email,
            "chain": link.chain,
            "what": rhythm.lower() if lang == "en" else rhythm,
        }
        return plain_page("unsubscribe.html", lang, 200, what=what, token=token, params=params)

    def _gone(self) -> Response:
        lang = self.guard.lang()
        return plain_page(
            "error.html",
            lang,
            410,
            title=say(lang, "people.link.gone"),
            sentence=say(lang, "digests.gone"),
        )


def _framed(page: str) -> Response:
    response = make_response(page)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Content-Type"] = "text/html; charset=utf-8"
    return response
