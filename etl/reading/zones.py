"""Time zones as platforms write them.

An abbreviation that names summer or winter time (PDT, PST) is that offset and no other, so that the
hour which a change of clocks doubles is still told apart.
"""

from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import available_timezones

ABBREVIATIONS = {
    **dict.fromkeys(("UTC", "GMT", "Z"), "UTC"),
    "HST": "Etc/GMT+10",
    "AKST": "Etc/GMT+9",
    "AKDT": "Etc/GMT+8",
    "PST": "Etc/GMT+8",
    "PDT": "Etc/GMT+7",
    "MST": "Etc/GMT+7",
    "MDT": "Etc/GMT+6",
    "CST": "Etc/GMT+6",
    "CDT": "Etc/GMT+5",
    "EST": "Etc/GMT+5",
    "EDT": "Etc/GMT+4",
    "BST": "Etc/GMT-1",
    "WET": "UTC",
    "WEST": "Etc/GMT-1",
    "CET": "Etc/GMT-1",
    "CEST": "Etc/GMT-2",
    "EET": "Etc/GMT-2",
    "EEST": "Etc/GMT-3",
    "MSK": "Etc/GMT-3",
    "SGT": "Etc/GMT-8",
    "HKT": "Etc/GMT-8",
    "JST": "Etc/GMT-9",
    "KST": "Etc/GMT-9",
    "AEST": "Etc/GMT-10",
    "AEDT": "Etc/GMT-11",
    "NZST": "Etc/GMT-12",
    "NZDT": "Etc/GMT-13",
}
"""CST is the American one: the platforms that write it in China write no zone at all."""

CITIES = {
    "Hawaii": "Pacific/Honolulu",
    "Alaska": "America/Anchorage",
    "Pacific Time (US & Canada)": "America/Los_Angeles",
    "Arizona": "America/Phoenix",
    "Mountain Time (US & Canada)": "America/Denver",
    "Central Time (US & Canada)": "America/Chicago",
    "Eastern Time (US & Canada)": "America/New_York",
    "Indiana (East)": "America/Indiana/Indianapolis",
    "Atlantic Time (Canada)": "America/Halifax",
    "Newfoundland": "America/St_Johns",
    "Puerto Rico": "America/Puerto_Rico",
    "London": "Europe/London",
    "Edinburgh": "Europe/London",
    "Dublin": "Europe/Dublin",
    "Paris": "Europe/Paris",
    "Madrid": "Europe/Madrid",
    "Tokyo": "Asia/Tokyo",
    "Osaka": "Asia/Tokyo",
    "Perth": "Australia/Perth",
    "Adelaide": "Australia/Adelaide",
    "Darwin": "Australia/Darwin",
    "Brisbane": "Australia/Brisbane",
    "Sydney": "Australia/Sydney",
    "Melbourne": "Australia/Melbourne",
    "Canberra": "Australia/Melbourne",
    "Hobart": "Australia/Hobart",
}


@lru_cache(maxsize=1)
def _all() -> frozenset[str]:
    return frozenset(available_timezones())


def known_zone(word: str, words: Mapping[str, str]) -> str | None:
    """Return the IANA zone that ``word`` means, by a layout's ``words`` or by itself."""
    return words.get(word) or (word if word in _all() else None)
