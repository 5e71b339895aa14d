"""How soon a reader sees figures: ``python -m bench paint``, in a real Chromium.

The chain is that of ``bench board``. *Cold* opens the overview in a browser that has never been
here, *cached* in one that has its assets, both with figures that nobody has asked for before.
Painted is when no grey shape is left and every picture is drawn, by the page's own clock from the
start of navigation. *Filter* is from a tap on another period to the new sentence and table.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from bench.board.data import Size
from bench.board.run import EMAIL, cold, free_port, made_chain, served
from chain.settings import Settings
from runtime.installation import Installation
from tests.browser import find
from tests.e2e.harness import DESK, open_browser
from warehouse import migrations
from warehouse.session import Warehouse

TARGETS = {"cold": 4000, "cached": 1500, "filter": 300}
_WATCH = """
window.tillPainted = new Promise(done => {
  const whole = () => {
    const there = document.querySelector("#overview-daily .js-plotly-plot .main-svg");
    const grey = document.querySelector(".mantine-Skeleton-root[data-visible]");
    if (there && !grey) requestAnimationFrame(() => done(performance.now()));
    else requestAnimationFrame(whole);
  };
  whole();
});
"""
_TAP = """
([tap, said]) => new Promise(done => {
  const sentence = document.querySelector(said);
  const before = sentence.textContent;
  const begun = performance.now();
  const look = () => {
    const now = document.querySelector(said);
    if (now && now.textContent && now.textContent !== before)
      requestAnimationFrame(() => done(performance.now() - begun));
    else requestAnimationFrame(look);
  };
  document.querySelector(tap).click();
  look();
})
"""


def main(arguments: list[str]) -> int:
    """Run the benchmark; print one JSON line last."""
    parser = argparse.ArgumentParser(prog="python -m bench paint", description=__doc__)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--days", type=int, default=1096)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--data", help="directory that keeps the chain for the next run")
    options = parser.parse_args(arguments)
    chromium = find()
    if chromium is None:
        raise SystemExit("bench paint needs a Chromium: make test installs one")
    data = Path(options.data) if options.data else Path(tempfile.mkdtemp(prefix="tillboard-bench-"))
    port = free_port()
    installation = Installation(Settings(data=data, port=port, demo=False, log_level="ERROR"))
    installation.start()
    try:
        found = _measure(installation, options, port, chromium)
    finally:
        installation.stop()
        if not options.data:
            shutil.rmtree(data, ignore_errors=True)
    print(json.dumps({"bench": "paint", "stores": options.stores, "days": options.days, **found}))
    return 0


def _measure(
    installation: Installation, options: argparse.Namespace, port: int, chromium: str
) -> dict[str, Any]:
    settings = installation.complete()
    migrations.upgrade(str(settings.admin_database_url))
    warehouse = Warehouse(str(settings.database_url))
    chain, password, _ = made_chain(installation, warehouse, Size(options.stores, options.days))
    try:
        with served(installation, port), open_browser(chromium) as browser:
            reader = _Reader(browser, f"http://127.0.0.1:{port}", password, cold(warehouse, chain))
            reader.first(), reader.again(1)  # processes and pages of the server
            took = {
                "cold": [reader.first() for _ in range(options.times)],
                "cached": reader.again(options.times),
                "filter": reader.filter(options.times),
            }
    finally:
        warehouse.close()
    return {
        name: {
            "median": round(statistics.median(times)),
            "worst": round(max(times)),
            "target": TARGETS[name],
        }
        for name, times in took.items()
    }


class _Reader:
    """The owner before a desk's screen; ``bump`` makes every kept figure old."""

    def __init__(
        self, browser: Browser, address: str, password: str, bump: Callable[[], None]
    ) -> None:
        self._browser, self._address, self._bump = browser, address, bump
        with browser.new_context() as context:
            page = context.new_page()
            page.goto(f"{address}/login")
            page.fill("#email", EMAIL)
            page.fill("#password", password)
            page.click(".plain-button")
            page.wait_for_selector("#shell")
            self._state = context.storage_state()

    def _context(self) -> BrowserContext:
        context = self._browser.new_context(
            storage_state=self._state, viewport={"width": DESK, "height": 900}
        )
        context.add_init_script(_WATCH)
        return context

    def _opened(self, page: Page) -> float:
        self._bump()
        page.goto(f"{self._address}/", wait_until="commit")
        return float(page.evaluate("window.tillPainted"))

    def first(self) -> float:
        """Return the milliseconds to a painted overview in a browser that knows nothing."""
        with self._context() as context:
            return self._opened(context.new_page())

    def again(self, times: int) -> list[float]:
        """Return the same for a browser that has the assets."""
        with self._context() as context:
            page = context.new_page()
            self._opened(page)
            return [self._opened(page) for _ in range(times)]

    def filter(self, times: int) -> list[float]:
        """Return the milliseconds from another period to its figures, on the page of stores."""
        took = []
        with self._context() as context:
            page = context.new_page()
            page.goto(f"{self._address}/stores")
            page.wait_for_selector("#stores-sentence .tb-sentence, #stores-sentence p")
            page.wait_for_load_state("networkidle")
            page.click("#filter-period-segment button, #filter-period-segment [role=button]")
            page.wait_for_selector(".bar-choice input[value=last28]", state="attached")
            for at in range(times):
                self._bump()
                period = "last28" if at % 2 == 0 else "last91"
                tap = f".bar-choice input[value={period}]"
                took.append(float(page.evaluate(_TAP, [tap, "#stores-sentence"])))
                page.wait_for_load_state("networkidle")
        return took
