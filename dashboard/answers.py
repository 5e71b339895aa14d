"""Whole answers of callbacks, kept for a while: the same question is not drawn twice.

An answer is kept under all that it can depend on: the person's scope, what the browser sent, the
cookies of the board (language, theme, width), the version of the chain's data with the date of its
today, and the code that drew it. Nothing is ever thrown away: what is old is not asked for again.
Log-in is checked before, on every request. Where the cache is away the callback just runs.
"""

import functools
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from dash import Dash
from flask import Flask, Response, g, request

from chain.errors import TillboardError
from dashboard.guard import here
from dashboard.timing import CALLBACK_PATH
from warehouse.cache import FigureCache

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
PACKAGES = ("chain", "dashboard", "figures", "warehouse")
COOKIES = "tillboard_"
SESSION = "tillboard_session"
HEADERS = ("Content-Type", "Content-Encoding", "Vary")


def kept(callback: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let the answers of ``callback`` be kept; without this none is.

    For a callback that only draws what ``board.here()``, with the reads that
    ``ReadsProtocol.version`` is about, and its arguments say. It changes nothing and shows no
    notice. An answer that raised is not kept.
    """

    @functools.wraps(callback)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        answer = callback(*args, **kwargs)
        g.answer_whole = True
        return answer

    run.kept = True  # type: ignore[attr-defined]
    return run


class Answers:
    """Keeps what callbacks marked as ``kept`` answer in ``cache``; does nothing without one."""

    def __init__(self, cache: FigureCache | None) -> None:
        self._cache = cache
        self._outputs: frozenset[str] = frozenset()
        self._code = code_digest() if cache else ""

    def install(self, server: Flask) -> None:
        """Answer from the cache. To be called after the guard's check, before compression."""
        if self._cache is not None:
            server.before_request(self._find)
            server.after_request(self._keep)

    def know(self, app: Dash) -> None:
        """Learn which callbacks of ``app`` are kept."""
        self._outputs = frozenset(
            output
            for output, one in app.callback_map.items()
            if getattr(one.get("callback"), "kept", False)
        )

    def _find(self) -> Response | None:
        if self._cache is None or request.path != CALLBACK_PATH or request.method != "POST":
            return None
        body = request.get_json(silent=True)
        if not isinstance(body, dict) or body.get("output") not in self._outputs:
            return None
        try:
            key = self._key()
        except TillboardError:
            return None  # the callback says it in its own way
        found = self._cache.get(key)
        if found is None:
            g.answer_key = key
            return None
        content, headers = found
        return Response(content, headers=headers)

    def _key(self) -> str:
        current = here()
        cookies = sorted(
            (name, value)
            for name, value in request.cookies.items()
            if name.startswith(COOKIES) and name != SESSION
        )
        asked = (request.get_data(), request.headers.get("Accept-Encoding", ""), cookies)
        known = (current.scope, current.lang, current.theme, current.reads.version())
        return repr(("answer", self._code, known, asked))

    def _keep(self, response: Response) -> Response:
        key = g.pop("answer_key", None)
        whole = g.pop("answer_whole", False)
        if self._cache is not None and key is not None and whole and response.status_code == 200:
            headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
            self._cache.put(key, (response.get_data(), headers))
        return response


@functools.cache
def code_digest() -> str:
    """Return a digest of the code that draws answers, the installed libraries by their versions."""
    root = Path(__file__).parents[1]
    digest = hashlib.sha256(sys.version.encode())
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*")):
            if file.suffix in {".py", ".toml"}:
                digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    for place in sys.path:
        for found in sorted(Path(place).glob("*.dist-info")):
            digest.update(found.name.encode())
    return digest.hexdigest()
