"""Promises of overview, stores and store page, on a real warehouse, in both languages.

Three stores in two cities over 60 days: one grows, one is silent since three days, one is level.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from dash.development.base_component import Component
from sqlalchemy import text

from chain.words import Lang
from dashboard.drill import terms
from dashboard.drill.asked import Asked
from dashboard.frame import Here, Person
from dashboard.insight import bridge
from dashboard.pages import overview, store, stores
from tests.conftest import Database
from warehouse.chains import NewChain, create_chain
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from warehouse.sums import create_touched, recompute

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LAST = date(2026, 11, 22)
STORES = (
    ("S1", "万象城店", "Mixc", "上海"),
    ("S2", "五角场店", "", "上海"),
    ("S3", "太古里店", "", "成都"),
)
_STORE = text(
    "insert into store (chain_id, code, name, name_en, sort_key, city, opened_on, time_zone)"
    " values (:chain, :code, :name, :name_en, :code, :city, '2025-01-01', 'Asia/Shanghai')"
    " returning store_id"
)
_DAY = text(
    "insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,"
    " account_id, place_id, store_id, business_date, platform, kind, currency, external_id)"
    " select :chain, gen_random_uuid(), gen_random_uuid(), :at, 1, now(), :gross, :gross, 1, 1,"
    " :store, :day, platform, 'sale', 'CNY', gen_random_uuid()::text"
    " from unnest(array['alipay', 'wechat']) platform"
)


@dataclass(frozen=True)
class Tea:
    """The chain, its stores' ids in the order of ``STORES``, and how it is read."""

    warehouse: Warehouse
    chain: int
    ids: tuple[int, ...]

    def here(self, lang: Lang = "en", theme: str = "light", role: str = "owner") -> Here:
        scope = Scope(self.chain, role=role)
        person = Person(1, "o@example.com", "", lang, 1, scope)
        reads = Reads(self.warehouse, scope, now=lambda: NOW)
        return Here(person, lang, theme, reads, "r1")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tea(module_database: Database) -> Iterator[Tea]:
    warehouse = Warehouse(module_database.app)
    chain = create_chain(warehouse, NewChain("茶语"))
    with warehouse.begin(Scope(chain)) as connection:
        ids = []
        for number, (code, name, english, city) in enumerate(STORES):
            values = {"chain": chain, "code": code, "name": name, "name_en": english, "city": city}
            found = connection.scalar(_STORE, values)
            assert found is not None
            ids.append(int(found))
            for back in range(60):
                day = LAST - timedelta(days=back)
                if number == 1 and back < 3:
                    continue
                gross = 1_000_00 * (number + 2) + (50_00 * (60 - back) if number == 0 else 0)
                at = datetime(day.year, day.month, day.day, 6 + back % 3, tzinfo=UTC)
                connection.execute(
                    _DAY,
                    {"chain": chain, "store": found, "day": day, "at": at, "gross": gross},
                )
        create_touched(connection)
        connection.execute(
            text("insert into touched select distinct business_date, store_id from payment")
        )
        recompute(connection, chain)
    yield Tea(warehouse, chain, tuple(ids))
    warehouse.engine.dispose()


def words(part: Any) -> str:
    """Return all that a part of a page says, attributes included."""
    return json.dumps(_plain(part), ensure_ascii=False)


def _plain(part: Any) -> Any:
    if isinstance(part, Component):
        made: Any = part
        return {key: _plain(value) for key, value in made.to_plotly_json()["props"].items()}
    if isinstance(part, list | tuple):
        return [_plain(one) for one in part]
    if isinstance(part, dict):
        return {str(key): _plain(value) for key, value in part.items()}
    return part if isinstance(part, str | int | float | bool | None) else str(part)


def table(here: Here, data: dict[str, Any]) -> Any:
    """Return the grid of the stores page."""
    return stores.table(here, data)[1].children


def graphs(part: Any) -> list[dict[str, Any]]:
    """Return the figures within a part of a page."""
    if isinstance(part, Component):
        own = [getattr(part, "figure")] if type(part).__name__ == "Graph" else []  # noqa: B009
        return own + graphs(getattr(part, "children", None))
    if isinstance(part, list | tuple):
        return [figure for one in part for figure in graphs(one)]
    return []


def test_the_first_sentence_says_how_yesterday_was_and_who_is_silent(tea: Tea) -> None:
    said = words(overview.head(tea.here("en"))[0])
    assert "yesterday" in said
    assert "last Sunday" in said
    assert "五角场店 has sent no data since Thursday." in said
    assert "¥" in said


def test_the_overview_speaks_chinese(tea: Tea) -> None:
    said = words(overview.head(tea.here("zh")))
    assert "昨日实收" in said
    assert "五角场店自周四起没有数据" in said
    assert "需要关注" in said


