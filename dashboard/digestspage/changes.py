"""What the Digests page changes: one's own digests, an owner everybody's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, cast

from chain.errors import PermanentError
from chain.schedule import EVERY_DAY, LAST_MONTH_DAY, RHYTHMS, Rhythm, Schedule, last_due
from chain.words import LANGS
from dashboard.digestspage import words
from dashboard.digestspage.form import BY_MAIL, zones
from dashboard.frame import Board, Here
from reports import robots as platforms
from reports.mail import domains_of, in_domains
from reports.robots import PLATFORMS, Platform, Robot
from warehouse import deliveries, robots, subscriptions
from warehouse.directory import members, unsubscribe
from warehouse.directory.members import Member
from warehouse.robots import Group, Webhook
from warehouse.subscriptions import Subscription, Wanted

NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was sent; ``number`` 0 is a new one."""

    number: int
    who: str
    rhythm: str
    days: Sequence[str]
    weekday: str
    month_day: str
    at: str
    zone: str
    lang: str
    target: str
    only_changed: bool


def people(board: Board, here: Here) -> list[Member]:
    """Return whom the reader may subscribe: an owner everybody, else themselves."""
    found = members.members(board.warehouse, here.scope)
    return [one for one in found if here.may("people") or one.user_id == here.person.user_id]


def groups(board: Board, here: Here) -> list[Group]:
    """Return the groups that the reader may send to."""
    if not here.may("tell"):
        return []
    with board.warehouse.begin(here.scope) as connection:
        return robots.groups(connection, here.scope)


def one(board: Board, here: Here, number: int) -> Subscription:
    """Return a digest that the reader sees. Raises PermanentError ``digests.gone``."""
    with board.warehouse.begin(here.scope) as connection:
        return subscriptions.get(connection, here.scope, number)


def save(board: Board, here: Here, typed: Typed) -> Subscription:
    """Keep what the form says. Raises PermanentError where it is not right, or not theirs."""
    allowed = {person.user_id: person for person in people(board, here)}
    before = one(board, here, typed.number) if typed.number else None
    user = before.user_id if before else _number(typed.who) or here.person.user_id
    if user not in allowed:
        raise PermanentError("digests.gone")
    wanted = Wanted(
        _schedule(typed),
        typed.lang if typed.lang in LANGS else here.lang,
        bool(typed.only_changed),
        _robot(board, here, typed, before),
    )
    with board.warehouse.begin(here.scope) as connection:
        if wanted.robot_id is None:
            _allow(board, allowed[user].email, subscriptions.domains(connection, here.scope))
        if before:
            subscriptions.change(connection, here.scope, typed.number, wanted)
            return subscriptions.get(connection, here.scope, typed.number)
        number = subscriptions.add(connection, here.scope, user, wanted)
        return subscriptions.get(connection, here.scope, number)


def pause(board: Board, here: Here, number: int) -> None:
    """Let a digest rest."""
    with board.warehouse.begin(here.scope) as connection:
        subscriptions.pause(connection, here.scope, number)


def resume(board: Board, here: Here, number: int) -> Subscription:
    """Let it go on."""
    with board.warehouse.begin(here.scope) as connection:
        subscriptions.resume(connection, here.scope, number)
        return subscriptions.get(connection, here.scope, number)


def remove(board: Board, here: Here, number: int) -> None:
    """End it for good."""
    with board.warehouse.begin(here.scope) as connection:
        subscriptions.remove(connection, here.scope, number)


def test(board: Board, here: Here, number: int) -> None:
    """Have a test sent now, about the days that the last one was due for."""
    with board.warehouse.begin(here.scope) as connection:
        found = subscriptions.get(connection, here.scope, number)
        period = _last(found, datetime.now(UTC))
        deliveries.ask(connection, here.scope, number, period, test=True)
    board.jobs.digests()


def again(board: Board, here: Here, delivery_id: int) -> None:
    """Have a digest sent once more that did not go, or may not have gone."""
    with board.warehouse.begin(here.scope) as connection:
        found = deliveries.get(connection, here.scope, delivery_id)
        deliveries.ask(connection, here.scope, found.subscription_id, found.period, test=found.test)
    board.jobs.digests()


