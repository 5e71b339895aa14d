"""Promises of the Forecast page, on forecasts that the jobs made, in both languages.

Five stores in two regions with 150 days of sales, forecast by two quick models.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest
from sqlalchemy import text

import forecasting
from chain.errors import PermanentError
from chain.settings import Settings
from chain.words import Lang
from dashboard.forecasts import changes, chooser, ifs, listing, overrides, parts, scores, work
from dashboard.forecasts.asked import Asked
from dashboard.forecasts.head import calendar_caution, head
from dashboard.forecasts.strip import landing_strip
from dashboard.frame import Board, Here, Person, Theme
from dashboard.pages import forecast
from forecasting.models.base import Model
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.futures import LAST, chain_with_past, run_to_end, settings
from tests.integration.boards import NotedJobs
from tests.integration.test_pages import graphs, words
from warehouse.chains import NewChain, create_chain
from warehouse.plans import NewCalendarDay, add_calendar_day
from warehouse.reads import Reads
from warehouse.reads.forecast_protocol import CHAIN, ForecastRun, Unit
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts

NOW = datetime(LAST.year, LAST.month, LAST.day, 20, tzinfo=UTC)  # the next morning in Shanghai
FIRST = LAST + timedelta(days=1)
WEEK = (FIRST + timedelta(days=2), FIRST + timedelta(days=8))


@dataclass(frozen=True)
class Tea:
    """The chain with its forecast, and how it is read by whom."""

    warehouse: Warehouse
    chain: int
    stores: list[int]

    def here(
        self,
        lang: Lang = "en",
        theme: Theme = "light",
        role: str = "owner",
        stores: tuple[int, ...] | None = None,
    ) -> Here:
        scope = Scope(self.chain, role=role, store_ids=stores)
        person = Person(1, "o@example.com", "", lang, 1, scope)
        return Here(person, lang, theme, Reads(self.warehouse, scope, now=lambda: NOW), "r1")

    def board(self, here: Here, jobs: NotedJobs | None = None) -> Board:
        return Board(lambda: here, self.warehouse, jobs or NotedJobs(), Settings())

    def override(
        self, here: Here, asked: Asked, kind: str = "scale", typed: str = "10", reason: str = "Fair"
    ) -> None:
        days = (WEEK[0].isoformat(), WEEK[1].isoformat())
        changes.override(self.board(here), here, asked, days, (kind, typed), reason)


@pytest.fixture(scope="module")
def tea(module_database: Database) -> Iterator[Tea]:
    def entrants() -> tuple[Model, ...]:
        return SeasonalNaive(), PanelRegression()

    warehouse = Warehouse(module_database.app)
    chain, stores = chain_with_past(warehouse)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forecasting, "entrants", entrants)
        run_to_end(Forecasts(warehouse, settings()), chain)
    yield Tea(warehouse, chain, stores)
    warehouse.close()


@pytest.fixture(autouse=True)
def _as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back what a test changes: a forecast takes seconds to make."""
    yield
    if "tea" not in request.fixturenames:
        return
    tea: Tea = request.getfixturevalue("tea")
    with tea.warehouse.begin(Scope(tea.chain)) as connection:
        for table in ("forecast_override", "forecast_adjusted", "target", "calendar_day"):
            connection.execute(text(f"delete from {table}"))


def test_the_page_begins_with_what_the_days_ahead_bring_and_where_the_month_ends(tea: Tea) -> None:
    said = words(head(tea.here("en"), Asked()))
    assert "The next 30 days will bring about ¥" in said
    assert "usually between ¥" in said
    assert "the 30 days before" in said
    assert "Mar 2026 will end at about ¥" in said
    assert "未来 30 天预计收" in words(head(tea.here("zh"), Asked()))


def test_a_week_a_month_and_a_quarter_stand_side_by_side_and_lead_to_their_pictures(
    tea: Tea,
) -> None:
    store = Unit("store", tea.stores[0])
    said = words(head(tea.here("en"), Asked(store)))
    for days in (7, 30, 90):
        assert f"/forecast?unit=store-{store.unit_id}&ahead={days}" in said


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_picture_is_one_that_plotly_accepts(tea: Tea, lang: Lang, theme: Theme) -> None:
    here = tea.here(lang, theme)
    region = int(here.reads.regions()["region_id"].iloc[0])
    units = CHAIN, Unit("region", region), Unit("store", tea.stores[0])
    for unit in units:
        for ahead in (7, 90):
            asked = Asked(unit, ahead)
            fan = graphs(parts.fan_card(here, asked, theme))
            drawn = [*fan, *graphs(parts.landing_card(here, asked, theme))]
            drawn += graphs(parts.drivers_card(here, asked, theme))
            assert len(fan) == 1
            for figure in drawn:
                go.Figure(figure)


