"""Countries, currencies and time zones as a person chooses them (CLDR, by Babel)."""

from functools import cache
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies

from figures.formats import locale

MAIN_ZONES = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CN": "Asia/Shanghai",
    "DE": "Europe/Berlin",
    "ES": "Europe/Madrid",
    "ID": "Asia/Jakarta",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "US": "America/New_York",
}
"""Where most people of a country with several zones live."""
_NOT_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "DG", "EA", "IC",
                            "TA", "CQ"})  # fmt: skip


@cache
def countries(lang: str) -> dict[str, str]:
    """Return the names of countries by ISO 3166 code, sorted as a reader of ``lang`` expects."""
    names = {
        code: str(name)
        for code, name in locale(lang).territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NOT_COUNTRIES
    }
    # Names of a code that says as much itself, as the Chinese ones cannot be sorted by sound here.
    return dict(sorted(names.items(), key=lambda each: each[1] if lang == "en" else each[0]))


@cache
def currencies(lang: str) -> dict[str, str]:
    """Return the names of the currencies in use somewhere, by ISO 4217 code."""
    used = sorted({code for country in countries("en") for code in _currencies(country)})
    return {code: str(locale(lang).currencies.get(code, code)) for code in used}


@cache
def zones() -> tuple[str, ...]:
    """Return the time zones that name a place, by IANA name."""
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone))


def usual(country: str) -> tuple[str, str]:
    """Return the currency and time zone of a country; '' for what is not clear from it."""
    used = _currencies(country)
    there = get_global("territory_zones").get(country, [])
    zone = MAIN_ZONES.get(country) or (there[0] if len(there) == 1 else "")
    return (used[0] if used else ""), zone


def _currencies(country: str) -> list[str]:
    return [str(code) for code in get_territory_currencies(country)]
