"""Names mean one thing: no two classes of the package share one; and no module is too long to be read at one go."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = [path for folder in ("gradlint", "rules") for path in sorted((ROOT / folder).rglob("*.py"))]

LONGEST = 500
"""How many lines a module of the analysis or a rule may have."""


def test_two_classes_never_share_a_name() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                named[node.name].append(str(path.relative_to(ROOT)))
    assert {name: places for name, places in named.items() if len(places) > 1} == {}


def test_no_module_of_the_analysis_is_too_long_to_read() -> None:
    read = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in FILES}
    lengths = {
        name: len(text.splitlines()) for name, text in read.items() if name.startswith(("gradlint/flow", "rules"))
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
