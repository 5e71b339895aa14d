"""From an installation with nothing in it to the first own figure, as its owner goes it."""

import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.harness import PHONE, Visit, open_browser, visit
from tests.integration.test_run import Run, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]
BILL = Path(__file__).parents[1] / "contract" / "samples" / "wechat_merchant_trade.csv"
PATIENCE = 60_000


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    """The address of a fresh installation without the demo, its owner's address and password."""
    run = Run(tmp_path / "data", free_port(), tmp_path / "log")
    run.start()
    try:
        email = re.search(r"Log in as (\S+)", run.said())
        password = re.search(r"with the password (\S+)", run.said())
        assert email is not None
        assert password is not None
        yield f"http://localhost:{run.port}", email[1], password[1]
    finally:
        run.stop()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with open_browser(chromium) as opened:
        yield opened


def _at(page: Page, step: str) -> None:
    expect(page.locator("[aria-current=step]")).to_have_text(re.compile(step), timeout=PATIENCE)


def _choose(page: Page, label: str, typed: str, option: str) -> None:
    box = page.get_by_role("textbox", name=label)
    box.click()
    box.fill(typed)
    page.get_by_role("option", name=option, exact=True).click()


def _send(page: Page, button: str, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.click(button)
    chooser.value.set_files([file])


def _list(path: Path, rows: list[list[str]]) -> Path:
    book = openpyxl.Workbook()
    for row in [["编号", "名称", "城市"], *rows]:
        assert book.active is not None
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_an_owner_comes_from_nothing_to_the_first_own_figure(
    browser: Browser, empty: tuple[str, str, str], tmp_path: Path, width: int
) -> None:
    address, email, password = empty
    with visit(browser, address, width=width) as window:
        page = window.page
        window.log_in(email, password)
        _at(page, "Chain")  # nobody has begun, so the guide is what one sees first
        _chain(window)
        _at(page, "Stores")
        _stores(window, tmp_path)
        page.click("#start-next")
        _at(page, "Bills")
        assert not window.overflows()
        _send(page, "[data-choose=files]", BILL)
        row = page.locator(".imports-table tr", has_text=BILL.name)
        expect(row.locator(".badge")).to_have_text("Done", timeout=PATIENCE)
        # One may stop at any step: who comes back is where they were.
        window.open("/")
        page.goto(f"{address}/start")
        _at(page, "Bills")
        page.click("#start-next")
        _at(page, "Places")
        _places(window)
        page.click("#start-next")
        _at(page, "Done")
        expect(page.locator(".start-facts")).to_contain_text("2")
        assert not window.overflows()
        page.click("#start-next")
        expect(page.locator("#overview-head .tb-tile").first).to_be_visible(timeout=PATIENCE)
        page.goto(f"{address}/stores?period=2025-03-01..2025-03-31&metric=gross_sales")
        expect(page.locator(".ag-center-cols-container [title='¥30.55']").first).to_be_visible(
            timeout=PATIENCE
        )
        assert window.problems == []


def _chain(window: Visit) -> None:
    page = window.page
    assert not window.overflows()
    page.click("#start-save")
    expect(page.locator(".mantine-Notification-root")).to_contain_text("Name of the chain: it is")
    page.get_by_label("Name of the chain").fill("Tea of the North")
    _choose(page, "Country", "Japan", "Japan")
    expect(page.get_by_role("textbox", name="Currency")).to_have_value(re.compile("JPY"))
    _choose(page, "Country", "China", "China")
    expect(page.get_by_role("textbox", name="Currency")).to_have_value(re.compile("CNY"))
    page.click("#start-save")


def _stores(window: Visit, folder: Path) -> None:
    page = window.page
    wrong = _list(folder / "wrong.xlsx", [["A1", "静安店", "上海"], ["", "徐汇店", "上海"]])
    _send(page, "[data-stores]", wrong)
    bad = page.locator(".setup-line-bad")
    expect(bad).to_have_count(1)
    expect(bad).to_contain_text("Code: it is needed")
    expect(page.locator("#setup-take")).to_have_count(0)
    assert not window.overflows()
    right = _list(folder / "right.xlsx", [["A1", "静安店", "上海"]])
    _send(page, "[data-stores]", right)
    page.click("#setup-take")
    expect(page.locator("#start-stores")).to_contain_text("Stores so far: 1")
    page.locator(".start-quick").get_by_label("Code").fill("A2")
    page.locator(".start-quick").get_by_label("Name").fill("Xuhui")
    page.click("#start-add")
    expect(page.locator("#start-stores")).to_contain_text("Stores so far: 2")


def _places(window: Visit) -> None:
    page = window.page
    for count in range(page.locator(".place").count(), 0, -1):
        place = page.locator(".place").first
        place.locator("input").first.click()
        page.get_by_role("option", name=re.compile("静安店")).click()
        place.get_by_role("button", name="Bind").click()
        expect(page.locator(".place")).to_have_count(count - 1, timeout=PATIENCE)


def test_the_keyboard_alone_goes_through_and_the_guide_can_be_left(
    browser: Browser, empty: tuple[str, str, str]
) -> None:
    address, email, password = empty
    with visit(browser, address, lang="zh") as window:
        page = window.page
        window.log_in(email, password)
        _at(page, "连锁")
        page.get_by_label("连锁名称").focus()
        page.keyboard.type("北方茶铺")
        _tab_to(page, "start-save")
        page.keyboard.press("Enter")
        _at(page, "门店")
        _tab_to(page, "start-leave")
        page.keyboard.press("Enter")
        expect(page.locator(".empty.card")).to_be_visible(timeout=PATIENCE)
        window.open("/")
        expect(page.locator(".empty.card")).to_be_visible()
        window.open("/start/chain")
        expect(page.get_by_label("连锁名称")).to_have_value("北方茶铺")
        assert window.problems == []


def _tab_to(page: Page, part: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"#{part}:focus").count():
            return
    pytest.fail(f"{part} is not reached by the keyboard")
