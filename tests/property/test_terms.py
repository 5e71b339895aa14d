"""Terms from a date: the tax within and the royalty, exact in minor units."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.terms import (
    EVER,
    StoreTerms,
    VatRate,
    due,
    parse_rate,
    rate_text,
    royalty_of,
    terms_at,
    vat_in,
    vat_rate_at,
)

RATES = st.integers(0, 99_999).map(lambda number: Decimal(number).scaleb(-5))
SALES = st.integers(-(10**12), 10**12)


@settings(deadline=None)
@given(SALES, RATES)
def test_the_tax_is_the_nearest_whole_unit_and_the_same_of_what_is_given_back(
    sales: int, rate: Decimal
) -> None:
    exact = Fraction(sales) * Fraction(rate) / (1 + Fraction(rate))
    assert abs(vat_in(sales, rate) - exact) <= Fraction(1, 2)
    assert vat_in(-sales, rate) == -vat_in(sales, rate)
    assert abs(royalty_of(sales, rate) - Fraction(sales) * Fraction(rate)) <= Fraction(1, 2)


@pytest.mark.parametrize(
    ("sales", "rate", "tax"),
    [
        (10600, "0.06", 600),
        (11300, "0.13", 1300),
        (1, "0.06", 0),
        (100, "0.01", 1),
        (303, "0.01", 3),
        (3, "0.2", 1),  # exactly a half, away from zero
        (-3, "0.2", -1),
        (9, "0.2", 2),
        (0, "0.13", 0),
    ],
)
def test_the_tax_of_known_sales(sales: int, rate: str, tax: int) -> None:
    assert vat_in(sales, Decimal(rate)) == tax


def test_a_stores_own_rate_holds_from_its_first_date_and_the_chains_before() -> None:
    rates = [
        VatRate(0, EVER, Decimal("0.06")),
        VatRate(0, date(2026, 7, 1), Decimal("0.09")),
        VatRate(7, date(2026, 3, 1), Decimal("0.03")),
        VatRate(7, date(2026, 5, 1), Decimal("0.01")),
    ]
    assert vat_rate_at(rates, 7, date(2026, 2, 28)) == Decimal("0.06")
    assert vat_rate_at(rates, 7, date(2026, 3, 1)) == Decimal("0.03")
    assert vat_rate_at(rates, 7, date(2026, 8, 1)) == Decimal("0.01")
    assert vat_rate_at(rates, 8, date(2026, 8, 1)) == Decimal("0.09")
    assert vat_rate_at([], 8, date(2026, 8, 1)) == 0


def test_a_store_is_owned_until_terms_say_otherwise() -> None:
    terms = [StoreTerms(7, date(2026, 3, 1), "franchised", Decimal("0.05"), 300)]
    assert terms_at(terms, 7, date(2026, 2, 28)).ownership == "owned"
    assert terms_at(terms, 7, date(2026, 3, 1)) == terms[0]
    assert terms_at(terms, 8, date(2026, 3, 1)).ownership == "owned"


def test_a_minimum_is_owed_of_whole_months_alone() -> None:
    assert due(200, 300, whole_month=True) == 300
    assert due(400, 300, whole_month=True) == 400
    assert due(200, 300, whole_month=False) == 200


@settings(deadline=None)
@given(RATES)
def test_a_rate_that_is_shown_is_read_as_it_was(rate: Decimal) -> None:
    assert parse_rate(rate_text(rate)) == rate
    assert parse_rate(f" {rate_text(rate).rstrip('%')} ％ ") == rate


@pytest.mark.parametrize("text", ["", "x", "-1", "100", "1.0001", "nan", "1e999", "6%%6"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text) or "^$"):
        parse_rate(text)
