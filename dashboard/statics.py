"""Files that do not change: named by what is in them, kept for a year, compressed once."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request
from flask_compress import Compress

from figures import tokens

ASSETS = Path(__file__).parent / "assets"
FOREVER = "public, max-age=31536000, immutable"
MOST_KEPT = 400
STATIC_PREFIXES = ("/assets/", "/_dash-component-suites/")


class _Memory:
    """What was compressed, by algorithm and address; a stranger cannot make it grow."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._bodies.get(key)

    def set(self, key: str, value: bytes) -> None:
        if not key.endswith(";") and len(self._bodies) < MOST_KEPT:
            self._bodies[key] = value


@cache
def asset(name: str) -> str:
    """Return the address of a file in ``assets``, which changes when the file does."""
    digest = hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:10]
    return f"/assets/{name}?v={digest}"


@cache
def tokens_address() -> str:
    """Return the address of the style sheet of tokens."""
    return f"/tokens.css?v={hashlib.sha256(tokens.css().encode()).hexdigest()[:10]}"


def install(server: Flask) -> None:
    """Serve the tokens, compress answers, and let browsers keep what cannot change."""
    server.config.update(
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_STREAMS=False,
        COMPRESS_BR_LEVEL=5,
        COMPRESS_MIN_SIZE=800,
        COMPRESS_CACHE_BACKEND=_Memory,
        COMPRESS_CACHE_KEY=_static_key,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/javascript",
            "application/json",
            "image/svg+xml",
        ],
    )
    Compress(server)
    server.add_url_rule("/tokens.css", view_func=_tokens, endpoint="tokens")
    # Later hooks run first, so files are whole before they come to be compressed.
    server.after_request(_whole)
    server.after_request(_keep)


def _static_key(_request: object) -> str:
    # An empty key is one that _Memory never keeps: answers with anybody's figures are not shared.
    return request.full_path if request.path.startswith(STATIC_PREFIXES) else ""


def _tokens() -> Response:
    return Response(tokens.css(), mimetype="text/css")


def _whole(response: Response) -> Response:
    if response.status_code == 200 and request.path.startswith("/assets/"):
        response.direct_passthrough = False
        response.get_data()
    return response


def _keep(response: Response) -> Response:
    named = {"v", "m"} & set(request.args)
    if response.status_code != 200:
        return response
    if request.path == "/tokens.css" or request.path.startswith("/assets/"):
        response.headers["Cache-Control"] = FOREVER if named else "public, max-age=3600"
    elif request.path.startswith("/_dash-component-suites/") and response.cache_control.max_age:
        response.headers["Cache-Control"] = FOREVER
    return response
