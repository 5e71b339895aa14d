"""The mail that an export of a schedule is there: a link for who logs in, never the file itself."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from chain.days import Period
from chain.words import say
from figures import formats
from reports.letters import letter
from reports.mail import Mail


def done(
    to: str,
    lang: str,
    *,
    chain: str,
    file: str,
    period: Period,
    known_until: date | None,
    link: str,
    until: datetime,
    zone: str,
    message_id: str,
) -> Mail:
    """Return the mail with the link to a file, which is kept ``until``.

    ``known_until`` is the last day with data; where that is before the period's end, it says so.
    """
    local = until.astimezone(ZoneInfo(zone))
    ends = f"{formats.day(local.date(), lang)} {local:%H:%M}"
    lines = [say(lang, "reports.schedule.mail.text", file=file)]
    if known_until is None or known_until < period.end:
        day = formats.day_year(known_until, lang) if known_until else formats.DASH
        lines.append(say(lang, "reports.schedule.mail.short", day=day))
    return letter(
        to,
        lang,
        subject=say(lang, "reports.schedule.mail.subject", chain=chain, file=file),
        lines=lines,
        button=say(lang, "reports.schedule.mail.button"),
        until=say(lang, "reports.schedule.mail.until", until=ends),
        link=link,
        message_id=message_id,
    )


def failed(
    to: str, lang: str, *, chain: str, name: str, why: str, link: str, message_id: str
) -> Mail:
    """Return the mail that says why there is no file."""
    return letter(
        to,
        lang,
        subject=say(lang, "reports.schedule.mail.failed_subject", chain=chain, file=name),
        lines=[say(lang, "reports.schedule.mail.failed", file=name), why],
        button=say(lang, "reports.schedule.mail.failed_button"),
        until=say(lang, "reports.schedule.mail.failed_until"),
        link=link,
        message_id=message_id,
    )
