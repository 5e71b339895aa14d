"""Why there is no answer, in words: ``application/problem+json`` (RFC 9457)."""

import json

from flask import Response, g, request

from chain.errors import PermanentError, TillboardError, TransientError
from chain.words import Lang, say
from dashboard.api.asked import BadParameterError
from dashboard.api.shapes import Problem

KIND = "application/problem+json"
STATUSES = {
    "api.no_token": 401,
    "api.token_unknown": 401,
    "api.token_revoked": 401,
    "api.token_ended": 401,
    "api.token_maker": 401,
    "api.scope_missing": 403,
    "api.whole_chain": 403,
    "api.not_found": 404,
    "api.method": 405,
    "api.too_many": 429,
    "api.failed": 500,
}
"""Status of each sentence; any other is 503 where it may work later, else 400."""
_BY_STATUS = {404: "api.not_found", 405: "api.method"}


def language(fallback: str) -> Lang:
    """Return the language that the asking program prefers."""
    best = request.accept_languages.best_match(["en", "zh", "zh-CN", "zh-Hans"])
    found = best[:2] if best else fallback
    return "zh" if found == "zh" else "en"


def of_error(error: Exception) -> TillboardError:
    """Return the sentence of what failed; what is no sentence of ours is told by its number."""
    return error if isinstance(error, TillboardError) else PermanentError("api.failed")


def of_status(status: int) -> TillboardError:
    """Return the sentence of a status that the server itself answers."""
    if status in _BY_STATUS:
        return PermanentError(_BY_STATUS[status])
    return PermanentError("api.failed" if status >= 500 else "api.refused")


def status_of(error: TillboardError) -> int:
    """Return the status that goes with a sentence."""
    return STATUSES.get(error.key, 503 if isinstance(error, TransientError) else 400)


def answer(error: TillboardError, lang: Lang, wait: int = 60) -> Response:
    """Return the answer that says ``error``; ``wait`` seconds are to pass where it is too often."""
    status = status_of(error)
    code = error.key.removeprefix("api.").replace(".", "_")
    problem = Problem(
        type=f"/api/docs#{code}" if error.key in STATUSES else "about:blank",
        title=say(lang, f"api.title.{status}"),
        status=status,
        detail=error.say(lang),
        code=code,
        parameter=error.name if isinstance(error, BadParameterError) else None,
        request_id=g.get("request_id", ""),
    )
    body = json.dumps(problem.model_dump(mode="json", exclude_none=True), ensure_ascii=False)
    made = Response(body, status=status, content_type=KIND)
    made.headers["Cache-Control"] = "no-store"
    made.headers["Content-Language"] = "zh-CN" if lang == "zh" else "en"
    made.headers["Vary"] = "Authorization, Accept-Language"
    if status == 401:
        failed = "" if error.key == "api.no_token" else ', error="invalid_token"'
        made.headers["WWW-Authenticate"] = f'Bearer realm="tillboard"{failed}'
    if error.key == "api.scope_missing":
        made.headers["WWW-Authenticate"] = (
            f'Bearer realm="tillboard", error="insufficient_scope", scope="{error.params["scope"]}"'
        )
    if status in {429, 503}:
        made.headers["Retry-After"] = str(wait)
    return made
