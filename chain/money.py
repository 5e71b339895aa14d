"""Money: integer minor units with an ISO 4217 currency beside it, never a float."""

from decimal import ROUND_HALF_EVEN, Decimal

# ISO 4217 minor-unit exponents that are not 2 (source: ISO 4217 list one, the "active" table).
_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


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
