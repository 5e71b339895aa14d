"""Pictures of each page for ``docs/screens``: both languages, desk and phone; the dark in English.

``python -m tests.e2e.screens http://localhost:8050 owner@tillboard.local PASSWORD [PAGE ...]``
"""

import itertools
import sys
from pathlib import Path
from typing import Literal, cast

from PIL import Image

from tests.browser import find
from tests.e2e.harness import Visit, open_browser, visit

TARGET = Path(__file__).parents[2] / "docs" / "screens"
SIZES = {"desktop": (1440, 1000), "phone": (390, 844)}
PAGES = {
    "overview": "/",
    "stores": "/stores",
    "store": "/store/2",
    "made-of": "/made-of/platform?period=last7&store=2",
    "forecast": "/forecast",
    "forecast-store": "/forecast?unit=store-2",
    "alerts": "/alerts",
    "plans": "/plans",
    "imports": "/imports",
}
FORMS = {
    "start": "/start",
    "start-stores": "/start/stores",
    "cash": "/cash/2",
    "setup": "/setup",
    "setup-store": "/setup/2",
    "people": "/people",
    "digests": "/digests",
    "exports": "/exports",
    "chain": "/chain",
    "account": "/account",
    "tokens": "/tokens",
    "api": "/api/docs",
}
DRAWN = frozenset({"overview", "stores", "store", "forecast", "forecast-store"})
"""Pages with charts, whose code comes last."""
COLOURS = 256
"""Of a palette: a third of the bytes. By octree, which keeps the few pixels of amber and red."""


def main(address: str, email: str, password: str, *names: str) -> None:
    """Log in once a view and take a picture of each page, or of those with ``names``."""
    TARGET.mkdir(parents=True, exist_ok=True)
    found = find()
    if found is None:
        sys.exit("No Chromium found. Run: python -m tests.browser")
    with open_browser(found) as browser:
        for lang, (size, (width, height)), theme in itertools.product(
            ("en", "zh"), SIZES.items(), ("light", "dark")
        ):
            if (lang, theme) == ("zh", "dark"):
                continue
            with visit(
                browser,
                address,
                width=width,
                theme=cast("Literal['light', 'dark']", theme),
                lang=cast("Literal['en', 'zh']", lang),
            ) as window:
                window.page.set_viewport_size({"width": width, "height": height})
                window.log_in(email, password)
                # Forms are pictured once a language and size.
                for name, path in (PAGES | (FORMS if theme == "light" else {})).items():
                    if names and name not in names:
                        continue
                    _shoot(window, name, path, TARGET / f"{name}-{lang}-{size}-{theme}.png")


def _shoot(window: Visit, name: str, path: str, target: Path) -> None:
    window.open(path)
    if name in DRAWN:
        window.page.locator(".main-svg").first.wait_for()
        window.settle()
    window.shoot(target, whole=False)
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(
            COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
    small.save(target, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