def test_what_needs_attention_has_one_link_each(tea: Tea) -> None:
    said = words(overview.head(tea.here("en"))[1])
    assert f"/store/{tea.ids[1]}" in said
    assert "See the store" in said


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_of_every_page_is_one_that_plotly_accepts(
    tea: Tea, lang: Lang, theme: str
) -> None:
    here = tea.here(lang, theme)
    data = {"period": "last28"}
    parts = (
        overview.main_picture(here, theme),
        stores.ranks(here, data, theme),
        store.days(here, data, theme, tea.ids[0]),
        store.platforms(here, data, theme, tea.ids[0]),
        store.busy_hours(here, data, theme, tea.ids[0]),
    )
    drawn = [figure for part in parts for figure in graphs(list(part))]
    assert len(drawn) == 6
    for figure in drawn:
        go.Figure(figure)


def test_the_ranking_is_by_the_metric_chosen_and_pins_the_total(tea: Tea) -> None:
    grid = table(tea.here("en"), {"period": "last7", "metric": "gross_sales"})
    rows = grid.rowData
    assert min(rows, key=lambda row: row["r"])["id"] == tea.ids[0]
    assert rows[0]["n"] == "Mixc"
    total = grid.dashGridOptions["pinnedBottomRowData"][0]
    assert total["v"] == sum(row["v"] for row in rows)


def test_a_city_leaves_the_stores_of_other_cities_out(tea: Tea) -> None:
    grid = table(tea.here("en"), {"city": ["成都"]})
    assert [row["id"] for row in grid.rowData] == [tea.ids[2]]


@pytest.mark.parametrize("metric", ["repeat_share", "no_such", "days_without", "share_of_chain"])
def test_a_metric_that_cannot_be_shown_does_not_break_a_page(tea: Tea, metric: str) -> None:
    here = tea.here("en")
    data = {"period": "last28", "metric": metric}
    stores.table(here, data)
    stores.ranks(here, data, "light")
    store.days(here, data, "light", tea.ids[0])


@pytest.mark.parametrize("period", ["yesterday", "month", "year", "2020-01-01..2020-02-01"])
def test_any_period_is_answered_even_one_without_data(tea: Tea, period: str) -> None:
    here, data = tea.here("zh"), {"period": period}
    stores.table(here, data)
    stores.ranks(here, data, "light")
    store.days(here, data, "light", tea.ids[1])
    store.platforms(here, data, "light", tea.ids[1])
    store.busy_hours(here, data, "light", tea.ids[1])


def test_a_stores_page_says_first_what_it_took_why_and_whether_it_is_silent(tea: Tea) -> None:
    here = tea.here("en")
    grows = words(store.days(here, {"period": "last28"}, "light", tea.ids[0])[0])
    assert "in 26 Oct–22 Nov" in grows
    assert "above the 28 days before. Orders = the same, average ticket ▲" in grows
    silent = words(store.days(here, {"period": "last7"}, "light", tea.ids[1])[0])
    assert "It has sent no data since Thursday." in silent
    nothing = {"period": "2020-01-01..2020-02-01"}
    assert "No sales came in" in words(store.days(here, nothing, "light", tea.ids[0])[0])


def test_compared_with_nothing_no_part_of_a_page_says_what_changed(tea: Tea) -> None:
    here, asked = tea.here("en"), {"period": "last28"}
    for data, compared in ((asked, True), (asked | {"against": "none"}, False)):
        filters = here.choice(data).filters(here.reads.chain())
        mine = replace(filters, stores=(tea.ids[0],))
        parts = (
            store.days(here, data, "light", tea.ids[0]),
            terms.table(Asked.of(here, data)),
            stores.table(here, data)[0],
            bridge.card(here, mine, "net_sales", "light", "g"),
        )
        for part in parts:
            said = words(part)
            told = any(each in said for each in ("▲", "▼", "the 28 days before"))
            assert told == compared, said[:300]
    assert "Nothing is compared" in words(bridge.card(here, mine, "after_fees", "light", "g"))
    assert "选了不对比" in words(bridge.card(tea.here("zh"), mine, "net_sales", "light", "g"))


@pytest.mark.parametrize("number", ["999999", "x", "-1", "²"])
def test_a_store_that_is_not_there_is_said_so(tea: Tea, number: str) -> None:
    assert "There is no such store" in words(store.layout(tea.here("en"), store_id=number))


def test_an_empty_chain_is_told_what_will_be_here_and_gets_one_button(database: Database) -> None:
    warehouse = Warehouse(database.app)
    try:
        empty = Tea(warehouse, create_chain(warehouse, NewChain("New")), ())
        for page in (overview, stores):
            said = words(page.layout(empty.here("en")))
            assert "Import bills" in said
            assert "/imports" in said
        # Who may not import has no such button, and is told who does.
        for page in (overview, stores):
            said = words(page.layout(empty.here("en", role="viewer")))
            assert "Import bills" not in said
            assert "The owner or finance brings in the bills" in said
    finally:
        warehouse.engine.dispose()
