"""A store on paper says what its page says, in both languages, with its fonts in it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from chain.days import Period
from chain.metrics import METRICS
from chain.words import Lang
from dashboard.components.series import sums, value_of
from dashboard.frame import Here, Person
from dashboard.insight import bridge
from figures import formats
from reports import insight
from reports.paper import Paper
from reports.store_report import TILES, Speaker, StoreReports
from tests.conftest import Database
from tests.integration.test_reads import FIRST, LAST, MARCH, NOW, _fill
from tests.papers import pages_of as _pages
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

LONG = "上海市浦东新区世纪大道国际金融中心商场地下一层美食广场第三十七号铺镕鑫囍茶饮旗舰体验店"
LANGS: tuple[Lang, ...] = ("en", "zh")


@pytest.fixture(scope="module")
def warehouse(module_database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(module_database.app)
    with opened.begin(Scope(1)) as connection:
        _fill(connection)
        connection.execute(text("update store set name = :name where store_id = 2"), {"name": LONG})
        connection.execute(
            text(
                "insert into store (chain_id, store_id, code, name, sort_key, time_zone)"
                " overriding system value values (1, 9, 'S9', '新店', 'x', 'Asia/Shanghai')"
            )
        )
    yield opened
    opened.close()


def _reports(warehouse: Warehouse, lang: Lang, period: Period = MARCH.period) -> StoreReports:
    reads = Reads(warehouse, Scope(1), now=lambda: NOW)
    return StoreReports.of(reads, replace(MARCH, period=period), lang, NOW)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("lang", LANGS)
def test_the_figures_on_screen_are_on_paper(warehouse: Warehouse, lang: Lang) -> None:
    reports = _reports(warehouse, lang)
    said = _bare("".join(_pages(Paper().pdf(reports.printed(1)))))
    asked = replace(MARCH, stores=(1,))
    now = sums(reports.reads.daily(asked, "day").frame)
    for name in TILES:
        metric = METRICS[name]
        figure = formats.figure(value_of(metric, now), metric.unit, "CNY", lang)
        assert _bare(figure) in said
        assert _bare(metric.label(lang)) in said
    total = reports.reads.totals(asked).now["gross"]
    assert _bare(formats.money_full(total, "CNY", lang)) in said
    for platform in reports.reads.by_platform(asked)["gross"]:
        assert f"{int(platform) / 100:,.2f}" in said


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(
    ("store", "period", "pages"),
    [
        (1, MARCH.period, 2),
        (2, MARCH.period, 2),
        (9, MARCH.period, 1),
        (1, Period(LAST, LAST), 2),
        (1, Period(FIRST, LAST), 2),
        (1, Period(LAST.replace(year=2023), LAST), 2),
    ],
)
def test_a_report_has_one_to_three_pages_whatever_the_store(
    warehouse: Warehouse, lang: Lang, store: int, period: Period, pages: int
) -> None:
    reports = _reports(warehouse, lang, period)
    found = _pages(Paper().pdf(reports.printed(store)))
    assert len(found) == pages
    assert _bare(reports.name(store)) in _bare(found[0])


@pytest.mark.parametrize("lang", LANGS)
def test_what_made_the_difference_is_said_as_the_stores_page_draws_it(
    warehouse: Warehouse, lang: Lang
) -> None:
    reports = _reports(warehouse, lang)
    made: Any = reports.printed(1)["bridge"]
    person = Person(1, "o@example.com", "", lang, 1, Scope(1))
    here = Here(person, lang, "light", reports.reads, "r1")
    head: Any = bridge.card(here, MARCH.of_store(1), "net_sales", "light", "g")[0]
    assert [made["title"], made["subtitle"]] == [part.children for part in head.children]
    whole = insight.bridge(reports.reads, MARCH)
    why = insight.why_changed(Speaker(lang), reports.chain, whole, 1, most=3)
    assert why
    assert why in made["said"]
    said = _bare("".join(_pages(Paper().pdf(reports.printed(1)))))
    assert _bare(made["title"]) in said
    assert _bare(made["said"]) in said


def test_nothing_is_explained_where_nothing_or_a_part_is_compared(warehouse: Warehouse) -> None:
    reads = Reads(warehouse, Scope(1), now=lambda: NOW)
    for asked in (replace(MARCH, alone=True), replace(MARCH, platforms=("alipay",))):
        reports = StoreReports.of(reads, asked, "en", NOW)
        assert reports.printed(1)["bridge"] is None
        assert "What made the difference" not in "".join(_pages(Paper().pdf(reports.printed(1))))


def test_every_character_of_a_rare_name_has_a_glyph(warehouse: Warehouse) -> None:
    pdf = Paper().pdf(_reports(warehouse, "zh").printed(2))
    assert LONG in _bare(_pages(pdf)[0])
    # A font that is only named would be set in whatever the reader has.
    assert pdf.count(b"/FontFile2") >= 2
    assert b"NotoSansSC" in pdf


def test_a_store_without_data_says_so(warehouse: Warehouse) -> None:
    (said,) = _pages(Paper().pdf(_reports(warehouse, "en").printed(9)))
    assert "No data came in for these days" in said.replace("\n", " ")


def test_a_file_name_is_safe_on_every_system(warehouse: Warehouse) -> None:
    reports = _reports(warehouse, "zh")
    row = dict(reports.stores[1]) | {"name": 'a/b\\c:d*e?"<>|\n.', "code": "../S1"}
    named = replace(reports, stores={1: row}).file_name(1)
    assert not set(named) & set('/\\:*?"<>|\n')
    assert named.endswith(".pdf")
    assert len(replace(reports, stores={1: row | {"name": "店" * 300}}).file_name(1)) < 130


def test_who_may_not_see_a_store_gets_no_report_of_it(warehouse: Warehouse) -> None:
    mine = Reads(warehouse, Scope(1, role="store", store_ids=(2,)), now=lambda: NOW)
    reports = StoreReports.of(mine, MARCH, "zh", NOW)
    assert set(reports.stores) == {2}
    with pytest.raises(KeyError):
        reports.printed(1)
