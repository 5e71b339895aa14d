"""How figures and dates are written, by language: short on a tile, full to the cent in a hover.

Amounts come in minor units of an ISO 4217 currency, ratios as floats where 0.08 is 8 %.
"""

from collections.abc import Sequence
from datetime import date
from functools import cache, lru_cache
from math import floor, isfinite, log10

from babel import Locale
from babel.dates import get_day_names, get_month_names
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    get_currency_symbol,
)

from chain.money import exponent, to_major
from chain.words import say

DASH = "–"
SMALL_COUNT = 20
"""Below this many, a change is said as a difference: "3 more", not "+150 %"."""
SMALL_MONEY = 500
"""The same for money, in major units."""
_LOCALES = {"en": "en_US", "zh": "zh_Hans_CN"}
_OWN_SIGN = {"CNY": "¥", "JPY": "¥", "USD": "$"}


@cache
def locale(lang: str) -> Locale:
    """Return Babel's locale for one of our languages."""
    return Locale.parse(_LOCALES[lang])


@cache
def symbol(currency: str, lang: str) -> str:
    """Return the sign of ``currency``, the narrow one where a reader cannot mistake it."""
    return _OWN_SIGN.get(currency) or str(get_currency_symbol(currency, locale(lang)))


def missing(value: float | None) -> bool:
    """Say whether there is nothing to write: None, NaN, infinity, pandas' NA."""
    if value is None:
        return True
    try:
        return not isfinite(value)
    except TypeError:
        return True


def _three(value: float) -> tuple[float, int]:
    """Round to three significant digits; return also how many digits stand before the point."""
    if value == 0:
        return 0.0, 1
    places = 2 - floor(log10(abs(value)))
    rounded = round(value, places)
    return rounded, floor(log10(abs(rounded))) + 1


def short(value: float, lang: str) -> str:
    """Return a number with at most three significant digits: 13.2万, 1.05亿; 132K, 105M."""
    return _compact(*_three(value), lang)


@lru_cache(maxsize=1 << 14)
def _compact(rounded: float, digits: int, lang: str) -> str:
    # Kept, as a table writes thousands of them, and three digits are soon the same again.
    step = 4 if lang == "zh" else 3
    shown = (digits - 1) % step + 1 if digits > 0 else digits
    if lang == "zh" and digits <= step:
        shown = digits
    return str(
        format_compact_decimal(
            rounded, locale=locale(lang), fraction_digits=min(2, max(0, 3 - shown))
        )
    )


def money_short(minor: float | None, currency: str, lang: str) -> str:
    """Return ¥13.2万 or ¥132K; a dash for nothing."""
    if minor is None or missing(minor):
        return DASH
    value = float(minor) / 10 ** exponent(currency)
    if 0 < abs(round(minor)) < 10 ** exponent(currency):
        return money_full(minor, currency, lang)  # ¥0.20, as a price is written
    sign = "-" if value < 0 else ""
    return f"{sign}{symbol(currency, lang)}{_trim(short(abs(value), lang))}"


def _trim(text: str) -> str:
    """Cut zeros that say nothing after the point: ¥0.00 is ¥0, ¥1.50K is ¥1.5K."""
    number = text.rstrip("KMBT万亿兆")
    unit = text[len(number) :]
    return (number.rstrip("0").rstrip(".") if "." in number else number) + unit


def money_full(minor: float | None, currency: str, lang: str) -> str:
    """Return the amount to the cent, ¥132,456.78; a dash for nothing."""
    if minor is None or missing(minor):
        return DASH
    amount = to_major(round(minor), currency)
    text = str(format_currency(abs(amount), currency, locale=locale(lang)))
    symbols = str(get_currency_symbol(currency, locale(lang)))
    return ("-" if amount < 0 else "") + text.replace(symbols, symbol(currency, lang))


def count_short(value: float | None, lang: str) -> str:
    """Return a count with at most three significant digits."""
    return DASH if value is None or missing(value) else _trim(short(float(value), lang))


def count_full(value: float | None, lang: str) -> str:
    """Return a count with all its digits, grouped."""
    if value is None or missing(value):
        return DASH
    return str(format_decimal(round(value), locale=locale(lang)))


def percent(ratio: float | None) -> str:
    """Return 8.3 %, 42 %, 0.45 %: at most three significant digits."""
    if ratio is None or missing(ratio):
        return DASH
    value = ratio * 100
    decimals = 0 if abs(value) >= 20 else 1 if abs(value) >= 1 else 2
    text = f"{value:,.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}\u00a0%".replace(
        "-0\u00a0%", "0\u00a0%"
    )


def figure(value: float | None, unit: str, currency: str, lang: str) -> str:
    """Return ``value`` short, by the unit of its metric: money, count, ratio or days."""
    if unit == "money":
        return money_short(value, currency, lang)
    if unit == "ratio":
        return percent(value)
    return count_short(value, lang)


def figure_full(value: float | None, unit: str, currency: str, lang: str) -> str:
    """Return ``value`` with all its digits, by the unit of its metric."""
    if unit == "money":
        return money_full(value, currency, lang)
    if unit == "ratio":
        return DASH if value is None or missing(value) else f"{value * 100:.2f}\u00a0%"
    return count_full(value, lang)


