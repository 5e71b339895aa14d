"""From a file that is dropped in to the numbers of a store, with a real worker at work."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from chain.days import Period
from dashboard.pages import PAGES
from dashboard.queue import QueuedJobs
from runtime.embedded import Valkey
from tests.conftest import Database
from tests.e2e.harness import PHONE, Visit, open_browser, visit
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from warehouse.chains import NewStore, add_store
from warehouse.reads import Filters, Reads
from warehouse.session import Scope

pytestmark = pytest.mark.e2e

BILL = Path(__file__).parents[1] / "contract" / "samples" / "wechat_merchant_trade.csv"
PATIENCE = 30_000
TREE = Path(__file__).parents[2]


@dataclass
class Shop:
    """A chain of two stores whose board and worker run."""

    board: Running
    address: str
    stores: dict[str, int]

    def gross(self, store: str) -> int:
        """Return all gross sales of a store in minor units."""
        asked = Filters(
            Period(date(2024, 1, 1), date.today()),  # noqa: DTZ011 - far more than the bills
            stores=(self.stores[store],),
        )
        return Reads(self.board.warehouse, Scope(1)).totals(asked).now["gross"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def shop(
    module_database: Database, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    data = tmp_path_factory.mktemp("shop")
    with redis.Redis.from_url(valkey.cache_url.replace("db=1", "db=0")) as client:
        client.flushdb()
    with running(module_database, data, PAGES, QueuedJobs(valkey.broker_url)) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(_UNASSIGNED)
            stores = {
                code: add_store(connection, 1, NewStore(code, name, "Asia/Shanghai"))
                for code, name in (("A1", "Jing'an"), ("A2", "Xuhui"))
            }
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        worker = _worker(module_database, valkey, data)
        try:
            yield Shop(board, f"http://127.0.0.1:{server.server_port}", stores)
        finally:
            worker.terminate()
            worker.wait()
            server.shutdown()
            thread.join()


_UNASSIGNED = text(
    "insert into store (chain_id, code, name, name_en, time_zone, unassigned)"
    " values (1, 'unassigned', '未分配', 'Unassigned', 'Asia/Shanghai', true)"
)


def _worker(database: Database, valkey: Valkey, data: Path) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLBOARD_")}
    environment = kept | {
        "TILLBOARD_DATABASE_URL": database.app,
        "TILLBOARD_BROKER_URL": valkey.broker_url,
        "TILLBOARD_DATA": str(data),
        "TILLBOARD_PAYER_KEY": "k" * 40,
        "TILLBOARD_SECRET_KEY": "k" * 40,
        "TILLBOARD_WORKER_CONCURRENCY": "1",
    }
    with (data / "worker.log").open("wb") as log:
        command = [sys.executable, "-m", "runtime", "worker"]
        return subprocess.Popen(
            command, env=environment, cwd=TREE, stdout=log, stderr=subprocess.STDOUT
        )


@pytest.fixture
def window(browser: Browser, shop: Shop) -> Iterator[Visit]:
    with visit(browser, shop.address) as opened:
        opened.log_in(EMAIL, PASSWORD)
        yield opened
        assert opened.problems == []


def _send(window: Visit, *files: Path) -> None:
    window.open("/imports")
    with window.page.expect_file_chooser() as chooser:
        window.page.click("[data-choose=files]")
    chooser.value.set_files(list(files))


def _state(page: Page, file: str, word: str) -> None:
    row = page.locator(".imports-table tr", has_text=file)
    expect(row.locator(".badge")).to_have_text(word, timeout=PATIENCE)


def test_a_bill_goes_in_is_bound_and_moves_the_stores_past(window: Visit, shop: Shop) -> None:
    page = window.page
    _send(window, BILL)
    expect(page.locator(".drop-good")).to_contain_text("Sent; see the list below")
    _state(page, BILL.name, "Done")
    assert shop.gross("A1") == 0
    place = page.locator(".place", has_text="terminal SH001")
    expect(place).to_be_visible(timeout=PATIENCE)
    place.locator("input").first.click()
    page.get_by_role("option", name=re.compile("Jing'an")).click()
    place.get_by_role("button", name="Bind").click()
    expect(page.locator(".mantine-Notification-root")).to_contain_text("moved to the store")
    expect(place).to_have_count(0, timeout=PATIENCE)
    gross = shop.gross("A1")
    assert gross > 0
    window.open(f"/store/{shop.stores['A1']}?period=2025-03-01..2025-03-31&metric=gross_sales")
    expect(page.locator("#store-daily")).to_contain_text("Gross sales")
    window.open("/stores?period=2025-03-01..2025-03-31&metric=gross_sales")
    row = page.locator(f".ag-center-cols-container [row-id='{shop.stores['A1']}']")
    expect(row.locator(f"[title='¥{gross / 100:.2f}']")).to_be_visible()


def test_an_unknown_wide_table_is_mapped_by_its_form_and_imported(
    window: Visit, shop: Shop, tmp_path: Path
) -> None:
    page = window.page
    wide = [f"a column of the till that says little: number {number}" for number in range(40)]
    assert len(", ".join(wide)) > 400
    rows = ["2026-03-02 10:00:00,A2,19.90", "2026-03-02 11:00:00,A2,5.10"]
    bill = tmp_path / "till export.csv"
    header = ",".join([*wide, "Sold at", "Shop", "Amount"])
    bill.write_text("\n".join([header, *(("x," * len(wide)) + row for row in rows)]) + "\n")
    _send(window, bill)
    _state(page, bill.name, "Needs you")
    page.click(f".imports-open:has-text('{bill.name}')")
    form = page.locator(".map")
    expect(form).to_contain_text("Read it as your own table")
    form.get_by_label("Date and time").first.click()
    page.get_by_role("option", name="Sold at").click()
    expect(form.get_by_label("Amount").first).to_have_value("Amount")
    expect(form.get_by_label("Payment number").first).to_have_value("")
    page.click("#map-save")
    _state(page, bill.name, "Done")
    # The shop's own code is the till's: nobody needs to bind it.
    assert shop.gross("A2") == 2500


def test_an_import_that_is_undone_leaves_the_figures(
    window: Visit, shop: Shop, tmp_path: Path
) -> None:
    page = window.page
    before = shop.gross("A2")
    lines = [
        "Tillboard cash takings, typed at 2026-04-02 00:00:00.000001",
        "cash_store,cash_day,cash_noon,cash_time_zone,cash_currency,cash_amount",
        "A2,2026-04-01,2026-04-01 12:00:00,Asia/Shanghai,CNY,77.00",
    ]
    bill = tmp_path / "undo me.csv"
    bill.write_text("\n".join(lines) + "\n")
    _send(window, bill)
    _state(page, bill.name, "Done")
    assert shop.gross("A2") == before + 7700
    page.click(f".imports-open:has-text('{bill.name}')")
    page.click("#imports-undo")
    page.click("#undo-sure")
    window.page.wait_for_timeout(300)
    _until_undone(window, bill.name)
    assert shop.gross("A2") == before


def _until_undone(window: Visit, file: str) -> None:
    for _ in range(20):
        window.open("/imports")
        row = window.page.locator(".imports-table tr", has_text=file)
        if row.locator(".badge-undone").count():
            return
        window.page.wait_for_timeout(300)
    pytest.fail("the import was not undone")


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_cash_is_typed_and_stands_there_when_one_comes_back(
    browser: Browser, shop: Shop, width: int
) -> None:
    store = shop.stores["A1"]
    day = date.today() - timedelta(days=2 if width == PHONE else 3)  # noqa: DTZ011
    with visit(browser, shop.address, width=width) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open(f"/cash/{store}")
        assert not window.overflows()
        before = shop.gross("A1")
        box = window.page.locator(".cash-day", has_text=f"{day.day} ").locator("input").first
        box.fill("1,234.50")
        window.page.click("#cash-save")
        expect(window.page.locator(".mantine-Notification-root")).to_contain_text("Days saved: 1")
        window.open("/imports")
        _state(window.page, f"cash-A1-{day:%Y%m%d}.csv", "Done")
        assert shop.gross("A1") == before + 123450
        window.open(f"/cash/{store}")
        again = window.page.locator(".cash-day", has_text=f"{day.day} ").locator("input").first
        expect(again).to_have_value("1234.50")
        assert window.problems == []


def test_a_store_is_added_by_the_form_and_more_by_a_list(
    window: Visit, shop: Shop, tmp_path: Path
) -> None:
    page = window.page
    window.open("/setup/new")
    page.get_by_label("Code").first.fill("B1")
    page.get_by_label("Name", exact=False).first.fill("Bund")
    page.click("#setup-save")
    expect(page.locator(".setup")).to_contain_text("Bund")
    listed = tmp_path / "stores.csv"
    listed.write_text("code,name,city\nB1,Bund,Shanghai\nB2,Lujiazui,Shanghai\n")
    with page.expect_file_chooser() as chooser:
        page.click("[data-stores]")
    chooser.value.set_files([listed])
    expect(page.locator("#setup-said")).to_contain_text("New stores: 1, stores that change: 1")
    expect(page.locator(".setup tbody")).not_to_contain_text("Lujiazui")
    page.click("#setup-take")
    expect(page.locator("#setup-said")).to_have_text("2 stores are in.")
    expect(page.locator(".setup")).to_contain_text("Lujiazui")
    page.fill("#setup-search", "lujia")
    expect(page.locator(".setup tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Lujiazui").click()
    expect(page.get_by_label("City").first).to_have_value("Shanghai")
