"""Pages that a link of a mail opens, before log-in: joining a chain, choosing a new password."""

from dataclasses import dataclass
from typing import cast

import structlog
from flask import Flask, Response, redirect, request

from chain.errors import PermanentError, TillboardError
from chain.settings import Settings
from chain.words import LANGS, Lang, say
from dashboard.guard import LANG_COOKIE, Guard
from dashboard.jobs import Jobs
from dashboard.login import enter, half, plain_page
from dashboard.people import PASSWORD_MAX, PASSWORD_MIN, Account, People, chosen_password
from dashboard.throttle import Throttle
from reports.mail import mail_server
from warehouse.directory import links
from warehouse.directory.links import Opened

log = structlog.get_logger(__name__)
NAME_MAX = 80


@dataclass(frozen=True, slots=True)
class Links:
    """The routes ``/forgot``, ``/reset/<token>`` and ``/join/<token>``."""

    settings: Settings
    people: People
    guard: Guard
    throttle: Throttle
    jobs: Jobs

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        for path, show, take in (
            ("/forgot", self.forgot, self.ask),
            ("/reset/<token>", self.show_reset, self.reset),
            ("/join/<token>", self.show_join, self.join),
        ):
            name = path.split("/")[1]
            server.add_url_rule(path, view_func=show, methods=["GET"], endpoint=name)
            server.add_url_rule(path, view_func=take, methods=["POST"], endpoint=f"take_{name}")

    def forgot(self) -> Response:
        """Ask for the address to send a link to."""
        return self._page("forgot.html", mails=mail_server(self.settings) is not None)

    def ask(self) -> Response:
        """Have a link sent; the answer is the same whether anybody has that address."""
        self._slow()
        if mail_server(self.settings) is None:
            return self.forgot()
        email = request.form.get("email", "").strip()[:320]
        user_id = links.ask_reset(self.people.warehouse, email)
        if user_id is not None:
            self.jobs.mail_reset(user_id)
        return self._page("forgot.html", mails=True, sent=email)

    def show_reset(self, token: str) -> Response:
        """Ask for the new password."""
        email = links.opened_reset(self.people.warehouse, token)
        if email is None:
            return self._gone()
        return self._page("choose.html", kind="reset", email=email, least=PASSWORD_MIN)

    def reset(self, token: str) -> Response:
        """Take the new password, and go to the log-in."""
        self._slow()
        email = links.opened_reset(self.people.warehouse, token)
        if email is None:
            return self._gone()
        try:
            hashed = chosen_password(_password(), email)
        except PermanentError as error:
            return self._page(
                "choose.html", 400, kind="reset", email=email, least=PASSWORD_MIN, error=error
            )
        user_id = links.set_password(self.people.warehouse, token, hashed)
        if user_id is None:
            return self._gone()
        self.guard.forget()
        log.info("password_reset", user_id=user_id)
        return cast("Response", redirect("/login", code=303))

    def show_join(self, token: str) -> Response:
        """Say who invites, and ask for a name and a password."""
        opened = links.opened_invitation(self.people.warehouse, token)
        return self._gone() if opened is None else self._join_page(opened)

    def join(self, token: str) -> Response:
        """Make the account, or let who has one in, and log in."""
        self._slow()
        opened = links.opened_invitation(self.people.warehouse, token)
        if opened is None:
            return self._gone()
        try:
            hashed, account = self._shown(opened)
        except TillboardError as error:
            return self._join_page(opened, error)
        name = request.form.get("name", "").strip()[:NAME_MAX]
        user = None if account is None else account.user_id
        joined = links.join(
            self.people.warehouse, token, name=name, password_hash=hashed, user_id=user
        )
        if joined is None:
            return self._gone()
        self.guard.forget()
        log.info("joined", user_id=joined[0], chain_id=joined[1])
        if account is not None and account.second:
            half(Account(*joined, second=True), "/")
            return cast("Response", redirect("/code", code=303))
        return enter(self.people, *joined, target="/")

    def _shown(self, opened: Opened) -> tuple[str, Account | None]:
        """Return the new password's hash, or the account whose password was given."""
        if opened.known is None:
            return chosen_password(_password(), opened.email), None
        return "", self.people.log_in(opened.email, _password())

    def _join_page(self, opened: Opened, error: TillboardError | None = None) -> Response:
        return self._page(
            "choose.html",
            200 if error is None else 400,
            kind="join" if opened.known is None else "again",
            email=opened.email,
            name=request.form.get("name", opened.name),
            chain=opened.chain,
            least=PASSWORD_MIN,
            error=error,
            lang=self._lang_of(opened),
        )

    def _lang_of(self, opened: Opened) -> Lang:
        """Return the language the invitation was written in, until the reader chooses."""
        if request.cookies.get(LANG_COOKIE) in LANGS or opened.lang not in LANGS:
            return self.guard.lang()
        return cast("Lang", opened.lang)

    def _gone(self) -> Response:
        lang = self.guard.lang()
        return plain_page(
            "error.html",
            lang,
            410,
            title=say(lang, "people.link.gone"),
            sentence=say(lang, "people.link.ask_again"),
        )

    def _slow(self) -> None:
        if not self.throttle.allows(f"link:{request.remote_addr}"):
            raise PermanentError("dashboard.login.too_often")

    def _page(
        self,
        template: str,
        status: int = 200,
        *,
        error: TillboardError | None = None,
        lang: Lang | None = None,
        **values: object,
    ) -> Response:
        lang = lang or self.guard.lang()
        sentence = error.say(lang) if error else None
        return plain_page(template, lang, status, error=sentence, **values)


def _password() -> str:
    return request.form.get("password", "")[: PASSWORD_MAX + 1]