def change(
    now: float | None, before: float | None, unit: str, currency: str, lang: str, than: str = ""
) -> tuple[str, int]:
    """Return a change in words with its arrow, and its direction: 1 up, -1 down, 0 level or unsaid.

    A percentage; the difference where the base is small, and points where the metric is a ratio.
    ``than`` names what is compared with; without it the change stands alone ("▲ 8 %").
    """
    word = "than" if than else "bare"
    if now is None or before is None or missing(now) or missing(before):
        return say(lang, f"figures.{word}.unknown", than=than), 0
    difference = now - before
    if unit == "ratio":
        points = round(difference * 100, 1)
        key, amount = "points", f"{abs(points):g}"
        way = (points > 0) - (points < 0)
    elif _small(before, unit, currency):
        way = (difference > 0) - (difference < 0)
        # Nobody pays a fraction of a cent more.
        exact = round(difference) if unit == "money" else difference
        key, amount = "by", figure(abs(exact), unit, currency, lang)
        if amount == figure(0, unit, currency, lang):  # nobody gets "¥0 more"
            way = 0
    else:
        share = difference / before
        way = 0 if abs(share) < 0.0005 else 1 if share > 0 else -1
        key, amount = "by", percent(abs(share))
    if way == 0:
        return say(lang, f"figures.{word}.level", than=than), 0
    key = f"figures.{word}.{'up' if way > 0 else 'down'}_{key}"
    return say(lang, key, amount=amount, than=than), way


def _small(before: float, unit: str, currency: str) -> bool:
    if unit == "money":
        return bool(before < SMALL_MONEY * 10 ** exponent(currency))
    return before < SMALL_COUNT


def day(when: date, lang: str) -> str:
    """Return 11月23日 周一 or Mon 23 Nov."""
    name = get_day_names("abbreviated", locale=locale(lang))[when.weekday()]
    if lang == "zh":
        return f"{when.month}月{when.day}日 {name}"
    return f"{name} {when.day} {_month(when.month, lang)}"


def day_year(when: date, lang: str) -> str:
    """Return the day with its year, for a hover or a date in another year."""
    if lang == "zh":
        return f"{when.year}年{day(when, lang)}"
    return f"{day(when, lang)} {when.year}"


def day_short(when: date, lang: str) -> str:
    """Return 11月23日 or 23 Nov: a tick."""
    if lang == "zh":
        return f"{when.month}月{when.day}日"
    return f"{when.day} {_month(when.month, lang)}"


def weekday(index: int, lang: str, *, wide: bool = False) -> str:
    """Return 周一 or Mon (星期一 or Monday where ``wide``); 0 is Monday."""
    names = get_day_names("wide" if wide else "abbreviated", locale=locale(lang))
    return str(names[index])


def month_name(when: date, lang: str) -> str:
    """Return 2026年11月 or Nov 2026."""
    if lang == "zh":
        return f"{when.year}年{when.month}月"
    return f"{_month(when.month, lang)} {when.year}"


def days(start: date, end: date, lang: str) -> str:
    """Return a span of days: 16–22 Nov, 11月16日–22日; with the year where it is not one year."""
    if start == end:
        return day(start, lang)
    if start.year != end.year:
        parts = [f"{day_short(d, lang)} {d.year}" for d in (start, end)]
        if lang == "zh":
            parts = [f"{d.year}年{day_short(d, lang)}" for d in (start, end)]
        return "–".join(parts)
    if start.month != end.month:
        return f"{day_short(start, lang)}–{day_short(end, lang)}"
    if lang == "zh":
        return f"{day_short(start, lang)}–{end.day}日"
    return f"{start.day}–{day_short(end, lang)}"


def days_year(start: date, end: date, lang: str) -> str:
    """Return a span of days with its year: 16–22 Nov 2025, 2025年11月16日–22日."""
    if start == end:
        return day_year(start, lang)
    said = days(start, end, lang)
    if start.year != end.year:
        return said
    return f"{start.year}年{said}" if lang == "zh" else f"{said} {start.year}"


def month_short(when: date, lang: str, *, year: bool = False) -> str:
    """Return 11月 or Nov: a tick; with the year 2026年11月 or Nov 2026."""
    if year:
        return month_name(when, lang)
    return f"{when.month}月" if lang == "zh" else _month(when.month, lang)


def _month(month: int, lang: str) -> str:
    return str(get_month_names("abbreviated", locale=locale(lang))[month])


def listing(names: Sequence[str], lang: str, *, most: int = 3) -> str:
    """Return "A", "A and B" or "A and 2 others": all names up to ``most``, else one and a count."""
    names = list(names)
    if len(names) > most:
        return say(lang, "figures.list.others", first=names[0], count=len(names) - 1)
    if len(names) < 2:
        return "".join(names)
    head = say(lang, "figures.list.comma").join(names[:-1])
    return say(lang, "figures.list.and", head=head, last=names[-1])
