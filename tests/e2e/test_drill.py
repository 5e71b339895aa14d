"""From a tile to the payments in a real browser, and the filter bar with a thousand stores."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from dashboard.pages import made_of, overview, store, stores
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.integration.boards import EMAIL, PASSWORD, running
from warehouse.session import Scope
from warehouse.sums import create_touched, recompute

pytestmark = pytest.mark.e2e

MANY = 1000
_STORES = text(
    "insert into store (chain_id, code, name, name_en, sort_key, city, opened_on, time_zone)"
    " select 1, 'S' || n, '门店' || n, 'Store ' || n, 'men dian ' || lpad(n::text, 4, '0'),"
    " (array['上海', '成都', '武汉'])[n % 3 + 1], '2025-01-01', 'Asia/Shanghai'"
    " from generate_series(1, :many) n"
)
_ACCOUNTS = text(
    "insert into account (chain_id, account_id, platform, ref) overriding system value"
    " values (1, 1, 'alipay', '2088'), (1, 2, 'wechat', '1600')"
)
# Three stores take money, for three weeks up to yesterday; the first has more payments in a day
# than are fetched at once.
_PAYMENTS = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross,
        merchant_subsidy, net, account_id, place_id, store_id, business_date, platform, channel,
        kind, currency, external_id)
    select 1, gen_random_uuid(), gen_random_uuid(),
        (day - 1)::timestamp at time zone 'Asia/Shanghai' + interval '34 hours'
            + make_interval(mins => n),
        1, now(), case kind when 'sale' then 1000 + n else -300 end,
        case kind when 'sale' then 100 else 0 end, 900, account_id, 1, store_id, day, platform,
        case when n % 2 = 0 then 'delivery' else '' end, kind, 'CNY', gen_random_uuid()::text
    from (select (now() at time zone 'Asia/Shanghai')::date - back as day
            from generate_series(1, 21) back) days,
        store, account, unnest(array['sale', 'refund']) kind,
        generate_series(1, case substr(code, 2)::int when 1 then 130 else 4 end) n
    where code in ('S1', 'S2', 'S3') and (kind = 'sale' or n = 1)
    """
)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pages = (overview.page, stores.page, store.page, made_of.page)
    with running(module_database, tmp_path_factory.mktemp("drill"), pages) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(_STORES, {"many": MANY})
            connection.execute(_ACCOUNTS)
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
        # A list that is still being fetched when its window closes ends before the database goes.
        server.daemon_threads = False  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        server.server_close()
        thread.join()


def _row(page: Page, name: str) -> None:
    page.locator("#made-of-grid .ag-row a.tb-store", has_text=re.compile(f"^{name}$")).click()


@pytest.mark.parametrize(
    ("lang", "name", "platform", "sum_", "unstated"),
    [
        # 130 sales of 1,000 + n fen less 100 of subsidy each, less a refund of 300.
        ("en", "Store 1", "Alipay", "¥1,252.15", "Channel not stated"),
        ("zh", "门店1", "支付宝", "¥1,252.15", "未注明渠道"),
    ],
)
def test_a_tile_leads_to_the_payments_on_a_phone(
    browser: Browser, address: str, lang: str, name: str, platform: str, sum_: str, unstated: str
) -> None:
    with visit(browser, address, width=PHONE, lang=lang) as window:  # type: ignore[arg-type]
        window.log_in(EMAIL, PASSWORD)
        window.open("/")
        page = window.page
        page.locator("a.tb-tile").first.click()
        page.wait_for_url("**/made-of/store?*")
        assert "period=yesterday" in page.url
        expect(page.locator("#made-of-terms .drill-result")).to_be_visible()
        _row(page, name)
        page.wait_for_url("**/made-of/platform?*")
        assert "store=" in page.url
        _row(page, platform)
        page.wait_for_url("**/made-of/channel?*")
        expect(page.locator("#made-of-terms .drill-result")).to_contain_text(sum_)
        expect(page.locator(".drill-told")).to_contain_text(sum_)
        expect(page.locator("#made-of-grid")).to_contain_text(unstated)
        window.settle()
        page.locator("#made-of-payments").scroll_into_view_if_needed()
        newest = page.locator("#made-of-payments [row-index='0'] [col-id=top]")
        expect(newest).to_contain_text("¥10.30")
        assert not window.overflows()
        assert window.problems == []


