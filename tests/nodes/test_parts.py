"""The tree put together out of parts is the one that LibCST makes of the whole, wherever its nodes were parsed."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

from gradlint.flow.facts import Span
from gradlint.nodes import parts
from gradlint.nodes.parts import tree_of
from gradlint.nodes.program import Program
from gradlint.nodes.walking import children, walk
from tests.sampling import sample

FIXTURES = sorted(Path("fixtures").rglob("*.py"))
LAYOUTS = {
    "comments": "# head\n\n# of a\nimport a  # here\n\n\n# of b\nimport b\n# at the end\n",
    "comments-below-a-block": "def f():\n    x = 1\n    # of f\n\n    # of f too\n\n# of g\ndef g():\n    pass\n",
    "comments-askew": "def f():\n    if x:\n        y\n      # between\n  # outside\nz = 1\n",
    "comments-after-a-simple-statement": "x = 1\n    # indented\ny = 2\n",
    "one-line": "x = 1; y = 2\nif x: y = 3; z = 4\nclass C: pass\n",
    "decorators": "x = 1\n\n# of f\n@one\n# between\n@two(\n    3,\n)\ndef f(): ...\n",
    "the-same-twice": "x = 1\nx = 1\n\nx = 1\n\nx = 1\n",
    "two-indentations": "def f():\n  x = 1\ndef g():\n        y = 2\n",
    "tabs": "def f():\n\tx = 1\n\n\ndef g():\n\treturn\n",
    "two-newlines": "x = 1\r\ny = 2\nz = 3\r\n",
    "windows": "x = 1\r\n\r\ndef f():\r\n    y = 2\r\n\r\n\r\nz = 3\r\n",
    "old-macintosh": "x = 1\ry = 2\r",
    "no-newline-at-the-end": "x = 1\ndef f():\n    y = 2",
    "a-comment-at-the-end": "x = 1\ny = 2  # here",
    "only-comments": "# one\n\n# two\n",
    "empty": "",
    "strings": 'x = """\n    # no comment\ny = 1\n"""\nz = f"{x}\\\n"\nw = 1\n',
    "continued": "x = 1 + \\\n    2\ny = x; \\\n\nz = 3\n",
    "form-feeds": "x = 1\n\f\ny = 2\n \f # here\nz = 3\n",
    "other-letters": 'é = "ü"\n# 𝄞\nß = é\n\n\ndef ñ(): return "漢"\n',
    "an-encoding": "# -*- coding: latin-1 -*-\nx = 'é'\ny = 1\n",
    "a-byte-order-mark": "\ufeffx = 1\ny = 2\n",
    "match": "match x:\n    case 1:\n        y\n    # of match\n# of z\nz = 1\n",
    "trailing-blanks": "x = 1   \n   \ny = 2\t\n\t\n",
}


def same(code: str) -> None:
    """Assert that the tree of a program is LibCST's in all that a rule sees of it."""
    tree, whole = tree_of(code), cst.parse_module(code)
    assert tree.module.deep_equals(whole)
    assert tree.module.code == whole.code
    ours, theirs = list(walk(tree.module)), list(walk(whole))
    assert len(set(ours)) == len(ours), "a node has two places"
    spans = MetadataWrapper(whole, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
    twins = dict(zip(ours, theirs, strict=True))
    for node, twin in twins.items():
        if node is not tree.module:
            first, last = (twin.lpar[0], twin.rpar[-1]) if is_bracketed(twin) else (twin, twin)
            assert tree.extent(node) == (spans[first].start, spans[last].start + spans[last].length)
            looked_up = isinstance(node, cst.BaseExpression) and all(part.is_faithful for part in tree.parts)
            assert not looked_up or node in tree.at(*tree.extent(node))
    for node in ours:
        assert all(tree.parent(child) is node for child in children(node))
    assert "".join(text for _, text in tree.pieces(tree.module)) == code


def is_bracketed(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Tuple | cst.GeneratorExp) and bool(node.lpar)


@pytest.mark.parametrize("code", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(code: str) -> None:
    same(code)


def test_programs(whole: bool) -> None:
    for path in sample(FIXTURES, 10, whole=whole):
        same(path.read_text())


def test_a_change_parses_its_own_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import a\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return 2\n"
    tree_of(code)
    parsed: list[str] = []
    parse = cst.parse_module

    def noted(text: str) -> cst.Module:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(parts.cst, "parse_module", noted)
    changed = code.replace("return 1", "return 11")
    same(changed)
    assert parsed == ["\n\ndef f():\n    return 11\n"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST", 100)
    for number in range(100):
        tree_of(f"x = {number}\ny = 1\nz = {number}\n")
    assert sum(len(text) for text, _, _ in parts._known._parts) <= 100


def test_nothing_is_looked_up_where_the_text_does_not_come_back() -> None:
    """LibCST drops a mark of the byte order, so that all that follows has other places."""
    program, place = Program("\ufeffx = 1\n"), Span(1, 3, 1, 8)
    assert program.trouble is None
    assert program.trouble_at(place) == "LibCST does not give back the program as it is written"
    assert (program.at(place), program.innermost(place)) == ([], None)
