"""Inside WeChat: the board works there, an older engine is helped, files are not lost.

The engine here is today's; what an older one lacks is taken away from it. No telephone was tried.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from dashboard.pages import PAGES
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, serve, visit
from tests.integration.boards import EMAIL, PASSWORD, running
from tests.integration.test_access import WECHAT
from tests.integration.test_reads import _fill
from warehouse.session import Scope

pytestmark = pytest.mark.e2e
OLDER = """
for (const [owner, name] of [[Array.prototype, "at"], [String.prototype, "at"],
    [Array.prototype, "findLast"], [Array.prototype, "toSorted"], [String.prototype, "replaceAll"],
    [Object, "hasOwn"], [window, "structuredClone"]]) delete owner[name];
"""
"""An engine of 2020: it reads the scripts, and lacks what came in the years after."""
TOO_OLD = "CSS.supports = () => false;"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(module_database, tmp_path_factory.mktemp("wechat"), PAGES) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from chain"))
            _fill(connection)
        with serve(board.app.server) as found:
            yield found


PERIOD = "period=2026-03-01..2026-03-20&metric=net_sales"


def test_the_board_is_used_in_wechat_by_an_older_engine(browser: Browser, address: str) -> None:
    with visit(browser, address, width=PHONE, lang="zh", agent=WECHAT) as window:
        window.page.add_init_script(OLDER)
        window.log_in(EMAIL, PASSWORD)
        for path in ("/", f"/stores?{PERIOD}", "/imports", "/setup"):
            window.open(path)
            assert not window.overflows(), path
        window.open(f"/stores?{PERIOD}")
        expect(window.page.locator(".ag-center-cols-container .ag-row").first).to_be_visible()
        expect(window.page.locator("#too-old")).to_have_count(0)
        assert window.problems == []


def test_a_file_is_not_tried_in_wechat_and_it_is_said_how(browser: Browser, address: str) -> None:
    with visit(browser, address, width=PHONE, lang="zh", agent=WECHAT) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open(f"/stores?{PERIOD}")
        window.page.click(".bar-export button")
        window.page.click(".export-ranking .export-link >> nth=0")
        expect(window.page.locator("h1")).to_have_text("微信内不能保存文件")
        expect(window.page.locator(".plain-address")).to_contain_text(
            "/export/ranking.xlsx?period="
        )
        assert not window.overflows()
        window.page.go_back()
        window.open("/setup")
        window.page.click("[href='/setup-list/stores.csv']")
        expect(window.page.locator(".plain-address")).to_contain_text("/setup-list/stores.csv")


def test_the_twin_another_browser_saves_it(browser: Browser, address: str) -> None:
    with visit(browser, address, width=DESK) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open(f"/stores?{PERIOD}")
        window.page.click(".bar-export button")
        with window.page.expect_download() as saved:
            window.page.click(".export-ranking .export-link >> nth=0")
        assert saved.value.suggested_filename.endswith(".xlsx")


def test_an_engine_that_is_too_old_is_told_so(browser: Browser, address: str) -> None:
    with visit(browser, address, width=PHONE, agent=WECHAT) as window:
        window.log_in(EMAIL, PASSWORD)
        window.page.add_init_script(TOO_OLD)
        window.open("/")
        expect(window.page.locator("#too-old")).to_contain_text("Open in browser")