def test_payments_go_on_as_they_are_scrolled(browser: Browser, address: str) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        page = window.page
        window.open("/stores?period=yesterday&metric=gross_sales")
        page.get_by_text("What this is made of").click()
        page.wait_for_url("**/made-of/store?*")
        _row(page, "Store 1")
        page.wait_for_url("**/made-of/platform?*")
        window.settle()
        page.locator("#made-of-payments").scroll_into_view_if_needed()
        expect(page.locator("#made-of-payments [row-index='0']").first).to_contain_text("11.30")
        page.locator("#made-of-payments [row-index='0'] [col-id=paid]").click()
        # 130 sales of each platform, from the last minute to the first, a hundred at a time.
        for row, amount in ((100, "10.80"), (200, "10.30"), (259, "10.01")):
            page.keyboard.press("Control+End")
            last = page.locator(f"#made-of-payments [row-index='{row}'] [col-id=paid]")
            expect(last).to_contain_text(amount, timeout=15000)
        expect(page.locator("#made-of-payments [row-index='260']")).to_have_count(0)
        assert window.problems == []


def test_a_row_is_opened_by_keys(browser: Browser, address: str) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/made-of/day?period=last7&metric=average_ticket")
        page = window.page
        page.locator("#made-of-grid [row-index='1'] [col-id=v]").click()
        page.keyboard.press("Enter")
        page.wait_for_url("**/made-of/store?*")
        assert re.search(r"period=(\d{4}-\d\d-\d\d)\.\.\1", page.url)
        expect(page.locator(".drill-divided")).to_be_visible()
        assert window.problems == []


def test_one_of_a_thousand_stores_is_found_by_typing(browser: Browser, address: str) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/stores?period=last7&metric=net_sales")
        page = window.page
        page.click("#filter-store-segment button.bar-word")
        page.fill("#filter-store", "mendian0002")
        options = page.locator("[role=option]")
        expect(options).to_have_count(1)
        options.first.click()
        expect(page.locator("#filter-store-word")).to_have_text("Store 2")
        page.wait_for_url("**store=*")
        expect(page.locator(".ag-pinned-left-cols-container [col-id=name]:has(a)")).to_have_count(1)
        page.fill("#filter-store", "")
        assert page.locator("[role=option]").count() <= 50
        assert window.problems == []


def test_what_is_compared_with_is_chosen_and_kept_in_the_address(
    browser: Browser, address: str
) -> None:
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/stores?period=last7&metric=net_sales")
        page = window.page
        page.click("#filter-against-segment button.bar-word")
        page.get_by_role("radio", name="Nothing").click()
        expect(page.locator("#filter-against-word")).to_have_text("without comparison")
        page.wait_for_url("**against=none**")
        page.reload()
        expect(page.locator("#filter-against-word")).to_have_text("without comparison")
        window.settle()
        expect(page.locator("#stores-sentence")).not_to_contain_text("before")
        assert window.problems == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("store=999999", "a store that is not among yours"),
        ("period=last8&platform=nowhere", "something that is not known here"),
        ("period=1926-01-01..2026-12-31", "longer than ten years"),
        ("period=2026-11-01..2026-11-07&against=2026-10-01..2026-10-30", "differ in length"),
    ],
)
def test_a_link_that_asks_too_much_is_answered_with_a_sentence(
    browser: Browser, address: str, query: str, told: str
) -> None:
    with visit(browser, address, width=DESK) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open(f"/stores?{query}")
        page = window.page
        expect(page.locator("#filter-note")).to_contain_text(told)
        expect(page.locator("#stores-grid")).to_be_visible()
        assert "999999" not in page.url
        assert "nowhere" not in page.url
        page.click("#filter-metric-segment button.bar-word")
        page.get_by_role("radio", name="Orders", exact=True).click()
        if "store" in query or "platform" in query:
            expect(page.locator("#filter-note")).to_have_text("")
        assert window.problems == []
