"""A target typed into the grid, a note, a day of the calendar, and what explains the figures."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from dashboard.pages import PAGES
from tests.alike import fill
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from warehouse.session import Scope

pytestmark = pytest.mark.e2e

PATIENCE = 60_000
PICTURES = os.environ.get("TILLBOARD_PICTURES")
"""A directory for pictures of what is tested, where somebody wants to look."""
STORES = 14


@dataclass
class Shop:
    """A board with fourteen stores, served."""

    board: Running
    address: str
    today: date

    def one(self, statement: str) -> object:
        with self.board.warehouse.begin(Scope(1)) as connection:
            return connection.scalar(text(statement))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with open_browser(chromium) as opened:
        yield opened
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def shop(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    today = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date()
    with running(module_database, tmp_path_factory.mktemp("plans"), PAGES) as board:
        fill(board.warehouse, 1, STORES, today - timedelta(days=1))
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Shop(board, f"http://127.0.0.1:{server.server_port}", today)
        server.shutdown()
        thread.join()


def test_a_target_is_typed_in_and_kept(browser: Browser, shop: Shop) -> None:
    month = shop.today.replace(day=1)
    with visit(browser, shop.address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/plans")
        page = window.page
        cell = page.locator(f'#plans-grid [row-id="1005"] [col-id="{month.isoformat()}"]')
        cell.click()
        page.keyboard.type("250000")
        page.keyboard.press("Enter")
        expect(cell).to_contain_text("250,000")
        expect(cell.locator("small")).to_contain_text("%")
        assert shop.one("select amount from target where store_id = 1005") == 25_000_000
        cell.click()
        page.keyboard.type("much")
        page.keyboard.press("Enter")
        expect(page.locator("text=is no amount")).to_be_visible()
        expect(cell).to_contain_text("250,000")
        assert shop.one("select count(*) from target") == 1
        page.click("#plans-copy")
        expect(page.locator("text=targets were set").first).to_be_visible()
        assert not window.overflows()


def test_a_note_is_written_marked_on_the_chart_changed_and_removed(
    browser: Browser, shop: Shop
) -> None:
    yesterday = (shop.today - timedelta(days=1)).isoformat()
    with visit(browser, shop.address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/plans")
        page = window.page
        page.fill("#plans-note-from", yesterday)
        page.fill("#plans-note-to", yesterday)
        page.fill("#plans-note-text", "Road works")
        page.click("#plans-note-save")
        expect(page.locator("#plans-notes")).to_contain_text("Road works")
        window.open("/store/1005?period=last28")
        window.page.locator("#store-daily-graph .main-svg").first.wait_for()
        figure = page.evaluate(
            "document.querySelector('#store-daily-graph .js-plotly-plot').data.map(t => t.name)"
        )
        assert "Note" in figure
        window.open("/plans")
        page.get_by_role("button", name="Change").click()
        expect(page.locator("#plans-note-text")).to_have_value("Road works")
        page.fill("#plans-note-text", "No road works")
        page.click("#plans-note-save")
        expect(page.locator("#plans-notes")).to_contain_text("No road works")
        page.locator("#plans-notes").get_by_role("button", name="Remove").click()
        expect(page.locator("#plans-notes")).to_contain_text("No notes yet")
        assert shop.one("select count(*) from day_note") == 0


def test_own_days_go_into_the_calendar_as_a_line(browser: Browser, shop: Shop) -> None:
    first = shop.today + timedelta(days=10)
    with visit(browser, shop.address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/plans")
        page = window.page
        page.fill("#plans-day-from", first.isoformat())
        page.fill("#plans-day-to", (first + timedelta(days=4)).isoformat())
        page.fill("#plans-day-name", "Fair")
        page.click("#plans-day-save")
        expect(page.locator("#plans-calendar li")).to_have_count(1)
        assert shop.one("select count(*) from calendar_day") == 5
        page.locator("#plans-calendar").get_by_role("button", name="Remove").click()
        expect(page.locator("#plans-calendar")).to_contain_text("No days of your own yet")


@pytest.mark.parametrize(
    ("width", "theme", "lang"),
    [(DESK, "light", "en"), (PHONE, "light", "zh"), (DESK, "dark", "zh"), (PHONE, "dark", "en")],
)
def test_what_explains_is_there_and_nothing_is_too_wide(
    browser: Browser, shop: Shop, width: int, theme: str, lang: str
) -> None:
    with visit(browser, shop.address, width=width, theme=theme, lang=lang) as window:  # type: ignore[arg-type]
        window.log_in(EMAIL, PASSWORD)
        for name, path, found in (
            ("overview", "/", "#overview-bridge-graph .main-svg"),
            ("stores", "/stores?period=last28", "#stores-fair-grid [row-id]"),
            ("store", "/store/1005?period=last28", "#store-peers table"),
            ("plans", "/plans", "#plans-grid [row-id]"),
        ):
            window.open(path)
            window.page.locator(found).first.wait_for()
            assert not window.overflows(), name
            if PICTURES:
                window.shoot(Path(PICTURES) / f"{name}-{width}-{theme}-{lang}.png")
        assert window.problems == []
