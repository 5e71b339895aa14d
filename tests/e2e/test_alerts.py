"""Alerts in a real browser: a rule is made of choices, fires, is noted, and is off the overview."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text
from werkzeug.serving import make_server

from dashboard.people import hash_password
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, visit
from tests.integration.access_world import World, world
from tests.integration.boards import PASSWORD
from warehouse.session import Scope
from workers.alerts import Alerts

pytestmark = pytest.mark.e2e
OWNER = "owner@example.com"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[tuple[World, str]]:
    with world(database, tmp_path, None) as made:
        with made.board.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set password_hash = :hash"),
                {"hash": hash_password(PASSWORD)},
            )
        with made.board.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from alert"))
            connection.execute(text("update alert_rule set deleted_at = now(), origin = 'start:x'"))
        server = make_server("127.0.0.1", 0, made.board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_from_a_sentence_to_a_note(browser: Browser, opened: tuple[World, str]) -> None:
    made, address = opened
    with visit(browser, address) as window:
        window.log_in(OWNER, PASSWORD)
        window.open("/alerts")
        page = window.page
        expect(page.locator("#alerts-sentence")).to_contain_text("Nothing is open")
        page.get_by_role("button", name="New rule").click()
        say = page.locator("#alerts-say")
        expect(say).to_contain_text("below its forecast range for 2 days running")
        page.click("#alerts-kind")
        page.get_by_role("option", name="is below a bound").click()
        expect(page.locator("#alerts-bound")).to_be_visible()
        page.fill("#alerts-bound", "50")
        page.fill("#alerts-days", "1")
        page.locator("#alerts-stores").click()
        page.get_by_role("option", name="Hillside").click()
        expect(say).to_have_text("Tell me when net sales of Hillside is below ¥50.")
        say.click()  # beside the list, which closes it
        page.get_by_label("On the board of everybody").check()
        page.click("#alerts-save")
        rules = page.locator("#alerts-rules")
        expect(rules).to_contain_text("Tell me when net sales of Hillside is below ¥50.")
        # The row that came with it has buttons, and none of them was pressed.
        window.settle()
        expect(page.locator("#alerts-save")).to_be_hidden()

        Alerts(made.board.warehouse, made.board.settings).watch(datetime.now(UTC))
        window.open("/")
        expect(page.locator("#overview-alerts")).to_contain_text("Hillside: Net sales")
        page.locator("#overview-alerts").get_by_role("link").first.click()
        expect(page.locator("#alerts-open")).to_contain_text("Hillside: Net sales")
        page.get_by_role("button", name=re.compile("Keep quiet: Hillside")).click()
        page.get_by_text("30 days").click()
        page.click("#alerts-quiet-save")
        expect(page.locator("#alerts-open")).to_contain_text("quiet until")
        page.get_by_role("button", name=re.compile("End the quiet: Hillside")).click()
        expect(page.locator("#alerts-open")).not_to_contain_text("quiet until")
        page.get_by_role("button", name=re.compile("Note what is done: Hillside")).click()
        page.fill("#alerts-note", "called them")
        page.click("#alerts-note-save")
        expect(page.locator("#alerts-open")).to_contain_text("called them")
        expect(page.locator("#alerts-history")).to_contain_text("Hillside: Net sales")
        window.open("/")
        expect(page.locator("#overview-alerts")).to_be_empty()
        assert window.problems == []


def test_a_regular_export_is_made_and_changed_in_one_form(
    browser: Browser, opened: tuple[World, str]
) -> None:
    with visit(browser, opened[1]) as window:
        window.log_in(OWNER, PASSWORD)
        window.open("/exports")
        page = window.page
        page.get_by_role("button", name="New schedule").click()
        page.locator("#schedules-cities").click()
        page.get_by_role("option", name="Chengdu").click()
        page.locator("#schedules-at").click()  # beside the list, which closes it
        page.click("#schedules-save")
        listed = page.locator("#schedules-list")
        expect(listed).to_contain_text("Every Monday at 08:00")
        expect(listed).to_contain_text("Chengdu")
        window.settle()
        expect(page.locator("#schedules-save")).to_be_hidden()
        expect(listed).not_to_contain_text("paused")
        page.get_by_role("button", name=re.compile("Change: Every Monday")).click()
        expect(page.locator("#schedules-at")).to_have_value("08:00")
        expect(page.locator("#schedules-form")).to_contain_text("Chengdu")
        page.fill("#schedules-at", "09:15")
        page.click("#schedules-save")
        expect(listed).to_contain_text("Every Monday at 09:15")
        expect(listed.get_by_role("listitem")).to_have_count(1)
        assert window.problems == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_page_fits_and_complains_of_nothing(
    browser: Browser, opened: tuple[World, str], width: int, lang: str
) -> None:
    made, address = opened
    alerts = Alerts(made.board.warehouse, made.board.settings)
    with made.board.warehouse.begin(Scope(1)) as connection:
        connection.execute(text("update alert_rule set deleted_at = null"))
    alerts.watch(datetime.now(UTC))
    with visit(browser, address, width=width, lang=lang, theme="dark") as window:  # type: ignore[arg-type]
        window.log_in(OWNER, PASSWORD)
        window.open("/alerts")
        expect(window.page.locator(".alert-group")).to_have_count(1)
        assert not window.overflows()
        window.page.locator(".alert-top button").click()
        expect(window.page.locator("#alerts-say")).not_to_be_empty()
        window.page.wait_for_timeout(300)
        assert not window.overflows()
        assert window.problems == []