def test_every_store_has_its_row_with_prophets_and_last_weeks_error_beside(tea: Tea) -> None:
    grid: Any = listing.table(tea.here("en"), Asked())[1]
    assert {row["id"] for row in grid.rowData} == set(tea.stores)
    assert all(row["v"] > 0 and row["u"] for row in grid.rowData)
    heads = [column["headerName"] for column in grid.columnDefs]
    assert "Prophet, %" in heads
    assert "Like last week, %" in heads
    assert listing.table(tea.here("en"), Asked(Unit("store", tea.stores[0]))) == []


def test_how_good_the_forecast_is_is_said_in_the_owners_words(tea: Tea) -> None:
    said = words(scores.card(tea.here("en"), Asked()))
    assert "The forecast of a day was off by" in said
    assert "of 100 days" in said
    assert "Like last week" in said
    visible = said.replace("Empirical coverage of the 80 % prediction interval", "")
    assert "interval" not in visible


def test_an_override_keeps_both_versions_and_is_taken_back(tea: Tea) -> None:
    here, asked = tea.here("en"), Asked(Unit("store", tea.stores[0]), 30)
    tea.override(here, asked, typed="+50 %", reason="Trade fair")
    fresh = tea.here("en")
    lines = {line.get("name"): line for line in graphs(parts.fan_card(fresh, asked, ""))[0]["data"]}
    without, now = lines["Without your changes"], lines["Expected"]
    seen = [index for index, value in enumerate(without["y"]) if value is not None]
    assert [without["x"][index] for index in seen] == [
        (WEEK[0] + timedelta(days=day)).isoformat() for day in range(7)
    ]
    for index in seen:
        assert now["y"][index] == pytest.approx(1.5 * without["y"][index], rel=0.001)
    said = words(overrides.card(fresh, asked))
    assert "50\u00a0% more" in said
    assert "Trade fair" in said
    found = fresh.reads.overrides(asked.unit)
    changes.revoke(tea.board(fresh), fresh, int(found["override_id"].iloc[0]))
    after = tea.here("en")
    drawn = graphs(parts.fan_card(after, asked, ""))[0]["data"]
    assert "Without your changes" not in [line.get("name") for line in drawn]
    assert "Taken back by" in words(overrides.card(after, asked))


