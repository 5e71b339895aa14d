"""A total that a file states, as people read it."""

from decimal import Decimal

from chain.money import exponent, to_minor
from figures.formats import count_full, money_full, symbol

COUNTED = frozenset({"sale_count", "refund_count", "income_count", "count", "lines"})
"""Totals that are numbers of rows and not money."""


def total_amount(lang: str, name: str, value: Decimal, currency: str) -> str:
    """Return a stated total, in full: a number of lines, or money in major units."""
    if name.removeprefix("etl.total.") in COUNTED:
        return count_full(int(value), lang)
    if value == round(value, exponent(currency)):
        return money_full(to_minor(value, currency), currency, lang)
    # Finer than the currency: fees before they are rounded.
    return f"{'-' if value < 0 else ''}{symbol(currency, lang)}{abs(value).normalize():f}"
