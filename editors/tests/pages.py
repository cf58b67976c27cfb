"""The report in a browser, and its pictures for the documentation: ``python -m editors.tests.pages``."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from editors.tests.obtain import ROOT, browser
from gradlint import cli
from tests.picture.programs import CONNECTED, DECAY, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

PICTURES = {"report-desktop.png": (1100, 1180), "report-phone.png": (390, 1180)}
"""The pictures in ``docs/pictures``, with the size of the window."""
PROGRAMS = {"decay.py": DECAY, "decay_fixed.py": CONNECTED, "penalty.py": PARTIAL}


def report(folder: Path) -> Path:
    """The report of a small project in a folder."""
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert cli.run(["report", "."]) == 0
    finally:
        os.chdir(before)
    return folder / "gradlint-report.html"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser for the time of a block."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser(), args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


def photograph(started: Browser, page: Path, folder: Path) -> None:
    """Take the pictures of a report."""
    for name, (width, height) in PICTURES.items():
        tab = started.new_page(viewport={"width": width, "height": height}, color_scheme="light")
        tab.goto(page.as_uri())
        tab.screenshot(path=folder / name)
        tab.close()


def main() -> None:
    """Write the pictures of the documentation."""
    with tempfile.TemporaryDirectory() as folder, chromium() as started:
        photograph(started, report(Path(folder)), ROOT / "docs" / "pictures")


if __name__ == "__main__":
    main()
