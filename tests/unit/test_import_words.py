"""How an import is told: totals by what they count, days of the stores."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from dashboard.imports import words
from reports.totals import total_amount


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("etl.total.count", "4", "4"),
        ("lines", "1200", "1,200"),
        ("etl.total.settled", "-28.55", "-¥28.55"),
        ("etl.total.fees", "0.0753", "¥0.0753"),
    ],
)
def test_a_total_that_counts_lines_is_no_money(name: str, value: str, said: str) -> None:
    assert total_amount("en", name, Decimal(value), "CNY") == said


def test_the_days_of_a_bill_are_those_of_its_stores_and_have_their_year() -> None:
    first = datetime(2025, 2, 28, 17, 0, tzinfo=UTC)  # 1 March in Shanghai
    last = datetime(2025, 3, 31, 2, 0, tzinfo=UTC)
    assert words.span(first, last, "Asia/Shanghai", "en") == "1–31 Mar 2025"
    assert words.span(first, last, "Asia/Shanghai", "zh") == "2025年3月1日–31日"
    assert words.span(first, first, "Asia/Shanghai", "en") == "Sat 1 Mar 2025"
