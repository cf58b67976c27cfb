"""The report in a real browser: what it shows, by mouse and keyboard, without scripts, and to assistive technology."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from editors.tests.obtain import ROOT, axe
from editors.tests.pages import PICTURES, chromium, photograph, report
from gradlint import check_source
from gradlint.reporting import FORMATS
from gradlint.reporting.report import Report
from gradlint.reporting.style import Style
from tests.picture.programs import DECAY, drawn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

LOST, CONNECTED = "rate gets None", "amplitude connected"


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory.mktemp("project"))


@pytest.fixture
def page(started: Browser, file: Path) -> Iterator[Page]:
    """A page with the report; nothing may be loaded, and nothing complained of."""
    tab = started.new_page(viewport={"width": 1280, "height": 900})
    said: list[str] = []
    loaded: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: loaded.append(request.url))
    tab.goto(file.as_uri())
    yield tab
    assert (said, loaded) == ([], [file.as_uri()])
    tab.close()


def lit(page: Page) -> list[str]:
    """The lines that are marked as the way of the chosen source, with what the gradient is there."""
    return [f"{line.get_attribute('id')} {line.get_attribute('class')}" for line in page.locator(".code > .on").all()]


def test_a_click_on_a_source_shows_its_way_and_another_one_all_of_them(page: Page) -> None:
    source = page.get_by_role("button", name=LOST)
    source.click()
    assert lit(page) == ["f1-8 on u", "f1-12 x on", "f1-13 on r"]
    assert source.get_attribute("aria-pressed") == "true"
    assert page.locator("#f1 .way .off").count() > 0
    page.get_by_role("button", name=CONNECTED).first.click()
    assert lit(page) == ["f1-7 on c", "f1-12 x on c", "f1-13 on c"]
    assert source.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Escape")
    assert lit(page) == []
    assert page.locator(".way .off").count() == 0


def test_everything_can_be_done_by_the_keyboard_in_the_order_of_the_page(page: Page) -> None:
    order = []
    for _ in range(40):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 30)"))
        if order[-1].startswith(LOST):
            break
    assert order[0] == "To the files"
    assert order.index("decay.py:12") < order.index("decay.py") < order.index(CONNECTED) < order.index(LOST)
    page.keyboard.press("Space")
    assert lit(page) == ["f1-8 on u", "f1-12 x on", "f1-13 on r"]
    page.keyboard.press("Enter")
    assert lit(page) == []


def test_the_files_that_lose_nothing_can_be_hidden(page: Page) -> None:
    assert page.locator(".file:visible").count() == 3
    page.get_by_label("only those that lose something").check()
    assert page.locator(".file:visible").count() == 2


def test_without_scripts_every_way_is_shown_and_the_sources_are_links(started: Browser, file: Path) -> None:
    context = started.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(file.as_uri())
    tab.get_by_role("link", name=LOST).click()
    assert tab.url.endswith("#f1-12")
    assert tab.get_by_text("✗ lost here: GT201 numpy-call").is_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_makes_the_page_wider_than_the_window(started: Browser, file: Path, width: int) -> None:
    tab = started.new_page(viewport={"width": width, "height": 800})
    tab.goto(file.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(started: Browser, file: Path, scheme: Any) -> None:
    context = started.new_context(bypass_csp=True, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(file.as_uri())
    tab.evaluate(axe().read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []
    context.close()


def test_the_pictures_of_the_documentation_can_be_taken(started: Browser, file: Path, tmp_path: Path) -> None:
    photograph(started, file, tmp_path)
    for name, size in PICTURES.items():
        kept = (ROOT / "docs" / "pictures" / name).read_bytes()
        taken = (tmp_path / name).read_bytes()
        sizes = [tuple(int.from_bytes(data[at : at + 4]) for at in (16, 20)) for data in (kept, taken)]
        assert sizes == [size, size]
        assert len(kept) > 20_000


def test_the_report_of_two_hundred_files_opens_in_a_second(started: Browser, tmp_path: Path) -> None:
    names = [f"train_{number:03}.py" for number in range(200)]
    calls, findings = drawn(DECAY), check_source(DECAY)
    large = Report(
        findings=tuple(_at(finding, name) for name in names for finding in findings),
        files=200,
        drawings=tuple(_at(call, name) for name in names for call in calls),
        lines=lambda path, cell: DECAY.splitlines(),
        cells=lambda path: [None],
    )
    file = tmp_path / "large.html"
    file.write_text(FORMATS["html"].render(large, Style()), encoding="utf-8")
    tab = started.new_page()
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        tab.goto(file.as_uri())
        tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        took.append(time.perf_counter() - begun)
    assert min(took) < 1.0
    tab.close()


def _at(record: Any, path: str) -> Any:
    from dataclasses import replace

    return replace(record, path=path)
