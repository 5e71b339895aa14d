"""The routes of the API: who asks, how often, what, and whether they have it already."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from chain.errors import PermanentError, TillboardError
from chain.settings import Settings
from chain.words import Lang
from dashboard.answers import code_digest
from dashboard.api import problems
from dashboard.api.asked import read
from dashboard.api.document import BASE, codes, document, scopes
from dashboard.api.endpoints import ENDPOINTS, Asking, Endpoint
from dashboard.frame import ReadsFor
from dashboard.guard import Guard
from dashboard.login import plain_page
from dashboard.throttle import Throttle
from warehouse.directory import tokens
from warehouse.directory.tokens import Bearer
from warehouse.session import Warehouse

log = structlog.get_logger(__name__)
SECONDS = 60
STRANGERS = 30
"""Tokens that are not known, from one address in a minute."""


@dataclass(frozen=True, slots=True)
class Api:
    """The routes under ``/api/``. A token alone opens them; a log-in of a browser does not."""

    settings: Settings
    warehouse: Warehouse
    guard: Guard
    reads_for: ReadsFor
    _often: Throttle = field(init=False)
    _strangers: Throttle = field(init=False)

    def __post_init__(self) -> None:
        url = self.settings.cache_url or self.settings.broker_url
        object.__setattr__(self, "_often", Throttle(self.settings.api_per_minute, SECONDS, url))
        object.__setattr__(self, "_strangers", Throttle(STRANGERS, SECONDS, url))

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        for endpoint in ENDPOINTS:
            server.add_url_rule(
                f"{BASE}/{endpoint.name}",
                view_func=self._view(endpoint),
                endpoint=f"api_{endpoint.name}",
            )
        server.add_url_rule(f"{BASE}/openapi.json", view_func=self.openapi, endpoint="api_document")
        server.add_url_rule("/api/docs", view_func=self.docs, endpoint="api_docs")
        # Without it Dash's own route would answer an address that is none of ours with its page.
        server.add_url_rule("/api/<path:rest>", view_func=self.nothing, endpoint="api_nothing")

    def openapi(self) -> Response:
        """Answer with the OpenAPI document, the same for everybody."""
        lang = problems.language(self.settings.language)
        answer = jsonify(document(lang))
        answer.headers["Cache-Control"] = "no-cache"
        answer.headers["Vary"] = "Accept-Language"
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    def docs(self) -> Response:
        """Answer with the page that a person reads."""
        lang = self.guard.lang()
        return plain_page(
            "api.html",
            lang,
            200,
            document=document(lang),
            base=self.settings.board_url,
            scopes=list(scopes(lang)),
            codes=list(codes(lang)),
            often=self.settings.api_per_minute,
        )

    def nothing(self, rest: str) -> Response:
        """Say that there is no such address."""
        log.info("api_no_such", path=rest[:80])
        return self._problem(PermanentError("api.not_found"))

    def _view(self, endpoint: Endpoint) -> Callable[[], Response]:
        def view() -> Response:
            try:
                return self._answer(endpoint)
            except TillboardError as error:
                log.warning("api_refused", endpoint=endpoint.name, reason=error.key)
                return self._problem(error)
            except HTTPException:
                raise
            except Exception as error:
                log.error("api_failed", endpoint=endpoint.name, exc_info=error)
                return self._problem(problems.of_error(error))

        return view

    def _problem(self, error: TillboardError) -> Response:
        return problems.answer(error, problems.language(self.settings.language), SECONDS)

    def _answer(self, endpoint: Endpoint) -> Response:
        bearer = self._bearer()
        if not self._often.allows(f"api:{bearer.token_id}"):
            raise PermanentError("api.too_many", count=self.settings.api_per_minute)
        if endpoint.scope is not None and endpoint.scope not in bearer.scopes:
            raise PermanentError("api.scope_missing", scope=endpoint.scope)
        asked = read(endpoint.asked, request.args)
        lang = problems.language(self.settings.language)
        asking = Asking(self.reads_for(bearer.scope), bearer.scope, lang)
        tag = self._tag(asking, asking.reads.version()) if endpoint.by_version else None
        if tag and request.if_none_match.contains_weak(tag):
            return _tagged(Response(status=304), tag, lang)
        body = endpoint.answer(asking, asked).model_dump_json().encode()
        log.info("api", endpoint=endpoint.name, token_id=bearer.token_id)
        answer = Response(body, content_type="application/json")
        tag = tag or self._tag(asking, body.decode())
        return _tagged(answer, tag, lang)

    def _bearer(self) -> Bearer:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secret.strip():
            raise PermanentError("api.no_token")
        try:
            return tokens.find(self.warehouse, secret.strip(), datetime.now(UTC))
        except PermanentError as error:
            if not self._strangers.allows(f"api-stranger:{request.remote_addr}"):
                raise PermanentError("api.too_many", count=STRANGERS) from error
            raise

    def _tag(self, asking: Asking, state: str) -> str:
        """Return what names an answer: the state it is made of, whose it is, what was asked."""
        made_of = (code_digest(), state, asking.scope, asking.lang, request.full_path)
        return hashlib.sha256(repr(made_of).encode()).hexdigest()[:32]


def _tagged(answer: Response, tag: str, lang: Lang) -> Response:
    answer.set_etag(tag, weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Language"] = "zh-CN" if lang == "zh" else "en"
    answer.headers["Vary"] = "Authorization, Accept-Language"
    answer.make_conditional(request)
    return answer
