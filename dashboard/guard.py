"""Nothing answers before log-in: every request is checked before any route or callback sees it."""

import ipaddress
import time
import uuid
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, g, jsonify, redirect, request, session

from chain.settings import Settings
from chain.words import LANGS, Lang, say
from dashboard.frame import Here, Person, ReadsFor, Theme
from dashboard.people import People
from warehouse.directory.sessions import token_hash

OPEN_PATHS = frozenset(
    {
        "/login",
        "/code",
        "/forgot",
        "/sign-on",
        "/sign-on/back",
        "/language",
        "/healthz",
        "/healthz/ready",
        "/metrics",
        "/tokens.css",
    }
)
API = "/api/"
UNSUBSCRIBE = "/unsubscribe/"
OPEN_PREFIXES = ("/assets/", "/_dash-component-suites/", "/join/", "/reset/", API, UNSUBSCRIBE)
"""Style, script and fonts, the same for everybody; what a token opens says who comes."""
FAVICONS = frozenset({"/favicon.ico", "/_favicon.ico"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LANG_COOKIE = "tillboard_lang"
THEME_COOKIE = "tillboard_theme"
CHAIN_HEADER = "X-Tillboard-Chain"
"""By this a page says in which chain it was opened."""
PERSON_SECONDS = 5.0
"""How long a process trusts what it read of a person: a session that is ended lives on so long."""
KNOWN_MOST = 10_000


@dataclass(slots=True)
class Guard:
    """Knows who asks. ``install`` puts it before every request of a server."""

    settings: Settings
    people: People
    reads_for: ReadsFor
    _known: dict[bytes, tuple[float, Person]] = field(init=False, default_factory=dict)

    def install(self, server: Flask) -> None:
        """Check every request of ``server`` first of all."""
        server.before_request(self.check)
        server.after_request(_number)
        server.teardown_request(_forget_request)

    def check(self) -> Response | None:
        """Refuse what comes from another site, or from nobody."""
        g.request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        # The API and what ends a digest look at no cookie, so no other site can ask them in a
        # person's name; mail programs' servers post to the latter (RFC 8058).
        no_cookie = request.path.startswith((API, UNSUBSCRIBE))
        changes = request.method not in SAFE_METHODS and not no_cookie
        if changes and not from_here(self.settings.public_url):
            abort(403)
        if is_open(request.path):
            return None
        person = self.person()
        if person is None:
            return self.refuse()
        if request.headers.get(CHAIN_HEADER, str(person.scope.chain_id)) != str(
            person.scope.chain_id
        ):
            # A page that was opened in another chain must not be filled with this one's figures.
            answer = jsonify(error=say(person.lang, "dashboard.login.other_chain"))
            answer.status_code = 409
            return answer
        g.here = Here(
            person=person,
            lang=person.lang,
            theme=theme(),
            reads=self.reads_for(person.scope),
            request_id=g.request_id,
        )
        return None

    def person(self) -> Person | None:
        """Return whose session this is."""
        token = session.get("token")
        if not isinstance(token, str):
            return None
        key = token_hash(token)
        known = self._known.get(key)
        if known is not None and time.monotonic() - known[0] <= PERSON_SECONDS:
            return known[1]
        person = self.people.find(key)
        if person is None:
            self._known.pop(key, None)
            return None
        if len(self._known) >= KNOWN_MOST:
            self._known.clear()
        self._known[key] = (time.monotonic(), person)
        return person

    def forget(self) -> None:
        """Read everybody anew: something about a person has changed."""
        self._known.clear()

    def refuse(self) -> Response:
        """Send a visitor to log in; answer a program with 401 and the reason."""
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            target = request.full_path.rstrip("?")
            return cast("Response", redirect(f"/login?next={_quoted(target)}"))
        answer = jsonify(error=say(self.lang(), "dashboard.login.first"))
        answer.status_code = 401
        return answer

    def lang(self) -> Lang:
        """Return the language of somebody who is not logged in."""
        chosen = request.cookies.get(LANG_COOKIE)
        if chosen not in LANGS:
            best = request.accept_languages.best_match(["en", "zh", "zh-CN", "zh-Hans"])
            chosen = best[:2] if best else self.settings.language
        return cast("Lang", chosen)


def lang_of(guard: Guard) -> Lang:
    """Return the language of whoever asks, logged in or not."""
    found = g.get("here")
    return found.lang if isinstance(found, Here) else guard.lang()


def _number(response: Response) -> Response:
    """Name the request by which all that follows from it is found in the logs."""
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _forget_request(_error: BaseException | None) -> None:
    """Leave nothing of a request to what its thread does next."""
    structlog.contextvars.clear_contextvars()


def here() -> Here:
    """Return the request being answered. Raises RuntimeError outside of one that is logged in."""
    found = g.get("here")
    if not isinstance(found, Here):
        raise RuntimeError("nobody is logged in")  # noqa: TRY004 - a state, not a type
    return found


def is_open(path: str) -> bool:
    """Return whether ``path`` answers without log-in."""
    return path in OPEN_PATHS or path in FAVICONS or path.startswith(OPEN_PREFIXES)


def theme() -> Theme:
    """Return the theme that the browser said it shows."""
    return "dark" if request.cookies.get(THEME_COOKIE) == "dark" else "light"


def from_here(public_url: str | None) -> bool:
    """Return whether the browser says that a page of ours sent this request.

    A browser always sends ``Sec-Fetch-Site`` (where the address is HTTPS or this machine) or
    ``Origin`` with a POST; with neither it is no browser of today, and refused.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if not origin:
        return False
    hosts = {request.host}
    if public_url:
        hosts.add(urlsplit(public_url).netloc)
    return urlsplit(origin).netloc in hosts


def from_inside(trusted_proxies: int) -> bool:
    """Return whether a request comes from this machine or a private network, not by a proxy."""
    if trusted_proxies == 0 and {"X-Forwarded-For", "Forwarded"} & set(request.headers.keys()):
        return False
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return address.is_loopback or address.is_private


def safe_target(target: str | None) -> str:
    """Return ``target`` where it is a path of ours, else the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    return target if "\\" not in target and target.isprintable() else "/"


def _quoted(target: str) -> str:
    from urllib.parse import quote

    return quote(target, safe="")
