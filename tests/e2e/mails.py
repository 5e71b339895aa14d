"""Digests as pictures, to be looked at: both languages, narrow and wide, light and dark.

``python -m tests.e2e.mails [FOLDER]``; without a folder those of ``docs/screens`` are made anew.
"""

import itertools
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast

from PIL import Image
from playwright.sync_api import Browser

from chain.schedule import Rhythm
from chain.settings import Settings
from chain.words import Lang
from reports.digests.mail import Letters, Reader
from runtime.installation import Installation
from tests import digests
from tests.browser import find
from tests.e2e.harness import open_browser
from warehouse import migrations
from warehouse.session import Scope, Warehouse

TARGET = Path(__file__).parents[2] / "docs" / "screens"
WIDTHS = {"desktop": 760, "phone": 390}
READER = Reader("wang@example.com", f"{digests.BOARD}/unsubscribe/a-token")


def main(folder: str | None = None) -> None:
    """Make a chain in a database of its own, and its digests as pictures."""
    target = Path(folder) if folder else TARGET
    found = find()
    if found is None:
        sys.exit("No Chromium found. Run: python -m tests.browser")
    with _warehouse() as warehouse, open_browser(found) as browser:
        chain, stores = digests.chain_with_stores(warehouse)
        letters = Letters()
        kinds: tuple[tuple[str, Scope, Rhythm], ...] = (
            ("digest-daily", Scope(chain), "daily"),
            ("digest-weekly", Scope(chain), "weekly"),
            ("digest-store", Scope(chain, role="store", store_ids=(stores[0],)), "daily"),
        )
        for (name, scope, rhythm), lang in itertools.product(kinds, ("en", "zh")):
            contents = digests.contents(warehouse, scope, rhythm, cast("Lang", lang))
            page = letters.page(contents, READER)
            for size, theme in itertools.product(WIDTHS, ("light", "dark")):
                if theme == "dark" and (lang == "zh" or rhythm == "weekly"):
                    continue
                path = target / f"{name}-{lang}-{size}-{theme}.png"
                shoot(browser, page, path, WIDTHS[size], cast("Any", theme))


def shoot(
    browser: Browser, page: str, path: Path, width: int, theme: Literal["light", "dark"]
) -> None:
    """Save what a mail program of this width and theme would show of ``page``."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=False
    )
    window = context.new_page()
    window.set_content(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    window.screenshot(path=path, full_page=True)
    context.close()
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    small.save(path, optimize=True)


@contextmanager
def _warehouse() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory(prefix="tillboard-mails-") as folder:
        installation = Installation(Settings(data=Path(folder), demo=False, log_level="ERROR"))
        installation.start()
        try:
            settings = installation.complete()
            migrations.upgrade(str(settings.admin_database_url))
            warehouse = Warehouse(str(settings.database_url))
            yield warehouse
            warehouse.close()
        finally:
            installation.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
