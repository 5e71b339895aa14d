"""Money: integer minor units with an ISO 4217 currency beside it, never a float."""

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 minor-unit exponents that are not 2 (source: ISO 4217 list one, the "active" table).
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


MOST = 10**15
"""No amount that a person types has so many minor units; a bigint sum holds thousands of them."""
_AMOUNT = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?", re.ASCII)


def exponent(currency: str) -> int:
    """Return how many decimals ``currency`` has: 2 for CNY, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: Decimal, currency: str) -> int:
    """Return ``amount`` (major units) in minor units, rounded half-even.

    Raises decimal.InvalidOperation for NaN and infinities.
    """
    scaled = amount.scaleb(exponent(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def to_major(minor: int, currency: str) -> Decimal:
    """Return ``minor`` units as an exact decimal in major units."""
    return Decimal(minor).scaleb(-exponent(currency))


def parse_amount(text: str, currency: str) -> int:
    """Return what a person typed ("1,234.50", "¥88", "８８") in minor units.

    Exact: raises ValueError for what is no amount, is negative, or has more decimals than
    ``currency``.
    """
    bare = unicodedata.normalize("NFKC", text).strip().lstrip("¥$€£").replace(" ", "")
    if not _AMOUNT.fullmatch(bare):
        raise ValueError(text)
    amount = Decimal(bare.replace(",", ""))
    minor = to_minor(amount, currency)
    if to_major(minor, currency) != amount or minor >= MOST:
        raise ValueError(text)
    return minor
