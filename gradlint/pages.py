"""Where a rule's page is on the machine where gradlint is installed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import registry

if TYPE_CHECKING:
    from gradlint.rule import Rule


def address(rule: Rule) -> str | None:
    """Where a rule is documented: its page as installed with gradlint, a ``file:`` address, or its own ``url``."""
    return _installed_page(rule.code) if registry.is_builtin(rule) else rule.url


@cache
def _installed_page(code: str) -> str | None:
    """In a wheel the pages are inside the package; in a checkout they are beside it."""
    package = Path(__file__).resolve().parent
    for folder in (package / "pages", package.parent / "docs" / "rules"):
        if (path := folder / f"{code}.md").is_file():
            return path.as_uri()
    return None
