"""Logging in and out, and choosing a language: plain pages, no script needed."""

from dataclasses import dataclass
from typing import cast

import structlog
from flask import Flask, Response, make_response, redirect, render_template, request, session

from chain.errors import TillboardError
from chain.settings import Settings
from chain.words import LANGS, Lang, say
from dashboard.guard import LANG_COOKIE, Guard, safe_target
from dashboard.people import PASSWORD_MAX, People
from dashboard.throttle import Throttle
from warehouse.directory import sessions

log = structlog.get_logger(__name__)
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Login:
    """The routes ``/login``, ``/logout`` and ``/language``."""

    settings: Settings
    people: People
    guard: Guard
    throttle: Throttle

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule("/login", view_func=self.show, methods=["GET"], endpoint="login")
        server.add_url_rule("/login", view_func=self.enter, methods=["POST"], endpoint="enter")
        server.add_url_rule("/logout", view_func=self.leave, methods=["POST"], endpoint="logout")
        server.add_url_rule("/language", view_func=self.speak, methods=["POST"], endpoint="speak")

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
        return enter(self.people, account.user_id, account.chain_id, target)

    def leave(self) -> Response:
        """End the session of this browser."""
        if person := self.guard.person():
            sessions.end(self.people.warehouse, person.user_id, person.session_id)
            self.guard.forget()
        session.clear()
        return cast("Response", redirect("/login", code=303))

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
            "login.html", lang, status, error=sentence, email=email, next=safe_target(target)
        )


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

    def words(key: str, **params: str | int) -> str:
        return say(lang, f"dashboard.{key}", **params)

    html = render_template(template, lang=lang, words=words, **values)
    answer = make_response(html, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer
