"""Inside WeChat: the board works there, an older engine is helped, files are not lost.

The engine here is today's; what an older one lacks is taken away from it. No telephone was tried.
"""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from chain.settings import Settings
from dashboard.pages import PAGES
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, serve, visit
from tests.integration.boards import EMAIL, PASSWORD, running
from tests.integration.test_access import WECHAT
from tests.integration.test_reads import _fill
from tests.provider import CLIENT, SECRET, provider
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


def test_a_shared_link_survives_the_sign_on_within_wechat(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    """A view sent in a chat, opened by who is not logged in, with its words in Chinese."""
    link = f"/stores?{PERIOD}&against=none&city={quote('上海')}&platform=alipay"
    with provider() as known:
        known.claims = {"email": EMAIL}
        settings = Settings(
            data=tmp_path, oidc_issuer=known.address, oidc_client_id=CLIENT,
            oidc_client_secret=SECRET, oidc_name="Acme",
        )  # fmt: skip
        with running(database, tmp_path, PAGES, settings=settings) as board:
            with board.warehouse.begin(Scope(1)) as connection:
                connection.execute(text("delete from chain"))
                _fill(connection)
            with (
                serve(board.app.server) as address,
                visit(browser, address, width=PHONE, lang="zh", agent=WECHAT) as window,
            ):
                window.page.add_init_script(OLDER)
                window.page.goto(address + link)
                window.page.get_by_role("link", name="Acme").click()
                window.page.wait_for_selector("#shell")
                window.settle()
                shown = parse_qs(urlsplit(window.page.url).query)
                asked = parse_qs(urlsplit(link).query)
                assert {name: shown.get(name) for name in asked} == asked
                expect(window.page.locator("#filter-bar")).to_contain_text("上海")
                expect(
                    window.page.locator(".ag-center-cols-container .ag-row").first
                ).to_be_visible()
                assert not window.overflows()
                # Taken back into the chat and opened again, nobody is asked a second time.
                window.page.goto(address + link)
                window.page.wait_for_selector("#shell")
                assert "/login" not in window.page.url
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
