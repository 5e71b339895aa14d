"""From files of areas and competitors to suggestions, a pin, a comparison, the opening case."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.pages import PAGES
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, open_browser, serve, visit
from tests.integration.boards import EMAIL, PASSWORD, Running, running
from tests.papers import pages_of
from tests.site_chain import town_chain, yesterday
from tests.sites import town
from workers.sites import Sites

pytestmark = pytest.mark.e2e

PATIENCE = 60_000
PICTURES = os.environ.get("TILLBOARD_PICTURES")
"""A directory for pictures of what is tested, where somebody wants to look."""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with open_browser(chromium) as opened:
        yield opened
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def board(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(module_database, tmp_path_factory.mktemp("sites"), PAGES) as opened:
        town_chain(opened.warehouse, 1, yesterday(), files=False)
        yield opened


@pytest.fixture(scope="module")
def address(board: Running) -> Iterator[str]:
    with serve(board.app.server) as at:
        yield at


def test_from_files_to_an_opening_case(
    browser: Browser, board: Running, address: str, tmp_path: Path
) -> None:
    made = town()
    for kind in ("areas", "competitors"):
        made[kind].to_csv(tmp_path / f"{kind}.csv", index=False)
    with visit(browser, address) as window:
        window.log_in(EMAIL, PASSWORD)
        window.open("/locations")
        page = window.page
        expect(page.locator("#locations-sentence")).to_contain_text("Where could you open next?")
        for kind in ("areas", "competitors"):
            _send(page, kind, tmp_path / f"{kind}.csv")
        expect(page.locator("#locations-files")).to_contain_text("areas.csv: 256 rows, WGS-84")
        page.fill("#locations-capex", "200000")
        page.fill("#locations-margin", "60")
        page.click("#locations-start")
        expect(page.locator("#locations-sentence")).to_contain_text("waiting for its turn")
        assert ("sites", 1, 0) in board.jobs.asked
        Sites(board.warehouse).run(1)
        expect(page.locator("#locations-list")).to_contain_text("usually between")
        expect(page.locator("#locations-honesty")).to_contain_text("left out in turn")
        expect(page.locator("#locations-map .maplibregl-canvas")).to_be_visible()
        page.fill("#locations-lat", "31.7700")
        page.fill("#locations-lon", "117.2800")
        page.click("#locations-ask")
        expect(page.locator("#locations-answer")).to_contain_text("A store at 31.7700, 117.2800")
        page.click("#locations-compare")
        options = page.locator(".mantine-MultiSelect-option")
        options.nth(0).click()
        options.nth(1).click()
        page.keyboard.press("Escape")
        expect(page.locator("#locations-side thead th")).to_have_count(3)
        with page.expect_download() as coming:
            page.locator("#locations-list a").first.click()
        said = pages_of(Path(coming.value.path()).read_bytes())
        assert 1 <= len(said) <= 3
        assert "A store here would usually take" in said[0]
        assert "areas.csv" in "".join(said)
        assert not window.problems


@pytest.mark.parametrize(
    ("lang", "width", "theme"),
    [("en", DESK, "light"), ("zh", PHONE, "light"), ("zh", DESK, "dark")],
)
def test_it_reads_well_everywhere(
    browser: Browser, board: Running, address: str, lang: str, width: int, theme: str
) -> None:
    with visit(browser, address, width=width, lang=lang, theme=theme) as window:  # type: ignore[arg-type]
        window.log_in(EMAIL, PASSWORD)
        window.open("/locations")
        expect(window.page.locator("#locations-map .maplibregl-canvas")).to_be_visible()
        assert not window.overflows()
        assert not window.problems
        if PICTURES:
            window.shoot(Path(PICTURES) / f"locations-{lang}-{width}-{theme}.png")


def _send(page: Page, kind: str, path: Path) -> None:
    with page.expect_file_chooser() as asked:
        page.click(f"[data-sites={kind}]")
    asked.value.set_files(path)
    expect(page.locator("#locations-said")).to_contain_text(f"{path.name} is in")
