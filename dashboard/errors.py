"""Whatever fails is answered with a sentence and the number under which the log has the rest."""

from typing import Any

import structlog
from dash import set_props
from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from chain.errors import TillboardError, TransientError
from chain.words import Lang, say
from dashboard.api import problems
from dashboard.frame import Here
from dashboard.guard import API, Guard
from dashboard.login import plain_page

log = structlog.get_logger(__name__)
NOTES = "notifications"


def note(lang: str, error: Exception) -> dict[str, Any]:
    """Return the notification that tells of ``error``."""
    if isinstance(error, TillboardError):
        message = error.say(lang)
    else:
        message = say(lang, "dashboard.error.unknown", number=g.get("request_id", ""))
    return {
        "action": "show",
        "id": "error",
        "title": say(lang, "dashboard.error.title"),
        "message": message,
        "color": "till",
        "autoClose": 12000,
        "withBorder": True,
    }


def tell(message: str) -> None:
    """Show a short notice with the answer of a callback."""
    set_props(NOTES, {"sendNotifications": [{"action": "show", "message": message}]})


def in_callback(guard: Guard, error: Exception) -> None:
    """Tell of an error of a callback in a notification, and log it."""
    if isinstance(error, TillboardError):
        log.warning("callback_refused", reason=error.key)
    else:
        log.error("callback_failed", exc_info=error)
    here = g.get("here")
    lang = here.lang if here else guard.lang()
    set_props(NOTES, {"sendNotifications": [note(lang, error)]})


def install(server: Flask, guard: Guard) -> None:
    """Answer every error of ``server``'s routes."""

    def http(error: HTTPException) -> Response:
        return answer(guard, error.code or 500)

    def own(error: TillboardError) -> Response:
        log.warning("request_refused", reason=error.key, path=request.path)
        status = 503 if isinstance(error, TransientError) else 400
        return answer(guard, status, error.say(_lang(guard)))

    def unknown(error: Exception) -> Response:
        log.error("request_failed", path=request.path, exc_info=error)
        return answer(guard, 500)

    server.register_error_handler(HTTPException, http)
    server.register_error_handler(TillboardError, own)
    server.register_error_handler(Exception, unknown)


def answer(guard: Guard, status: int, sentence: str | None = None) -> Response:
    """Return the page of an error, or its JSON where no person reads it."""
    if request.path.startswith(API):
        return problems.answer(
            problems.of_status(status), problems.language(guard.settings.language)
        )
    lang = _lang(guard)
    known = status if status in {400, 403, 404, 413, 429, 500, 503} else 500
    title = say(lang, f"dashboard.error.{known}.title")
    text = sentence or say(lang, f"dashboard.error.{known}.text")
    number = g.get("request_id", "") if known >= 500 else ""
    if "text/html" in request.headers.get("Accept", ""):
        return plain_page("error.html", lang, status, title=title, sentence=text, request_id=number)
    reply = jsonify(error=text, request_id=number)
    reply.status_code = status
    return reply


def _lang(guard: Guard) -> Lang:
    here: Here | None = g.get("here")
    return here.lang if here else guard.lang()


def on_error(guard: Guard) -> Any:
    """Return the handler that ``Dash`` calls where a callback raises."""
    return lambda error: in_callback(guard, error)
