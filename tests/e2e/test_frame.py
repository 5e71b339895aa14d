"""The frame in a real browser: log-in, filter bar and address, themes, an upload."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dash import Dash, Input, Output, html
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from dashboard.frame import FILTERS, Board, Here, Page
from dashboard.pages import imports
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, Visit, open_browser, visit
from tests.integration.boards import EMAIL, PASSWORD, Running, running

pytestmark = pytest.mark.e2e


def _echo(app: Dash, board: Board) -> Page:
    """A page that says what choice it was given."""

    @app.callback(Output("echo", "children"), Input(FILTERS, "data"))
    def say(data: dict[str, object] | None) -> str:
        return board.here().choice(data).query()

    def layout(_here: Here, /, **_variables: str) -> html.Div:
        return html.Div(id="echo")

    return Page("overview", "/", layout, icon="overview", order=1)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[tuple[Running, str]]:
    with running(database, tmp_path, (_echo, imports.page)) as board:
        server = make_server("127.0.0.1", 0, board.app.server, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield board, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _enter(window: Visit) -> None:
    window.log_in(EMAIL, PASSWORD)


def test_bar_address_and_page_say_the_same(browser: Browser, served: tuple[Running, str]) -> None:
    with visit(browser, served[1]) as window:
        _enter(window)
        page = window.page
        expect(page.locator("#echo")).to_contain_text("period=last7")
        page.click("#filter-period-segment button")
        page.get_by_text("Last 28 days").click()
        expect(page.locator("#echo")).to_contain_text("period=last28")
        expect(page.locator("#filter-bar")).to_contain_text("against the 28 before")
        assert "period=last28" in page.url
        window.open("/?period=2026-11-01..2026-11-15&metric=orders")
        expect(page.locator("#echo")).to_contain_text("metric=orders")
        expect(page.locator("#filter-bar")).to_contain_text("2026-11-01 – 2026-11-15")
        assert window.problems == []


def test_what_the_address_says_is_what_each_choice_of_the_bar_shows(
    browser: Browser, served: tuple[Running, str]
) -> None:
    with visit(browser, served[1]) as window:
        _enter(window)
        page = window.page

        def chosen(part: str) -> str:
            page.click(f"#filter-{part}-segment button")
            said = page.locator(".bar-choice:visible input:checked")
            expect(said).to_have_count(1)
            value = said.get_attribute("value")
            said.press("Escape")
            expect(page.locator(".bar-choice:visible")).to_have_count(0)
            return str(value)

        window.open("/?period=last28&against=none&metric=orders")
        assert [chosen(part) for part in ("period", "against", "metric")] == [
            "last28", "none", "orders",
        ]  # fmt: skip
        # An address of the same page, as "back" leads to, is shown as well.
        page.evaluate("history.pushState(null, '', '/?period=last91&against=none&metric=orders')")
        page.evaluate("history.pushState(null, '', '/?period=last7&metric=orders')")
        page.go_back()
        expect(page.locator("#echo")).to_contain_text("period=last91&against=none")
        assert chosen("period") == "last91"
        window.open("/?period=last28&against=none&metric=orders")
        # Looking changes nothing, and a choice made after is of what was chosen last.
        assert "period=last28" in page.url
        page.click("#filter-period-segment button")
        page.get_by_text("Last 13 weeks").click()
        expect(page.locator("#echo")).to_contain_text("period=last91&against=none&metric=orders")
        page.keyboard.press("Escape")
        assert chosen("period") == "last91"
        # What is asked for seldom is behind one line, which is open where it is what is chosen.
        window.open("/?period=last7&metric=gross_sales")
        page.click("#filter-metric-segment button")
        expect(page.locator("#filter-metric-rest")).to_have_attribute("open", "")
        expect(page.locator(".bar-choice:visible input:checked")).to_have_value("gross_sales")
        page.keyboard.press("Escape")
        window.open("/?period=last7")
        page.click("#filter-metric-segment button")
        expect(page.get_by_label("Gross sales")).to_be_hidden()
        page.get_by_text("More figures").click()
        page.get_by_label("Gross sales").check()
        expect(page.locator("#echo")).to_contain_text("metric=gross_sales")
        assert window.problems == []


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_page_scrolls_sideways_or_complains(
    browser: Browser, served: tuple[Running, str], width: int, lang: str
) -> None:
    with visit(browser, served[1], width=width, lang=lang, theme="dark") as window:  # type: ignore[arg-type]
        _enter(window)
        for path in ("/", "/imports", "/nowhere"):
            window.open(path)
            assert not window.overflows(), path
        assert window.problems == []


def test_the_theme_is_switched_and_remembered(
    browser: Browser, served: tuple[Running, str]
) -> None:
    with visit(browser, served[1]) as window:
        _enter(window)
        root = window.page.locator("html")
        window.page.click("#theme-switch")
        expect(root).to_have_attribute("data-mantine-color-scheme", "dark")
        window.page.reload()
        expect(root).to_have_attribute("data-mantine-color-scheme", "dark")


def test_files_are_sent_and_stand_in_the_list(
    browser: Browser, served: tuple[Running, str], tmp_path: Path
) -> None:
    board, address = served
    good, empty = tmp_path / "账单 1.csv", tmp_path / "empty.csv"
    good.write_text("a,b\n1,2\n")
    empty.write_text("")
    with visit(browser, address) as window:
        _enter(window)
        window.open("/imports")
        with window.page.expect_file_chooser() as chooser:
            window.page.click("[data-choose=files]")
        chooser.value.set_files([good, empty])
        expect(window.page.locator(".drop-good")).to_contain_text("Sent; see the list below")
        expect(window.page.locator(".drop-bad")).to_contain_text("empty.csv is empty")
        window.page.click(".imports-open:has-text('账单 1.csv')")
        expect(window.page.locator(".detail")).to_contain_text("Waiting")
    assert [what for what, *_ in board.jobs.asked] == ["import"]


def test_log_out_ends_the_session(browser: Browser, served: tuple[Running, str]) -> None:
    with visit(browser, served[1]) as window:
        _enter(window)
        window.page.click(".head-person button")
        window.page.get_by_text("Log out").click()
        window.page.wait_for_selector("#password")
        window.page.goto(f"{window.address}/imports")
        expect(window.page.locator("#password")).to_be_visible()
