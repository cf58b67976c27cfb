from __future__ import annotations

import re
from pathlib import Path

from gradlint import registry
from tools import docs

ROOT = Path(__file__).parent.parent


def test_what_is_generated_is_current() -> None:
    assert [str(path.relative_to(ROOT)) for path in docs.stale()] == []


def test_every_rule_has_a_page_that_shows_a_broken_and_a_fixed_program() -> None:
    for rule in registry.load():
        text = (ROOT / "docs" / "rules" / f"{rule.code}.md").read_text(encoding="utf-8")
        assert f"# {rule.name} ({rule.code})" in text
        assert text.count("Broken: ") == text.count("Fixed:\n") == len(rule.examples)


def test_links_between_pages_lead_somewhere() -> None:
    dangling = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                dangling.append(f"{page.relative_to(ROOT)}: {link}")
    assert dangling == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
