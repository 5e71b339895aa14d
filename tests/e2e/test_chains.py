"""Who is in several chains: chosen in the head; a page left open in the other is not mixed up."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text

from dashboard import guard
from dashboard.pages import PAGES
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, serve, visit
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.session import Scope

pytestmark = pytest.mark.e2e
KNOWN_FOR = 1000 * guard.PERSON_SECONDS + 500
"""Milliseconds after which a process asks again what it knows of a person."""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def two(database: Database, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A board with the chains Tea and Coffee, and an owner of both."""
    with running(database, tmp_path, PAGES) as board:
        with board.warehouse.directory() as connection:
            connection.execute(
                text("select nextval(pg_get_serial_sequence('public.chain', 'chain_id'))")
            )
        second = create_chain(board.warehouse, NewChain("Coffee"))
        assert second == 2
        with board.warehouse.directory() as connection:
            connection.execute(
                text(
                    "insert into directory.membership (chain_id, user_id, role)"
                    " select 2, user_id, 'owner' from directory.app_user"
                )
            )
        for chain, name in ((1, "Hillside"), (2, "Harbour")):
            with board.warehouse.begin(Scope(chain)) as connection:
                add_store(connection, chain, NewStore("S1", name, "Asia/Shanghai"))
        with serve(board.app.server) as address:
            yield board, address


def _choose(page: Page, name: str) -> None:
    page.click(".head-chain")
    page.click(f".chain-way:has-text('{name}')")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_chain_is_chosen_and_the_page_is_its_own(
    browser: Browser, two: tuple[Running, str], tmp_path: Path, width: int
) -> None:
    board, address = two
    with visit(browser, address, width=width) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/setup")
        expect(window.page.locator(".setup")).to_contain_text("Hillside")
        assert not window.overflows()
        _choose(window.page, "Coffee")
        expect(window.page.locator(".head-chain")).to_have_text("Coffee")
        window.open("/setup")
        expect(window.page.locator(".setup")).to_contain_text("Harbour")
        expect(window.page.locator("body")).not_to_contain_text("Hillside")
        bill = tmp_path / "coffee.csv"
        bill.write_text("a,b\n")
        window.open("/imports")
        with window.page.expect_file_chooser() as chooser:
            window.page.click("[data-choose=files]")
        with window.page.expect_request("**/upload") as sent:
            chooser.value.set_files([bill])
        # By this the server refuses a file of a page that is of another chain by now.
        assert sent.value.headers["x-tillboard-chain"] == "2"
        expect(window.page.locator(".drop-good")).to_be_visible()
        assert [(what, chain) for what, chain, _ in board.jobs.asked] == [("import", 2)]
        assert window.problems == []


def test_a_page_left_open_in_the_other_chain_begins_anew(
    browser: Browser, two: tuple[Running, str]
) -> None:
    _board, address = two
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/setup")
        old = window.page
        new = old.context.new_page()
        new.goto(address)
        _choose(new, "Coffee")
        expect(new.locator(".head-chain")).to_have_text("Coffee")
        # What it asks for next, by itself or by a hand, tells it.
        expect(old.locator(".head-chain")).to_have_text("Coffee", timeout=20_000)
        expect(old.locator("body")).not_to_contain_text("Hillside")


def test_a_chain_to_be_removed_says_so_to_all_and_is_kept_again(
    browser: Browser, two: tuple[Running, str]
) -> None:
    _board, address = two
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        page = window.page
        window.open("/chain")
        page.fill("#chain-remove-name", "Coffee")
        page.fill("#chain-remove-password", PASSWORD)
        page.click("#chain-remove")
        expect(page.locator(".mantine-Notification-root")).to_contain_text("not the chain's name")
        page.fill("#chain-remove-name", "Tea")
        page.click("#chain-remove")
        expect(page.locator(".chain-due")).to_contain_text("will be removed on")
        page.wait_for_timeout(KNOWN_FOR)
        window.open("/imports")
        expect(page.locator(".leaving")).to_contain_text("asked for this chain to be removed")
        window.open("/chain")
        page.click("#chain-keep")
        expect(page.locator("#chain-remove")).to_be_visible()
        page.wait_for_timeout(KNOWN_FOR)
        window.open("/imports")
        expect(page.locator(".leaving")).to_have_count(0)
        assert window.problems == []
