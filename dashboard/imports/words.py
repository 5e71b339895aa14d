"""How an import is told in words: its state, its error, what is left over, when it was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from chain.words import catalogue, say
from figures.formats import day_year, days_year, locale

STATE_COLOURS = {
    "received": "gray",
    "reading": "till",
    "merging": "till",
    "done": "gray",
    "quarantined": "yellow",
    "failed": "red",
    "undone": "gray",
}
AT_WORK = frozenset({"received", "reading", "merging"})


def state(lang: str, name: str) -> str:
    """Return the state in a word or two."""
    return say(lang, f"dashboard.imports.state.{name}")


def reason(lang: str, key: str, params: Mapping[str, Any]) -> str:
    """Return the sentence of an error or a reject; one that is no longer known names itself."""
    if key not in catalogue(lang):
        return say(lang, "dashboard.imports.reason_unknown", key=key)
    try:
        return say(lang, key, **params)
    except (KeyError, IndexError, ValueError):
        return say(lang, "dashboard.imports.reason_unknown", key=key)


def total_name(lang: str, name: str) -> str:
    """Return the name of a stated total in the reader's language, else as the file names it."""
    for key in (f"etl.total.{name}", name):
        if key in catalogue(lang):
            return say(lang, key)
    return name


def span(first: datetime, last: datetime, zone: str, lang: str) -> str:
    """Return the days that a file covers, in the chain's own day: 1–31 Mar 2025."""
    start, end = (at.astimezone(ZoneInfo(zone)).date() for at in (first, last))
    return days_year(start, end, lang)


def moment_full(value: datetime | None, zone: str, lang: str) -> str:
    """Return date and time with the year and the seconds, for a hover; empty for none."""
    if value is None or value != value:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{day_year(local.date(), lang)} {local:%H:%M:%S}"


def moment(value: datetime | None, zone: str, lang: str) -> str:
    """Return a date and time of the chain's day, short; a dash for none."""
    if value is None or value != value:
        return "–"
    local = value.astimezone(ZoneInfo(zone))
    pattern = "M月d日 HH:mm" if lang == "zh" else "d MMM HH:mm"
    return str(format_datetime(local, pattern, locale=locale(lang)))


def source(lang: str, name: str) -> str:
    """Return the platform of a source (``alipay_merchant``) as people write it."""
    key = f"dashboard.source.{name.partition('_')[0].partition('-')[0]}"
    return say(lang, key) if key in catalogue(lang) else name
