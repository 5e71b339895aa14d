"""How a digest is told in words: what comes when, where to, and how it stands."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chain.schedule import EVERY_DAY, Schedule, next_due
from chain.words import catalogue
from dashboard.frame import Here
from figures import formats
from warehouse.deliveries import Delivery
from warehouse.subscriptions import Subscription


def moment(here: Here, at: datetime, zone: str) -> str:
    """Return "Mon 16 Mar 08:00", in the time zone of whom it is about."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{formats.day(local.date(), here.lang)} {local:%H:%M}"


def rhythm(here: Here, one: Subscription) -> str:
    """Return "Daily"."""
    return here.say(f"digests.page.{one.wanted.schedule.rhythm}")


def days(here: Here, schedule: Schedule) -> str:
    """Return on which days it comes, and at what hour: "Mon–Fri, 08:00"."""
    if schedule.rhythm == "monthly":
        said = here.say("digests.page.on_day", day=schedule.month_day)
    elif schedule.rhythm == "weekly":
        said = formats.weekday(min(schedule.weekdays), here.lang)
    elif len(schedule.weekdays) == len(EVERY_DAY):
        said = here.say("digests.page.every_day")
    else:
        said = _weekdays(here, schedule.weekdays)
    between = "，" if here.lang == "zh" else ", "
    return f"{said}{between}{schedule.at:%H:%M}"


def _weekdays(here: Here, weekdays: tuple[int, ...]) -> str:
    names = [formats.weekday(day, here.lang) for day in sorted(weekdays)]
    row = len(names) > 2 and max(weekdays) - min(weekdays) == len(names) - 1
    if row:
        return f"{names[0]}–{names[-1]}"
    return ("、" if here.lang == "zh" else ", ").join(names)


def target(here: Here, one: Subscription) -> str:
    """Return where it goes."""
    if one.wanted.robot_id is None:
        return here.say("digests.page.mail", address=one.email)
    if one.channel == "mail":
        return here.say("digests.robot_gone")
    return f"{here.say(f'robot.platform.{one.channel}')} · {one.group}"


def state(here: Here, one: Subscription, now: datetime) -> str:
    """Return when the next one comes, or why none does."""
    if one.paused:
        why = known(here, one.paused_key, dict(one.paused_params))
        said = here.say("digests.page.paused")
        return f"{said} · {why}" if why else said
    if one.wanted.robot_id is None and one.refused:
        return here.say("digests.refused", address=one.email, why=_stopped(one.refused))
    when = following(here, one, now)
    return here.say("digests.page.going", when=when) if when else ""


def following(here: Here, one: Subscription, now: datetime) -> str:
    """Return when the next one comes, empty for never."""
    found = next_due(one.wanted.schedule, now)
    return moment(here, found.at, one.wanted.schedule.zone) if found else ""


def outcome(here: Here, one: Delivery, zone: str) -> str:
    """Return what became of a digest, with its reason and what happens next."""
    said = [here.say(f"digests.state.{one.state}")]
    if one.provisional:
        said.append(here.say("digests.page.provisional"))
    if one.state == "waiting" and one.error_key:
        said.append(here.say("digests.page.next_try", when=moment(here, one.next_at, zone)))
    return " · ".join(said)


def now() -> datetime:
    """Return the instant."""
    return datetime.now(UTC)


def known(here: Here, key: str, params: dict[str, object]) -> str:
    """Return the sentence of a kept reason; empty for none, and for one that is no longer known."""
    if not key or key not in catalogue(here.lang):
        return ""
    try:
        return here.say(key, **params)  # type: ignore[arg-type]
    except (KeyError, IndexError, ValueError):
        return ""


def _stopped(why: str) -> str:
    """Return a server's words as a sentence of its own."""
    return why if why.endswith((".", "。", "!")) else f"{why}."
