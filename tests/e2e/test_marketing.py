"""From a list of what was spent to a changed plan, in a real browser."""

import csv
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from dashboard.pages import PAGES
from etl.spendlist import read_spend
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.futures import LAST, add_up, sell
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from warehouse import budgets
from warehouse.chains import NewStore, add_store
from warehouse.reads import Reads
from warehouse.session import Scope
from warehouse.spend import set_spend
from workers.marketing import Marketing

pytestmark = pytest.mark.e2e

WEEKS = 40
PATIENCE = 30_000
BRINGS = {"美团推广": 3.0, "电梯广告": 0.0}


@dataclass
class Shop:
    """A chain of six stores whose board is served, and the list of what it spent."""

    board: Running
    address: str
    spent: bytes


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with open_browser(chromium) as opened:
        yield opened
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def shop(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with running(module_database, tmp_path_factory.mktemp("marketing"), PAGES) as board:
        spent = _sold(board)
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Shop(board, f"http://127.0.0.1:{server.server_port}", spent)
        server.shutdown()
        thread.join()


def _sold(board: Running) -> bytes:
    """Write sales in which one channel brings three times its money and one nothing."""
    rng = np.random.default_rng(12)
    sunday = LAST - timedelta(days=(LAST.weekday() + 1) % 7)
    lines = [("周一", "渠道", "门店编号", "花费")]
    with board.warehouse.begin(Scope(1)) as connection:
        for number in range(6):
            store = add_store(connection, 1, NewStore(f"S{number}", f"店{number}", "Asia/Shanghai"))
            usual = 300_000 * (1 + number / 4)
            for week in range(WEEKS):
                monday = sunday - timedelta(days=7 * (WEEKS - week) - 1)
                extra = 0.0
                for channel, brings in BRINGS.items():
                    money = int(rng.random() < 0.5) * int(usual * rng.uniform(0.1, 0.35))
                    lines.append((f"{monday}", channel, f"S{number}", f"{money / 100:.2f}"))
                    extra += brings * money / 7
                for day in range(7):
                    taken = int(usual * rng.normal(1, 0.15) + extra)
                    sell(connection, 1, store, monday + timedelta(days=day), taken)
        add_up(connection, 1)
    written = io.StringIO()
    csv.writer(written).writerows(lines)
    return written.getvalue().encode()


def test_from_a_list_of_spend_to_a_changed_plan(
    browser: Browser, shop: Shop, tmp_path: Path
) -> None:
    with visit(browser, shop.address, width=DESK) as window:
        window.log_in(EMAIL, PASSWORD)
        page = window.page
        window.open("/marketing")
        expect(page.locator("#marketing-head")).to_contain_text("What does your marketing bring")
        expect(page.get_by_role("button", name="Find out what it brings")).to_be_disabled()
        sheet = tmp_path / "花费.csv"
        sheet.write_bytes(shop.spent.replace(b"S0", b"S9", 1))
        _send(page, sheet)
        expect(page.locator("#marketing-said")).to_contain_text("S9")
        sheet.write_bytes(shop.spent)
        _send(page, sheet)
        expect(page.locator("#marketing-spend")).to_contain_text("电梯广告")
        page.get_by_role("button", name="Find out what it brings").click()
        expect(page.locator("#marketing-work")).to_contain_text("Finding out what each channel")
        (asked,) = [job for job in shop.board.jobs.asked if job[0] == "marketing"]
        Marketing(shop.board.warehouse).advise(asked[1], asked[2])
        expect(page.locator("#marketing-head")).to_contain_text("paying their way")
        expect(page.locator("#marketing-channels")).to_contain_text("美团推广 brings sales back")
        expect(page.locator("#marketing-channels")).to_contain_text("电梯广告")
        page.get_by_role("button", name="Advise").click()
        expect(page.locator("#marketing-plan")).to_contain_text("better is")
        row = page.locator("#marketing-plan tr", has_text="美团推广")
        expect(row).to_contain_text("▲")
        page.fill("#marketing-total", "viel")
        page.get_by_role("button", name="Advise").click()
        expect(page.locator("body")).to_contain_text("is no amount")
        # The browser itself complains of the list that was refused.
        assert all("Failed to load resource" in each for each in window.problems)


def _advised(board: Running, spent: bytes) -> None:
    """Have the advice made, unless it is."""
    reads = Reads(board.warehouse, Scope(1))
    if reads.marketing_advice() is not None:
        return
    stores = reads.stores()
    codes = dict(zip(stores["code"], stores["store_id"].astype(int), strict=True))
    with board.warehouse.begin(Scope(1)) as connection:
        set_spend(connection, 1, read_spend(spent, codes, "CNY"), "CNY")
        plan = budgets.ask(connection, 1)
    Marketing(board.warehouse).advise(1, plan)


def _send(page: object, sheet: Path) -> None:
    with page.expect_file_chooser() as chosen:  # type: ignore[attr-defined]
        page.get_by_role("button", name="Send a list").click()  # type: ignore[attr-defined]
    chosen.value.set_files(sheet)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_scrolls_sideways_nowhere(browser: Browser, shop: Shop, width: int, lang: str) -> None:
    _advised(shop.board, shop.spent)
    with visit(browser, shop.address, width=width) as window:
        window.log_in(EMAIL, PASSWORD)
        window.page.request.post(
            f"{shop.address}/language",
            form={"lang": lang, "next": "/"},
            headers={"Origin": shop.address},
        )
        window.open("/marketing")
        expect(window.page.locator("#marketing-channels .main-svg").first).to_be_visible()
        # By keys, as the bar at a phone's bottom lies over what is only just in view.
        window.page.locator("#marketing-split").press("Enter")
        expect(window.page.locator("#marketing-plan table")).to_be_visible()
        assert not window.overflows()
        assert window.problems == []
