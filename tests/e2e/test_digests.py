"""Digests in a real browser: made by the form, looked at in its box, paused and removed."""

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
OWNER = "owner@example.com"


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


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_from_the_form_to_the_end(browser: Browser, address: str, width: int) -> None:
    with visit(browser, address, width=width) as owner:
        owner.log_in(OWNER, PASSWORD)
        owner.open("/digests")
        page = owner.page
        expect(page.locator("#digests-list")).to_contain_text("You get no digest yet")
        page.click("#digests-add")
        page.click("#digests-rhythm")
        page.get_by_role("option", name="Weekly").click()
        expect(page.locator("#digests-for-daily")).to_be_hidden()
        page.click("#digests-weekday")
        page.get_by_role("option", name="Friday").click()
        page.click("#digests-save")
        mine = page.locator(".digest-table tr", has_text="Mail to owner@example.com")
        expect(mine).to_contain_text("Fri, 08:00")
        mine.get_by_role("button", name="Preview").click()
        frame = page.frame_locator(".digest-frame")
        expect(frame.locator("h1")).to_have_text("The week", timeout=60_000)
        expect(frame.locator("img.for-light").first).to_be_visible()
        page.get_by_role("dialog").get_by_label("Close").click()
        mine.get_by_role("button", name="Pause").click()
        expect(mine).to_contain_text("Paused")
        mine.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(mine).to_have_count(0)
        assert not owner.overflows()
        assert owner.problems == []
