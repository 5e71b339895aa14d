"""From the page with no forecast to a change of one, both versions seen, in a real browser."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

import forecasting
from dashboard.pages import PAGES
from forecasting.models.base import Model
from forecasting.models.panel_regression import PanelRegression
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.futures import add_up, run_to_end, sell, settings
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from warehouse.chains import NewStore, add_store
from warehouse.reads import Reads
from warehouse.session import Scope
from workers.forecasts import Forecasts

pytestmark = pytest.mark.e2e

DAYS = 120
PATIENCE = 30_000
WIDEST = 2560


@dataclass
class Shop:
    """A chain of two stores whose board is served, and what would forecast it."""

    board: Running
    address: str
    stores: list[int]
    forecasts: Forecasts


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    # Every answer here is drawn from a forecast, on a machine that may be busy.
    expect.set_options(timeout=PATIENCE)
    with open_browser(chromium) as opened:
        yield opened
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def shop(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    def entrants() -> tuple[Model, ...]:
        return SeasonalNaive(), PanelRegression()

    data = tmp_path_factory.mktemp("forecast")
    with pytest.MonkeyPatch.context() as patch, running(module_database, data, PAGES) as board:
        patch.setattr(forecasting, "entrants", entrants)
        stores = _past(board)
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        yield Shop(board, address, stores, Forecasts(board.warehouse, settings()))
        server.shutdown()
        thread.join()


def _past(board: Running) -> list[int]:
    rng = np.random.default_rng(3)
    with board.warehouse.begin(Scope(1)) as connection:
        stores = [
            add_store(connection, 1, NewStore(code, name, "Asia/Shanghai", region="East"))
            for code, name in (("A1", "Jing'an"), ("A2", "Xuhui"))
        ]
        for store in stores:
            for back in range(1, DAYS):
                day = date.today() - timedelta(days=back)  # noqa: DTZ011
                busy = 1.4 if day.weekday() >= 5 else 1.0
                sell(connection, 1, store, day, int(500_000 * busy * rng.normal(1, 0.05)))
        add_up(connection, 1)
    return stores


def test_a_forecast_is_started_changed_and_shown_in_both_versions(
    browser: Browser, shop: Shop
) -> None:
    with visit(browser, shop.address) as window:
        page = window.page
        window.log_in(EMAIL, PASSWORD)
        page.goto(f"{shop.address}/forecast")
        page.get_by_role("button", name="Make the forecast").click()
        expect(page.locator(".mantine-Notification-root")).to_contain_text("on its way")
        assert shop.board.jobs.asked == [("forecast", 1, 0)]
        run_to_end(shop.forecasts, 1)
        # The page asks by itself how far it is, and is there once it is done.
        expect(page.locator("#forecast-head")).to_contain_text("The next 30 days")
        window.settle()
        assert "unit" not in page.url
        expect(page.locator("#forecast-fan .js-plotly-plot")).to_be_visible()

        page.click("#forecast-unit")
        page.get_by_role("option", name="Xuhui").click()
        expect(page.locator("#forecast-landing")).to_contain_text("will end at about")
        expect(page.locator("#forecast-stores")).to_be_hidden()
        assert f"unit=store-{shop.stores[1]}&ahead=30" in page.url
        page.reload()
        window.settle()
        expect(page.locator("#forecast-unit")).to_have_value("Xuhui")

        page.get_by_role("button", name="Change the forecast").click()
        form = page.locator(".forecast-form")
        form.get_by_label("How much").fill("50")
        form.get_by_role("button", name="Change it").click()
        expect(page.locator(".mantine-Notification-root").last).to_contain_text("Say why")
        form.get_by_label("Why").fill("Trade fair")
        form.get_by_role("button", name="Change it").click()
        listed = page.locator("#forecast-overrides")
        expect(listed).to_contain_text("Trade fair")
        expect(listed).to_contain_text("50")
        expect(page.locator("#forecast-fan")).to_contain_text("dashed: without your changes")
        listed.get_by_role("button", name="Take back").click()
        expect(listed).to_contain_text("Taken back by")
        expect(page.locator("#forecast-fan")).not_to_contain_text("without your changes")

        page.locator("#forecast-target").fill("123,456")
        page.click("#forecast-target-save")
        expect(page.locator("#forecast-landing")).to_contain_text("the target")
        assert window.problems == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK, WIDEST])
def test_the_page_fits_every_width_and_complains_of_nothing(
    browser: Browser, shop: Shop, width: int, lang: str
) -> None:
    if Reads(shop.board.warehouse, Scope(1)).forecast_run() is None:
        run_to_end(shop.forecasts, 1)
    with visit(browser, shop.address, width=width, lang=lang, theme="dark") as window:  # type: ignore[arg-type]
        window.log_in(EMAIL, PASSWORD)
        for path in ("/forecast", f"/forecast?unit=store-{shop.stores[0]}&ahead=90", "/"):
            window.open(path)
            assert not window.overflows(), path
        assert window.problems == []
