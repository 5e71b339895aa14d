"""Logging in and out, and choosing a language: plain pages, no script needed."""

import time
from dataclasses import dataclass
from typing import cast

import structlog
from flask import Flask, Response, make_response, redirect, render_template, request, session

from chain.errors import PermanentError, TillboardError
from chain.settings import Settings
from chain.words import LANGS, Lang, say
from dashboard.guard import LANG_COOKIE, Guard, safe_target
from dashboard.people import PASSWORD_MAX, Account, People
from dashboard.throttle import Throttle
from reports.mail import mail_server
from warehouse.directory import sessions

log = structlog.get_logger(__name__)
YEAR = 365 * 24 * 3600
HALF_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Login:
    """The routes ``/login``, ``/code``, ``/logout`` and ``/language``."""

    settings: Settings
    people: People
    guard: Guard
    throttle: Throttle

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule("/login", view_func=self.show, methods=["GET"], endpoint="login")
        server.add_url_rule("/login", view_func=self.enter, methods=["POST"], endpoint="enter")
        server.add_url_rule("/code", view_func=self.show_code, methods=["GET"], endpoint="code")
        server.add_url_rule(
            "/code", view_func=self.take_code, methods=["POST"], endpoint="take_code"
        )
        server.add_url_rule("/logout", view_func=self.leave, methods=["POST"], endpoint="logout")
        server.add_url_rule("/language", view_func=self.speak, methods=["POST"], endpoint="speak")
        server.add_url_rule(
            "/chain/switch", view_func=self.switch, methods=["POST"], endpoint="switch_chain"
        )

    def show(self) -> Response:
        """Show the form, or go on where somebody is logged in already."""
        if self.guard.person():
            return cast("Response", redirect(safe_target(request.args.get("next"))))
        return self._page(request.args.get("next"))

    def enter(self) -> Response:
        """Log in, and go where the visitor wanted to go."""
        target = request.form.get("next")
        if not self.throttle.allows(f"login:{request.remote_addr}"):
            return self._page(target, error="dashboard.login.too_often", status=429)
        email = request.form.get("email", "")[:320]
        password = request.form.get("password", "")[: PASSWORD_MAX + 1]
        try:
            account = self.people.log_in(email, password)
        except TillboardError as error:
            log.warning("login_refused", reason=error.key, address=request.remote_addr)
            return self._page(target, error=error, email=email, status=403)
        if account.second:
            half(account, target)
            return cast("Response", redirect("/code", code=303))
        return enter(self.people, account.user_id, account.chain_id, target)

    def show_code(self) -> Response:
        """Ask for the code of the second factor."""
        if half_in() is None:
            return cast("Response", redirect("/login"))
        return plain_page("code.html", self.guard.lang(), 200)

    def take_code(self) -> Response:
        """Log in by the code, within five minutes of the password."""
        begun = half_in()
        if begun is None:
            return cast("Response", redirect("/login", code=303))
        user_id, chain_id, target = begun
        lang = self.guard.lang()
        if not self.throttle.allows(f"code:{request.remote_addr}"):
            return plain_page("code.html", lang, 429, error=say(lang, "dashboard.login.too_often"))
        try:
            self.people.check_code(user_id, request.form.get("code", "")[:40])
        except TillboardError as error:
            log.warning("code_refused", reason=error.key, user_id=user_id)
            return plain_page("code.html", lang, 403, error=error.say(lang))
        return enter(self.people, user_id, chain_id, target)

    def leave(self) -> Response:
        """End the session of this browser."""
        if person := self.guard.person():
            sessions.end(self.people.warehouse, person.user_id, person.session_id)
            self.guard.forget()
        session.clear()
        return cast("Response", redirect("/login", code=303))

    def switch(self) -> Response:
        """Go on in another chain that the person is in, by a session of its own.

        The old session ends, so that nobody who still knows it is in the old chain. To the first
        page: stores and regions of an address are the old chain's. Raises PermanentError where the
        person is not in that chain.
        """
        person = self.guard.person()
        asked = request.form.get("chain", "")
        wanted = int(asked) if asked.isdecimal() and len(asked) < 19 else 0
        if person is None or not sessions.belongs(self.people.warehouse, person.user_id, wanted):
            raise PermanentError("dashboard.login.not_in_chain")
        sessions.end(self.people.warehouse, person.user_id, person.session_id)
        self.guard.forget()
        return enter(self.people, person.user_id, wanted, "/")

    def speak(self) -> Response:
        """Remember a language, for the browser and for the person."""
        lang = request.form.get("lang", "")
        answer = cast("Response", redirect(safe_target(request.form.get("next")), code=303))
        if lang not in LANGS:
            return answer
        answer.set_cookie(
            LANG_COOKIE,
            lang,
            max_age=YEAR,
            httponly=True,
            samesite="Lax",
            secure=self.settings.secure_cookies,
        )
        if person := self.guard.person():
            self.people.set_lang(person.user_id, lang)
            self.guard.forget()
        return answer

    def _page(
        self,
        target: str | None,
        *,
        error: TillboardError | str | None = None,
        email: str = "",
        status: int = 200,
    ) -> Response:
        lang = self.guard.lang()
        sentence = error.say(lang) if isinstance(error, TillboardError) else None
        if isinstance(error, str):
            sentence = say(lang, error)
        return plain_page(
            "login.html",
            lang,
            status,
            error=sentence,
            email=email,
            next=safe_target(target),
            mails=mail_server(self.settings) is not None,
            sign_on=self.settings.oidc_name if self.settings.oidc_issuer else "",
        )


def half(account: Account, target: str | None) -> None:
    """Remember in the browser that the password was right; the code is still to come."""
    session.clear()
    session["half"] = [account.user_id, account.chain_id, safe_target(target), int(time.time())]


def half_in() -> tuple[int, int, str] | None:
    """Return who gave the right password within the last minutes, where to, None for nobody."""
    found = session.get("half")
    if not isinstance(found, list) or len(found) != 4 or time.time() - found[3] > HALF_SECONDS:
        return None
    return int(found[0]), int(found[1]), str(found[2])


def enter(people: People, user_id: int, chain_id: int, target: str | None) -> Response:
    """Begin a session with nothing of an older one in it, and go on to ``target``."""
    token = people.begin(
        user_id,
        chain_id,
        device=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
    )
    session.clear()
    session.permanent = True
    session["token"] = token
    log.info("login", user_id=user_id)
    if request.cookies.get(LANG_COOKIE) in LANGS:
        people.set_lang(user_id, request.cookies[LANG_COOKIE])
    return cast("Response", redirect(safe_target(target), code=303))


def plain_page(template: str, lang: Lang, status: int, **values: object) -> Response:
    """Return a page that is made on the server, in ``lang``."""

    def words(key: str, section: str = "dashboard", **params: str | int) -> str:
        return say(lang, f"{section}.{key}", **params)

    html = render_template(template, lang=lang, words=words, **values)
    answer = make_response(html, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