@pytest.mark.parametrize(
    ("kind", "typed", "reason", "key"),
    [
        ("scale", "ten", "x", "forecast.change.no_percent"),
        ("scale", "-101", "x", "forecast.change.no_percent"),
        ("scale", "nan", "x", "forecast.change.no_percent"),
        ("set", "-5", "x", "forecast.change.no_amount"),
        ("set", "much", "x", "forecast.change.no_amount"),
        ("scale", "10", "  ", "forecast.change.no_reason"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    tea: Tea, kind: str, typed: str, reason: str, key: str
) -> None:
    here = tea.here("en")
    with pytest.raises(PermanentError) as refused:
        tea.override(here, Asked(), kind, typed, reason)
    assert refused.value.key == key
    assert here.reads.overrides().empty


@pytest.mark.parametrize("days", [("", ""), ("2026-03-20", "2026-03-18"), ("x", "2026-03-18")])
def test_days_that_are_none_are_refused(tea: Tea, days: tuple[str, str]) -> None:
    here = tea.here("en")
    with pytest.raises(PermanentError) as refused:
        changes.override(tea.board(here), here, Asked(), days, ("scale", "10"), "x")
    assert refused.value.key == "forecast.change.no_days"


def test_days_beyond_the_forecast_are_refused_and_its_ends_are_said(tea: Tea) -> None:
    here = tea.here("en")
    with pytest.raises(PermanentError) as refused:
        changes.override(
            tea.board(here), here, Asked(), ("2026-03-01", "2026-03-20"), ("scale", "10"), "x"
        )
    assert refused.value.key == "forecast.change.outside"
    assert "16 Mar 2026" in refused.value.say("en")


def test_a_target_is_set_seen_and_taken_back(tea: Tea) -> None:
    here = tea.here("en")
    changes.set_target(tea.board(here), here, Asked(), "2026-03-01", "100,000.50")
    fresh = tea.here("en")
    assert dict(fresh.reads.targets(date(2026, 3, 1))) == {0: 10_000_050}
    assert "the target" in words(head(fresh, Asked()))
    assert "100000.5" in words(parts.landing_card(fresh, Asked(), "light"))
    changes.set_target(tea.board(fresh), fresh, Asked(), "2026-03-01", " ")
    assert dict(tea.here().reads.targets(date(2026, 3, 1))) == {}


def test_who_may_change_what(tea: Tea) -> None:
    mine, other = tea.stores[0], tea.stores[1]
    own, others = Unit("store", mine), Unit("store", other)
    for role in ("owner", "finance"):
        here = tea.here(role=role)
        assert changes.may_start(here)
        assert all(changes.may_change(here, unit) for unit in (CHAIN, own, others))
    for role in ("regional", "store"):
        here = tea.here(role=role, stores=(mine,))
        assert not changes.may_start(here)
        assert changes.may_change(here, own)
        assert not changes.may_change(here, others)
        assert not changes.may_change(here, CHAIN)
        assert not changes.may_change(tea.here(role=role), own), "no store is given to them"
    viewer = tea.here(role="viewer", stores=(mine,))
    assert not changes.may_change(viewer, own)


def test_a_manager_changes_the_own_store_and_no_other(tea: Tea) -> None:
    mine, other = tea.stores[0], tea.stores[1]
    here = tea.here(role="store", stores=(mine,))
    tea.override(here, Asked(Unit("store", mine)))
    for unit in (Unit("store", other), CHAIN):
        with pytest.raises(PermanentError) as refused:
            tea.override(here, Asked(unit))
        assert refused.value.key == "forecast.change.not_allowed"
        with pytest.raises(PermanentError):
            changes.set_target(tea.board(here), here, Asked(unit), "2026-03-01", "5")
    with pytest.raises(PermanentError):  # a target is set for a store, not by it
        changes.set_target(tea.board(here), here, Asked(Unit("store", mine)), "2026-03-01", "5")
    leader = tea.here(role="regional", stores=(mine,))
    changes.set_target(tea.board(leader), leader, Asked(Unit("store", mine)), "2026-03-01", "5")
    assert len(tea.here().reads.overrides()) == 1


def test_a_regions_leader_is_offered_the_region_whose_stores_are_all_theirs(tea: Tea) -> None:
    owner = tea.here()
    stores = owner.reads.stores()
    region = int(stores["region_id"].iloc[0])
    own = tuple(int(s) for s in stores[stores["region_id"] == region]["store_id"])
    here = tea.here(role="regional", stores=own)
    assert changes.may_change(here, Unit("region", region))
    part = tea.here(role="regional", stores=own[:1])
    assert not changes.may_change(part, Unit("region", region))
    assert "shown to those who may see all of its stores" in words(
        head(part, Asked(Unit("region", region)))
    )


def test_who_sees_no_forecast_is_told_the_reason_that_holds_for_them(tea: Tea) -> None:
    own = Asked(Unit("store", tea.stores[0]))
    hidden = "shown to those who may see all of its stores"
    assert hidden in words(head(tea.here(role="viewer", stores=(tea.stores[0],)), Asked()))
    none = tea.here(role="viewer", stores=())
    assert "No store is open to you yet" in words(head(none, Asked()))
    assert "您还没有可查看的门店" in words(head(tea.here("zh", role="viewer", stores=()), Asked()))
    # What is hidden is not called unknown either: those cards are left away, and the twin has them.
    for here, asked, shown in ((none, Asked(), False), (tea.here(role="viewer"), own, True)):
        for made in (parts.fan_card, parts.landing_card, parts.drivers_card):
            assert bool(made(here, asked, "light")) == shown
    days = (WEEK[0].isoformat(), WEEK[1].isoformat())
    assert "No store is open to you yet" in words(
        ifs.answer(none, Asked(), "closure", *days, "light")
    )


def test_where_nothing_can_be_forecast_nobody_is_told_that_it_is_hidden(tea: Tea) -> None:
    chain, stores = chain_with_past(tea.warehouse, stores=2, days=30)
    run_to_end(Forecasts(tea.warehouse, settings()), chain, "quick")
    with tea.warehouse.begin(Scope(chain)) as connection:  # as a run leaves it that refused all
        for table in ("forecast_group", "forecast"):
            connection.execute(text(f"delete from {table}"))
        connection.execute(text("update forecast_store set reason = 'forecasting.refused.silent'"))
    said = words(head(Tea(tea.warehouse, chain, stores).here(role="viewer"), Asked()))
    assert "None of the 2 stores can be forecast yet" in said
    later = tea.here(role="viewer"), Asked(Unit("region", 999))
    assert "It is made with the next run, tonight" in words(head(*later))


def test_the_chooser_offers_the_chain_first_and_only_to_who_sees_all_of_it(tea: Tea) -> None:
    first = chooser.units(tea.here())[0]["items"][0]["value"]
    assert first == "chain"
    narrow = chooser.units(tea.here(role="store", stores=(tea.stores[2],)))
    assert narrow[0]["items"] == [{"value": f"store-{tea.stores[2]}", "label": "店2"}]
    assert "chain" not in words(narrow)


@pytest.mark.parametrize("data", [None, {}, {"unit": "store-x", "ahead": "31"}, {"unit": "no-1"}])
def test_an_address_that_makes_no_sense_is_the_default(data: Any) -> None:
    assert Asked.of(data) == Asked(CHAIN, 30)


def test_a_closure_takes_all_of_its_days(tea: Tea) -> None:
    here = tea.here("en")
    days = (WEEK[0].isoformat(), WEEK[1].isoformat())
    said = ifs.answer(here, Asked(), "closure", *days, "light")
    assert "less" in words(said)
    go.Figure(graphs(said)[0])
    with pytest.raises(PermanentError):
        ifs.answer(here, Asked(), "closure", None, "x", "light")


def test_holidays_that_are_not_official_yet_are_warned_of(tea: Tea) -> None:
    here = tea.here("en")
    series = here.reads.forecast(CHAIN, 90, 90)
    assert calendar_caution(here, here.reads.chain(), series) == ""
    later = series.frame.assign(day=[day + timedelta(days=250) for day in series.frame["day"]])
    said = calendar_caution(here, here.reads.chain(), replace(series, frame=later))
    assert "published its holidays up to 2026" in said
    new_year = NewCalendarDay(date(2027, 1, 1), "holiday", "元旦")
    with tea.warehouse.begin(Scope(tea.chain)) as connection:
        add_calendar_day(connection, tea.chain, new_year)
    entered = calendar_caution(tea.here("en"), here.reads.chain(), replace(series, frame=later))
    assert entered == ""


def test_before_the_first_forecast_the_page_says_so_and_has_one_button(database: Database) -> None:
    warehouse = Warehouse(database.app)
    chain, stores = chain_with_past(warehouse, stores=2, days=10)
    tea = Tea(warehouse, chain, stores)
    try:
        said = words(forecast.layout(tea.here("en")))
        assert "There is no forecast yet" in said
        assert "forecast-start" in said
        assert "forecast-start" not in words(forecast.layout(tea.here(role="viewer")))
        assert landing_strip(tea.here(), tea.here().reads.chain()) is None
        jobs = NotedJobs()
        here = tea.here()
        changes.start(tea.board(here, jobs), here)
        assert jobs.asked == [("forecast", chain, 0)]
        none = Tea(warehouse, create_chain(warehouse, NewChain("New")), [])
        assert "Import bills" in words(forecast.layout(none.here("en")))
    finally:
        warehouse.close()


def test_a_run_at_work_shows_how_far_it_is_and_a_failed_one_why(tea: Tea) -> None:
    here = tea.here("en")
    run = ForecastRun(9, "full", "running", 0.37, None, None, None, NOW, None, 0, 0, 0)
    said = words(work.at_work(here, run))
    assert "37 %" in said
    assert "The models compete" in said
    failed = ForecastRun(
        9, "full", "failed", 0.5, None, None, None, NOW, None, 0, 0, 0, "forecasting.no_history"
    )
    said = words(work.at_work(here, failed))
    assert "There is no history at all" in said
    assert "Try again" in said
    assert work.at_work(here, None) is None


def test_the_overview_says_where_the_month_ends(tea: Tea) -> None:
    here = tea.here("en")
    said = words(landing_strip(here, here.reads.chain()))
    assert "Mar 2026 will end at about ¥" in said
    assert "/forecast" in said
