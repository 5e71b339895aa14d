"""A morning of owner, finance and store manager.

What they look at first, where that leads, what they do, what they can't.

Each does one thing that is theirs to do, and is refused one that another may.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from dashboard.people import hash_password
from tests.conftest import Database
from tests.e2e.harness import PHONE, Visit, open_browser, serve, visit
from tests.integration.access_world import ELSEWHERE, WEST, World, world
from tests.integration.boards import PASSWORD
from warehouse.session import Scope

pytestmark = pytest.mark.e2e

NOT_FOR_ROLE = "not for your role"
PATIENCE = 15_000


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with open_browser(chromium) as opened:
        yield opened
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def chain(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, str]]:
    data: Path = tmp_path_factory.mktemp("day")
    with world(module_database, data, None) as made:
        with made.board.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set password_hash = :hash"),
                {"hash": hash_password(PASSWORD)},
            )
        with serve(made.board.app.server) as address:
            yield made, address


def _look(window: Visit, name: str) -> Page:
    """Log in and read the overview: its sentence and its figures."""
    window.log_in(f"{name}@example.com", PASSWORD)
    window.open("/")
    expect(window.page.locator(".tb-head")).to_contain_text("¥")
    return window.page


def _into_a_store(page: Page, name: str) -> None:
    """From the first tile to the store's split by platform."""
    page.locator("a.tb-tile").first.click()
    page.wait_for_url("**/made-of/store?*")
    page.locator("#made-of-grid .ag-row a.tb-store", has_text=name).click()
    page.wait_for_url(f"**/made-of/platform?*store={WEST}*")
    expect(page.locator("#made-of-grid")).to_contain_text("Alipay")


def _refused(window: Visit, path: str) -> None:
    window.open(path)
    expect(window.page.locator(".page")).to_contain_text(NOT_FOR_ROLE)


def _download(window: Visit, path: str) -> int:
    return window.page.request.get(f"{window.address}{path}").status


def _one(made: World, statement: str) -> object:
    with made.board.warehouse.begin(Scope(1)) as connection:
        return connection.scalar(text(statement))


def test_the_owner_on_a_phone(browser: Browser, chain: tuple[World, str]) -> None:
    with visit(browser, chain[1], width=PHONE) as window:
        page = _look(window, "owner")
        _into_a_store(page, "Hillside")
        window.open("/people")
        page.click("#people-invite")
        page.fill("#people-email", "new@example.com")
        page.click("#people-role")
        page.get_by_role("option", name="Viewer").click()
        page.click("#people-save")
        expect(page.locator("#people-address")).to_contain_text("/join/")
        window.open(f"/store/{ELSEWHERE}")  # another chain's
        expect(page.locator(".empty")).to_be_visible()
        expect(page.locator("body")).not_to_contain_text("Harbour")
        window.open(f"/store/{WEST}")
        expect(page.locator(".tb-store-name")).to_have_text("Hillside")
        assert window.problems == []


def test_finance(browser: Browser, chain: tuple[World, str]) -> None:
    with visit(browser, chain[1]) as window:
        page = _look(window, "finance")
        _into_a_store(page, "Hillside")
        expect(page.locator("#made-of-payments [row-index='0']").first).to_contain_text("¥")
        window.open("/stores?period=last7")
        page.locator(".bar-export button").click()
        with page.expect_download() as saved:
            page.locator(".export-ranking a", has_text="CSV").click()
        assert "Hillside" in Path(saved.value.path()).read_text(encoding="utf-8-sig")
        window.open("/imports")
        expect(page.locator("#imports-list")).to_contain_text("west.csv")
        _refused(window, "/people")
        assert window.problems == []


def test_the_store_manager_on_a_phone(browser: Browser, chain: tuple[World, str]) -> None:
    made, address = chain
    yesterday = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=1)
    with visit(browser, address, width=PHONE) as window:
        page = _look(window, "store-west")
        _into_a_store(page, "Hillside")
        window.open(f"/store/{WEST}?period=last7")
        expect(page.locator("#store-peers")).to_contain_text(re.compile("stores"))
        window.open("/plans")
        for end in ("from", "to"):
            page.fill(f"#plans-note-{end}", yesterday.isoformat())
        page.fill("#plans-note-text", "The street was shut")
        page.click("#plans-note-save")
        expect(page.locator("#plans-notes")).to_contain_text("The street was shut")
        assert _one(made, "select count(*) from day_note where note like 'The street%'") == 1
        expect(page.locator("#plans-copy")).to_have_count(0)  # targets are for who plans
        assert _download(window, "/export/ranking.csv?period=last7") == 200
        _refused(window, "/imports")
        assert window.problems == []
