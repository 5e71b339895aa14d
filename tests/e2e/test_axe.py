"""Every page is tried by axe-core, by the rules of WCAG 2.0 to 2.2, levels A and AA.

In light and in dark, on a phone and on a desk, with rows on the pages. What axe can only suspect
(its "incomplete") is not looked at here, and no machine can tell whether words are good.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from sqlalchemy import text

from dashboard.people import hash_password
from tests.conftest import Database
from tests.e2e.harness import DESK, PHONE, Visit, open_browser, serve, visit
from tests.integration.access_world import world
from tests.integration.boards import PASSWORD
from tests.integration.test_access import PAGES

pytestmark = pytest.mark.e2e

OUTSIDE = ("/login", "/forgot")
"""Pages for those who are not logged in."""
INSIDE = (*(path for _, path in PAGES.values()), "/account", "/api/docs", "/nowhere")
OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    },
    # Of WCAG 2.2, and not on by itself.
    "rules": {"target-size": {"enabled": True}},
}
Theme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("axe")
    with world(module_database, data, None) as made:
        with made.board.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set password_hash = :hash"),
                {"hash": hash_password(PASSWORD)},
            )
        with serve(made.board.app.server) as found:
            yield found


@pytest.fixture(scope="module", params=["light", "dark"])
def window(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    """A window of the owner, for all pages of a theme."""
    with visit(browser, address, theme=request.param) as opened:
        opened.log_in("owner@example.com", PASSWORD)
        yield opened


def _found(window: Visit) -> list[str]:
    """Return what breaks a rule, a line each: width, rule, place in the page, and what axe says.

    Of 1.4.10 (reflow) axe tells nothing, so a page that scrolls sideways is a line too.
    """
    lines = []
    for width in (DESK, PHONE):
        window.page.set_viewport_size({"width": width, "height": 900})
        window.settle()
        broken: list[dict[str, Any]] = (
            Axe().run(window.page, options=OPTIONS).response["violations"]
        )
        lines += [
            f"{width} {rule['id']} at {' '.join(node['target'])}: {node['failureSummary']}"
            for rule in broken
            for node in rule["nodes"]
        ]
        if window.overflows():
            lines.append(f"{width} scrolls sideways")
    window.page.set_viewport_size({"width": DESK, "height": 900})
    return lines


@pytest.mark.parametrize("path", INSIDE)
def test_a_page_can_be_read_by_all(window: Visit, path: str) -> None:
    window.open(path)
    assert _found(window) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_who_is_not_logged_in_can_read_too(browser: Browser, address: str, theme: Theme) -> None:
    with visit(browser, address, theme=theme) as stranger:
        for path in OUTSIDE:
            stranger.open(path)
            assert _found(stranger) == [], path


def test_what_breaks_a_rule_is_found(browser: Browser, address: str) -> None:
    with visit(browser, address) as stranger:
        stranger.open("/login")
        stranger.page.locator("#email").evaluate("field => field.labels[0].remove()")
        assert any("label at #email" in line for line in _found(stranger))