def trust(board: Board, here: Here, number: int) -> None:
    """Try a person's address again."""
    unsubscribe.trust(board.warehouse, one(board, here, number).user_id)


def add_robot(
    board: Board, here: Here, platform: str, name: str, address: str, secret: str
) -> None:
    """Keep a group's robot. Raises PermanentError where it is none, or the role may not."""
    if not here.may("tell"):
        raise PermanentError("digests.no_group")
    address, secret = address.strip(), secret.strip()
    if platform not in PLATFORMS:
        raise PermanentError("robot.bad_address", host="")
    robot = Robot(cast("Platform", platform), address, secret)
    platforms.check(robot, board.settings.more_robots)
    called = name.strip()[:NAME_MAX] or here.say(f"robot.platform.{platform}")
    with board.warehouse.begin(here.scope) as connection:
        webhook = Webhook(platform, called, address, secret)
        robots.add(connection, here.scope, str(board.settings.secret_key), webhook)
        members.note(connection, here.scope, "robot.add", 0, {"name": called})


def remove_robot(board: Board, here: Here, number: int) -> None:
    """Forget a group's robot. Raises PermanentError where it is used, or not theirs."""
    if not here.may("tell"):
        raise PermanentError("digests.no_group")
    with board.warehouse.begin(here.scope) as connection:
        robots.remove(connection, here.scope, number)
        members.note(connection, here.scope, "robot.remove", number, {})


def set_domains(board: Board, here: Here, text: str) -> None:
    """Let digests go to these domains alone. Raises PermanentError for who is no owner."""
    if not here.may("people"):
        raise PermanentError("people.not_allowed")
    wanted = domains_of(text)
    with board.warehouse.begin(here.scope) as connection:
        subscriptions.set_domains(connection, here.scope, wanted)


def domains(board: Board, here: Here) -> tuple[str, ...]:
    """Return the domains that the chain allows."""
    with board.warehouse.begin(here.scope) as connection:
        return subscriptions.domains(connection, here.scope)


def label(here: Here, found: Subscription) -> tuple[str, str]:
    """Return what a digest is and whose."""
    return words.rhythm(here, found), found.name or found.email


def _last(found: Subscription, now: datetime) -> date:
    due = last_due(found.wanted.schedule, now)
    if due is None:
        raise PermanentError("digests.page.bad")
    return due.period.start


def _schedule(typed: Typed) -> Schedule:
    days = {_number(day) for day in typed.days or ()}
    if typed.rhythm == "weekly":
        days = {_number(typed.weekday)}
    if typed.rhythm == "monthly":
        days = set(EVERY_DAY)
    try:
        at = time.fromisoformat(typed.at)
    except ValueError:
        raise PermanentError("digests.page.bad") from None
    month_day = _number(typed.month_day) if typed.rhythm == "monthly" else 1
    right = (
        typed.rhythm in RHYTHMS
        and typed.zone in zones()
        and days
        and days <= set(EVERY_DAY)
        and month_day is not None
        and 1 <= month_day <= LAST_MONTH_DAY
        and at.tzinfo is None
    )
    if not right or month_day is None:
        raise PermanentError("digests.page.bad")
    chosen = tuple(sorted(day for day in days if day is not None))
    return Schedule(
        cast("Rhythm", typed.rhythm), typed.zone, at.replace(second=0, microsecond=0), chosen,
        month_day,
    )  # fmt: skip


def _robot(board: Board, here: Here, typed: Typed, before: Subscription | None) -> int | None:
    """Return the robot that was chosen, None for mail.

    A group is others who are told, so whoever may not do that leaves it as it is.
    """
    if typed.target == BY_MAIL:
        return None
    number = _number(typed.target)
    if before is not None and number is not None and number == before.wanted.robot_id:
        return number
    if not here.may("tell"):
        raise PermanentError("digests.no_group")
    if number not in {group.robot_id for group in groups(board, here)}:
        raise PermanentError("digests.robot_gone")
    return number


def _allow(board: Board, address: str, chosen: tuple[str, ...]) -> None:
    if not in_domains(address, board.settings.digest_domains):
        raise PermanentError("digests.not_ours", address=address)
    if not in_domains(address, chosen):
        raise PermanentError("digests.not_allowed", address=address)


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) < 16 else None
