"""Pictures of each page for ``docs/screens``: both languages, desk and phone, light and dark.

``python -m tests.e2e.screens http://localhost:8050 owner@tillboard.local PASSWORD``
"""

import itertools
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser import find

TARGET = Path(__file__).parents[2] / "docs" / "screens"
SIZES = {"desktop": (1440, 1000), "phone": (390, 844)}
PAGES = {"overview": "/", "stores": "/stores", "store": "/store/2", "imports": "/imports"}
FORMS = {"cash": "/cash/2", "setup": "/setup", "setup-store": "/setup/2"}
SETTLE = 2000


def main(address: str, email: str, password: str) -> None:
    """Log in once a view and take a picture of each page."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=find(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for lang, size, theme in itertools.product(("en", "zh"), SIZES, ("light", "dark")):
            _view(browser, address, (email, password), lang, size, theme)
        browser.close()


def _view(
    browser: Browser, address: str, who: tuple[str, str], lang: str, size: str, theme: str
) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale="zh-CN" if lang == "zh" else "en-GB",
        color_scheme="dark" if theme == "dark" else "light",
    )
    names = {"tillboard_theme": theme, "tillboard_lang": lang}
    context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in names.items()]
    )
    page = context.new_page()
    page.goto(address)
    page.fill("input[name=email]", who[0])
    page.fill("input[name=password]", who[1])
    page.press("input[name=password]", "Enter")
    page.wait_for_timeout(SETTLE)
    # Forms are pictured once a language and size.
    for name, path in (PAGES | (FORMS if theme == "light" else {})).items():
        page.goto(address + path)
        page.wait_for_timeout(SETTLE)
        page.screenshot(path=TARGET / f"{name}-{lang}-{size}-{theme}.png")
    context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
