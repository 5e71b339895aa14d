"""Drives the board in a real Chromium: logs in, takes pictures."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

PHONE, DESK = 390, 1440
JUMPS = """
window.tillJumped = 0;
window.tillMoved = [];
const called = node => node?.id || node?.className || node?.parentElement?.id || node?.nodeName;
new PerformanceObserver(list => list.getEntries().forEach(shift => {
  if (shift.hadRecentInput) return;
  window.tillJumped += shift.value;
  shift.sources.forEach(({node, previousRect: was, currentRect: is}) => window.tillMoved.push(
    `${called(node)} from ${was.y}+${was.height} to ${is.y}+${is.height}`));
})).observe({type: "layout-shift", buffered: true});
"""


@contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    """Open the Chromium at ``path`` (the ``chromium`` fixture finds it) for the block."""
    with sync_playwright() as driver:
        # Chromium refuses its sandbox to root, as whom containers run.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=path, args=options)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def serve(server: Flask) -> Iterator[str]:
    """Serve a board for the block, in a thread; give its address."""
    made = make_server("127.0.0.1", 0, server, threaded=True)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()


@dataclass(slots=True)
class Visit:
    """One reader's window. ``problems`` collects what the browser's console complains of."""

    page: Page
    address: str
    problems: list[str]

    def log_in(self, email: str, password: str) -> None:
        """Log in by the form, and wait for the board."""
        self.page.goto(f"{self.address}/login")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        self.page.click(".plain-button")
        self.page.wait_for_selector("#shell")

    def open(self, path: str) -> None:
        """Go to a page and wait until nothing more is loading."""
        self.page.goto(f"{self.address}{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until the network is quiet and no skeleton is left."""
        self.page.wait_for_load_state("networkidle")
        # No script of ours may be evaluated from text here, so a locator waits and not a function.
        grey = self.page.locator(".mantine-Skeleton-root[data-visible]")
        expect(grey).to_have_count(0, timeout=20000)
        self.page.wait_for_timeout(250)

    def shoot(self, path: Path, *, whole: bool = True) -> None:
        """Save a picture of the page (with ``whole``, of all its length)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path, full_page=whole)

    def jumped(self) -> float:
        """Return by how much the page moved under the reader's eye while it loaded.

        The sum of its layout shifts (W3C, *Layout Instability*); up to 0.1 counts as good.
        """
        return float(self.page.evaluate("window.tillJumped || 0"))

    def moved(self) -> list[str]:
        """Return what moved, and from where to where (top and height, in pixels)."""
        return list(self.page.evaluate("window.tillMoved || []"))

    def overflows(self) -> bool:
        """Return whether the page scrolls sideways."""
        script = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(script))


@contextmanager
def visit(
    browser: Browser,
    address: str,
    *,
    width: int = DESK,
    theme: Literal["light", "dark"] = "light",
    lang: Literal["en", "zh"] = "en",
    agent: str | None = None,
) -> Iterator[Visit]:
    """Open a window of ``width`` pixels for a reader of ``lang``, which calls itself ``agent``."""
    context = browser.new_context(
        viewport={"width": width, "height": 844 if width == PHONE else 900},
        color_scheme=theme,
        locale="zh-CN" if lang == "zh" else "en-GB",
        user_agent=agent,
        has_touch=width == PHONE,
        is_mobile=width == PHONE,
        device_scale_factor=2 if width == PHONE else 1,
    )
    context.add_cookies(
        [
            {"name": "tillboard_lang", "value": lang, "url": address},
            {"name": "tillboard_theme", "value": theme, "url": address},
        ]
    )
    page = context.new_page()
    page.add_init_script(JUMPS)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        yield Visit(page, address, problems)
    finally:
        context.close()
