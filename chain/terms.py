"""Terms that hold from a date: value-added tax in prices, and what a franchised store owes.

Prices hold the tax. Of the net sales of one store-day, platform, channel and currency the tax is
``sales * rate / (1 + rate)``, rounded to the minor unit, half away from zero; a royalty is
``sales * rate``, rounded likewise. Sums are sums of these whole amounts, so parts always add up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

Ownership = Literal["owned", "franchised"]
EVER = date(1, 1, 1)
"""From this date on is from ever."""
DECIMALS = 5
"""A rate has so many: 8.875 % is 0.08875."""
CHINA = (Decimal("0.01"), Decimal("0.03"), Decimal("0.06"), Decimal("0.09"), Decimal("0.13"))
"""Rates in China: 1 % and 3 % of small-scale taxpayers, 6 %, 9 % and 13 % of general ones
(State Taxation Administration; 1 % in place of 3 % until the end of 2027)."""


@dataclass(frozen=True, slots=True)
class VatRate:
    """From ``from_date`` on, prices of a store hold tax at ``rate``; store 0 is the whole chain."""

    store_id: int
    from_date: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class StoreTerms:
    """From ``from_date`` on, a store is owned, or franchised for a share of its net sales.

    ``royalty_minimum`` is what a whole month owes at least, in minor units of the chain's currency.
    """

    store_id: int
    from_date: date
    ownership: Ownership
    royalty_rate: Decimal = Decimal(0)
    royalty_minimum: int = 0


def vat_in(sales: int, rate: Decimal) -> int:
    """Return the tax that ``sales`` (minor units, tax within) hold."""
    exact = Fraction(rate)
    return _whole(sales * exact / (1 + exact))


def royalty_of(sales: int, rate: Decimal) -> int:
    """Return the share of ``sales`` (minor units) that is owed."""
    return _whole(sales * Fraction(rate))


def due(accrued: int, minimum: int, *, whole_month: bool) -> int:
    """Return what a month owes: its royalties, or the minimum once the month is whole."""
    return max(accrued, minimum) if whole_month else accrued


def vat_rate_at(rates: Iterable[VatRate], store_id: int, day: date) -> Decimal:
    """Return the rate in force: the store's own from its first date on, before that the chain's."""
    known = [rate for rate in rates if rate.from_date <= day]
    for whose in (store_id, 0):
        own = [rate for rate in known if rate.store_id == whose]
        if own:
            return max(own, key=lambda rate: rate.from_date).rate
    return Decimal(0)


def terms_at(terms: Iterable[StoreTerms], store_id: int, day: date) -> StoreTerms:
    """Return the terms in force; a store of which none are known is owned."""
    known = [each for each in terms if each.store_id == store_id and each.from_date <= day]
    if not known:
        return StoreTerms(store_id, EVER, "owned")
    return max(known, key=lambda each: each.from_date)


def parse_rate(text: str) -> Decimal:
    """Return what a person typed ("6", "6%", "6.5 ％") as a share: 0.06.

    Raises ValueError for what is no number, is not from 0 to below 100 %, or is finer than
    a thousandth of a per cent.
    """
    bare = text.strip().rstrip("%％").strip()
    try:
        rate = Decimal(bare) / 100
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not rate.is_finite() or not 0 <= rate < 1 or rate != round(rate, DECIMALS):
        raise ValueError(text)
    return round(rate, DECIMALS)


def rate_text(rate: Decimal) -> str:
    """Return a rate as it is typed and shown: "6%"."""
    percent = (rate * 100).normalize()
    return f"{percent:f}%"


def _whole(amount: Fraction) -> int:
    rounded = (2 * abs(amount.numerator) + amount.denominator) // (2 * amount.denominator)
    return rounded if amount >= 0 else -rounded
