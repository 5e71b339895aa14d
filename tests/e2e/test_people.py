"""People in a real browser: an owner invites; the invited joins, sees a store, and is let go."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from dashboard.people import hash_password
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.integration.access_world import world
from tests.integration.boards import PASSWORD

pytestmark = pytest.mark.e2e
OWNER, GUEST = "owner@example.com", "li@example.com"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def address(database: Database, tmp_path: Path) -> Iterator[str]:
    with world(database, tmp_path, None) as made:
        with made.board.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set password_hash = :hash"),
                {"hash": hash_password(PASSWORD)},
            )
        server = make_server("127.0.0.1", 0, made.board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_from_the_invitation_to_the_last_log_out(browser: Browser, address: str) -> None:
    with visit(browser, address) as owner, visit(browser, address, width=PHONE) as guest:
        owner.log_in(OWNER, PASSWORD)
        owner.open("/people")
        page = owner.page
        page.click("#people-invite")
        page.fill("#people-email", GUEST)
        page.fill("#people-name", "Li")
        page.click("#people-stores")
        page.get_by_role("option", name="Hillside").click()
        page.click("#people-may")  # beside the list, which closes it
        page.click("#people-save")
        link = page.locator("#people-address").inner_text()
        page.get_by_role("dialog", name="Send this link").get_by_label("Close").click()
        expect(page.locator("#people-list")).to_contain_text("One more is invited")

        guest.page.goto(link)
        guest.page.fill("#password", "a password of mine")
        guest.page.click(".plain-button")
        guest.page.wait_for_selector("#shell")
        guest.open("/stores")
        expect(guest.page.locator("#stores-table")).to_contain_text("Hillside")
        expect(guest.page.locator("#stores-table")).not_to_contain_text("Lakeside")
        guest.open("/people")
        expect(guest.page.locator(".page")).to_contain_text("not for your role")

        owner.open("/people")
        page.get_by_role("button", name=re.compile("Take access away: Li")).click()
        page.get_by_role("button", name="Take access away", exact=True).click()
        expect(page.locator("#people-list")).not_to_contain_text(GUEST)
        guest.page.wait_for_timeout(5500)  # a process trusts what it knows of a person for so long
        guest.page.goto(f"{address}/stores")
        expect(guest.page.locator("#password")).to_be_visible()
        assert owner.problems == []


def test_a_person_is_changed_in_place(browser: Browser, address: str) -> None:
    with visit(browser, address) as owner:
        owner.log_in(OWNER, PASSWORD)
        owner.open("/people")
        page = owner.page
        page.get_by_role("button", name="Change: store-east@example.com").click()
        expect(page.locator("#people-may")).to_have_text("Sees some stores, and exports them.")
        page.click("#people-role")
        page.get_by_role("option", name="Viewer").click()
        expect(page.locator("#people-may")).to_contain_text("Looks only")
        page.click("#people-save")
        row = page.locator("tr", has_text="store-east@example.com")
        expect(row).to_contain_text("Viewer")
        expect(row).to_contain_text("Lakeside")
        assert owner.problems == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_scrolls_sideways_or_complains(
    browser: Browser, address: str, width: int, lang: str
) -> None:
    with visit(browser, address, width=width, lang=lang, theme="dark") as window:  # type: ignore[arg-type]
        for path in ("/login", "/forgot", "/join/nothing", "/reset/nothing"):
            window.page.goto(f"{address}{path}")
            assert not window.overflows(), path
        gone = [said for said in window.problems if "410" not in said]
        assert gone == []
        window.log_in(OWNER, PASSWORD)
        window.problems.clear()
        for path in ("/people", "/account"):
            window.open(path)
            assert not window.overflows(), path
        assert window.problems == []
