"""The ranking of a thousand stores in a real browser: sorted, searched, walked by keys, saved."""

import csv
import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from dashboard.pages import store, stores
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.integration.boards import EMAIL, PASSWORD, running
from warehouse.session import Scope
from warehouse.sums import create_touched, recompute

pytestmark = pytest.mark.e2e

MANY = 1000
PERIOD = "period=2026-11-16..2026-11-22&metric=gross_sales"
_STORES = text(
    "insert into store (chain_id, code, name, name_en, sort_key, city, opened_on, time_zone)"
    " select 1, 'S' || n, '门店' || n, 'Store ' || n, 'men dian ' || lpad(n::text, 4, '0'),"
    " (array['上海', '成都', '武汉'])[n % 3 + 1], '2025-01-01', 'Asia/Shanghai'"
    " from generate_series(1, :many) n"
)
# The n-th store takes n yuan a day, so that what the table must show is plain.
_PAYMENTS = text(
    "insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,"
    " account_id, place_id, store_id, business_date, platform, kind, currency, external_id)"
    " select 1, gen_random_uuid(), gen_random_uuid(), day + interval '6 hours', 1, now(),"
    " substr(code, 2)::bigint * 100, substr(code, 2)::bigint * 100, 1, 1, store_id, day::date,"
    " 'alipay', 'sale', 'CNY', gen_random_uuid()::text"
    " from store, generate_series(date '2026-11-16', date '2026-11-22', '1 day') day"
    " where not unassigned"
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("ranking")
    with running(module_database, data, (stores.page, store.page)) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(_STORES, {"many": MANY})
            connection.execute(_PAYMENTS)
            create_touched(connection)
            connection.execute(
                text(
                    "insert into touched (business_date, store_id)"
                    " select distinct business_date, store_id from payment"
                )
            )
            recompute(connection, 1)
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _names(page: Page) -> list[str]:
    """Return the names of the rows in view, from the top."""
    cells = page.locator("#stores-grid .ag-pinned-left-cols-container [col-id=name]")
    return [name for _, name in sorted((_top(cell), cell.inner_text()) for cell in cells.all())]


def _top(cell: object) -> float:
    return float(cell.bounding_box()["y"])  # type: ignore[attr-defined]


def _first(page: Page, name: str) -> None:
    expect(
        page.locator("#stores-grid .ag-pinned-left-cols-container [row-index='0'] [col-id=name]")
    ).to_have_text(name)


def test_the_ranking_is_sorted_searched_and_walked_by_keys(browser: Browser, address: str) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open(f"/stores?{PERIOD}")
        page = window.page
        _first(page, "Store 1000")
        assert _names(page)[:3] == ["Store 1000", "Store 999", "Store 998"]
        # A thousand rows are there, and only those in view are drawn.
        assert page.locator("#stores-grid .ag-pinned-left-cols-container .ag-row").count() < 100
        page.click("#stores-grid .ag-header-cell[col-id=value]")
        _first(page, "Store 1")
        page.fill("#stores-search input, input#stores-search", "Store 77")
        _first(page, "Store 77")
        shown = page.locator("#stores-grid .ag-pinned-left-cols-container [col-id=name]")
        expect(shown).to_have_count(19)  # 77, 177 to 977, 770 to 779; no amount with a 77
        row = page.locator("#stores-grid [row-index='0'] [col-id=name]").first
        row.click(position={"x": 150, "y": 20})
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/store/*")
        expect(page.locator(".tb-store-name")).to_have_text("Store 177")
        assert window.problems == []


def test_another_period_keeps_how_the_table_is_sorted_and_searched(
    browser: Browser, address: str
) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.page.request.post(
            f"{address}/language", form={"lang": "en", "next": "/"}, headers={"Origin": address}
        )
        window.open(f"/stores?{PERIOD}")
        page = window.page
        _first(page, "Store 1000")
        page.fill("#stores-search input, input#stores-search", "Store 77")
        page.click("#stores-grid .ag-header-cell[col-id=value]")
        _first(page, "Store 77")
        figure = page.locator("#stores-grid .ag-row[row-index='0'] [col-id=value]").first
        expect(figure).to_contain_text("539")  # seven days of 77 yuan
        page.locator("#filter-period-segment button, #filter-period-segment [role=button]").click()
        page.fill("#filter-from", "2026-11-20")
        expect(figure).to_contain_text("231")  # three days
        _first(page, "Store 77")
        expect(page.locator("#stores-grid .ag-floating-bottom [col-id=value]")).to_contain_text(
            "1.50M"
        )
        assert window.problems == []


@pytest.mark.parametrize(
    ("lang", "heads", "first"),
    [
        ("en", ["#", "Store", "Gross sales, ¥"], ["1", "Store 1000", "7000.00"]),
        ("zh", ["#", "门店", "营业额, ¥"], ["1", "门店1000", "7000.00"]),
    ],
)
def test_the_table_is_saved_in_the_readers_language(
    browser: Browser, address: str, lang: str, heads: list[str], first: list[str], tmp_path: Path
) -> None:
    with visit(browser, address, lang=lang) as window:  # type: ignore[arg-type]
        window.log_in(EMAIL, PASSWORD)
        window.page.request.post(
            f"{address}/language", form={"lang": lang, "next": "/"}, headers={"Origin": address}
        )
        window.open(f"/stores?{PERIOD}")
        _first(window.page, first[1])
        with window.page.expect_download() as saved:
            window.page.click("#stores-save")
        target = tmp_path / "saved.csv"
        saved.value.save_as(target)
        content = target.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(content)))
        assert rows[0][:3] == heads
        assert rows[1][:3] == first
        assert len(rows) == MANY + 1


def test_a_phone_shows_the_ranking_without_scrolling_sideways(
    browser: Browser, address: str
) -> None:
    with visit(browser, address, width=PHONE) as window:
        window.log_in(EMAIL, PASSWORD)
        window.page.request.post(
            f"{address}/language", form={"lang": "en", "next": "/"}, headers={"Origin": address}
        )
        window.open(f"/stores?{PERIOD}")
        _first(window.page, "Store 1000")
        assert not window.overflows()
        # Place, name, figure and change stand beside one another.
        row = window.page.locator("#stores-grid .ag-row[row-index='0']")
        change = row.locator("[col-id=c]").bounding_box()
        assert change is not None
        assert change["x"] + change["width"] <= PHONE


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_nothing_jumps_while_a_page_fills(browser: Browser, address: str, width: int) -> None:
    with visit(browser, address, width=width) as window:
        window.log_in(EMAIL, PASSWORD)
        for path in (f"/stores?{PERIOD}", f"/store/2?{PERIOD}"):
            window.open(path)
            expect(window.page.locator(".main-svg").first).to_be_visible()
            assert window.jumped() < 0.05, (path, window.moved())
