"""The reader's own account: password, second factor, and the devices that are logged in."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast
from zoneinfo import ZoneInfo

import structlog
from flask import Flask, Response, redirect, request, session
from markupsafe import Markup

from chain.errors import TillboardError
from chain.words import say
from dashboard import second
from dashboard.frame import Here
from dashboard.guard import Guard, here
from dashboard.login import enter, plain_page
from dashboard.people import PASSWORD_MAX, PASSWORD_MIN, People, chosen_password
from figures import formats
from warehouse.directory import links, sessions

log = structlog.get_logger(__name__)
PENDING = "second"
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("HarmonyOS", "HarmonyOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The route ``/account`` and what its forms send."""

    people: People
    guard: Guard

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule("/account", view_func=self.show, methods=["GET"], endpoint="account")
        for name, take in (
            ("password", self.password),
            ("end", self.end),
            ("end-others", self.end_others),
            ("second", self.begin_second),
            ("second-on", self.second_on),
            ("second-off", self.second_off),
        ):
            server.add_url_rule(
                f"/account/{name}", view_func=take, methods=["POST"], endpoint=f"account_{name}"
            )

    def show(self) -> Response:
        """Show the account."""
        return self._page()

    def password(self) -> Response:
        """Take a new password; every other session ends."""
        who = here().person
        try:
            self.people.check_password(who.user_id, _given("old"))
            hashed = chosen_password(_given("password"), who.email)
        except TillboardError as error:
            return self._page(error=error)
        with self.people.warehouse.directory() as connection:
            links.replace_password(connection, who.user_id, hashed)
        self.guard.forget()
        log.info("password_changed", user_id=who.user_id)
        return enter(self.people, who.user_id, who.scope.chain_id, "/account")

    def end(self) -> Response:
        """Log one device out."""
        number = request.form.get("session", "")
        if number.isdecimal():
            sessions.end(self.people.warehouse, here().person.user_id, int(number))
            self.guard.forget()
        return cast("Response", redirect("/account", code=303))

    def end_others(self) -> Response:
        """Log out everywhere but here."""
        who = here().person
        sessions.end_all(self.people.warehouse, who.user_id, but=who.session_id)
        self.guard.forget()
        return cast("Response", redirect("/account", code=303))

    def begin_second(self) -> Response:
        """Show a new secret, for the telephone to take up."""
        session[PENDING] = second.new_secret()
        return self._page()

    def second_on(self) -> Response:
        """Ask for codes from now on, once the telephone has shown a right one."""
        secret = session.get(PENDING)
        if not isinstance(secret, str):
            return cast("Response", redirect("/account", code=303))
        code = re.sub(r"\s", "", _given("code"))
        user_id = here().person.user_id
        try:
            codes = self.people.second.turn_on(user_id, secret, code, datetime.now(UTC))
        except TillboardError as error:
            return self._page(error=error)
        session.pop(PENDING)
        log.info("second_factor_on", user_id=user_id)
        return self._page(codes=codes)

    def second_off(self) -> Response:
        """Ask for no code any more, for who knows the password."""
        user_id = here().person.user_id
        try:
            self.people.check_password(user_id, _given("old"))
        except TillboardError as error:
            return self._page(error=error)
        self.people.second.turn_off(user_id)
        log.info("second_factor_off", user_id=user_id)
        return cast("Response", redirect("/account", code=303))

    def _page(
        self, *, error: TillboardError | None = None, codes: list[str] | None = None
    ) -> Response:
        current = here()
        who = current.person
        on = self.people.second.on(who.user_id)
        secret = None if on else session.get(PENDING)
        return plain_page(
            "account.html",
            current.lang,
            200 if error is None else 400,
            who=who,
            role=say(current.lang, f"people.role.{who.scope.role}"),
            least=PASSWORD_MIN,
            error=error.say(current.lang) if error else None,
            devices=_devices(current, self.people),
            second=on,
            left=self.people.second.left(who.user_id),
            codes=codes,
            secret=secret and " ".join(re.findall("..?.?.?", secret)),
            qr=secret and Markup(second.picture(secret, who.email)),  # noqa: S704 - our own drawing
        )


def _devices(current: Here, people: People) -> list[dict[str, object]]:
    zone = ZoneInfo(current.reads.chain().time_zone)
    return [
        {
            "id": each.session_id,
            "name": device_name(current, each.device),
            "address": each.address,
            "seen": _when(current, each.seen_at.astimezone(zone)),
            "this": each.session_id == current.person.session_id,
        }
        for each in sessions.devices(people.warehouse, current.person.user_id)
    ]


def _when(current: Here, at: datetime) -> str:
    return f"{formats.day(at.date(), current.lang)} {at:%H:%M}"


def device_name(current: Here, agent: str) -> str:
    """Return a browser and its system as people call them."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if not browser:
        return system or current.say("people.account.unknown_device")
    return current.say("people.account.device", browser=browser, system=system or "?")


def _given(name: str) -> str:
    return request.form.get(name, "")[: PASSWORD_MAX + 1]
