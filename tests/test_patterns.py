"""No regular expression of the package takes more than linear time on any line that was thought of.

Every call of ``re`` in the package is found, wherever it stands; one whose pattern is not written there fails the test.
Each pattern is tried on lines made of what it is itself made of, repeated, with something at the end that it does not
expect; time is that of the processor, the least of several tries.
"""

from __future__ import annotations

import ast
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.sampling import sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


Expression = re.Pattern[str] | re.Pattern[bytes]
ROOT = Path(__file__).parents[1]
METHODS = {"match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split"}
ANCHORED = {"match", "fullmatch"}
NAMES = ("word", "x.y", "```")
"""What stands in the place of what a pattern takes from the program, one after the other."""
FEW, MANY = 500, 2_000
"""Units in a line, and four times as many."""
FAST = 0.004
"""Seconds below which a line of many units is no matter, however they grow: linear work takes a tenth of it."""
TRIES = 4
GUARD = 5.0


@dataclass(frozen=True)
class Found:
    """A pattern, where it stands, and the methods that are called of it."""

    place: str
    pattern: Expression
    methods: frozenset[str]


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """The calls of ``re`` that take a pattern, with the function's name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if name in METHODS | {"compile"}:
                yield node, name


def bound(tree: ast.Module) -> dict[int, str]:
    """The names that the patterns made by calls are bound to, alone or in a dictionary, by the calls' identities."""
    names: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            names |= {id(value): node.targets[0].id for value in values}
    return names


def methods(tree: ast.Module) -> dict[str, set[str]]:
    """What is called of each name."""
    used: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS:
            used.setdefault(ast.unparse(node.value).rpartition(".")[2].partition("[")[0], set()).add(node.attr)
    return used


MADE_OF_OTHERS = {"gradlint/sources/ignore.py", "gradlint/sources/globs.py"}
"""Modules that make patterns of what others made; they have tests of their own."""


def text_of(node: ast.expr, name: str) -> Any:
    """A pattern's text where a program holds it, with a name in the place of what is filled in; else None."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.JoinedStr(values=values):
            return "".join(str(text_of(value, name)) for value in values)
        case ast.FormattedValue(value=ast.Call(func=ast.Attribute(attr="escape"))):
            return re.escape(name)
        case ast.FormattedValue():
            return name if name.isidentifier() else "word"
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = text_of(left, name), text_of(right, name)
            return None if None in parts else parts[0] + parts[1]
    return None


@pytest.fixture(scope="module")
def patterns() -> list[Found]:
    """Every pattern of the package, once for each way in which it is used."""
    paths = [path for folder in ("gradlint", "rules") for path in sorted((ROOT / folder).rglob("*.py"))]
    trees = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    used: dict[str, set[str]] = {}
    for tree in trees.values():
        for name, called in methods(tree).items():
            used.setdefault(name, set()).update(called)
    found: dict[tuple[object, ...], Found] = {}
    for path, tree in trees.items():
        names = bound(tree)
        for call, function in calls(tree):
            place = f"{path}:{call.lineno}"
            flags = sum(getattr(re, flag) for flag in re.findall(r"re\.([A-Z]+)\b", ast.unparse(call)))
            called = used.get(names.get(id(call), ""), METHODS) if function == "compile" else {function}
            for text in dict.fromkeys(text_of(call.args[0], name) for name in NAMES):
                assert text is not None or path in MADE_OF_OTHERS, f"{place}: the pattern is not written here"
                if text is not None:
                    key = (text, flags, frozenset(called))
                    found.setdefault(key, Found(place, re.compile(text, flags), frozenset(called)))
    return list(found.values())


PIECES = [
    " ", "\t", "\n", "\r\n", "a", "A1", "_", "é", "0", "#", "`", "'", '"', "\\", "\\\\", "'''", '"""', "(", ")", "[",
    "]", "{", "}", ".", ",", ":", ";", "=", "-", "+", "*", "/", "%", "!", "?", "<", ">", "|", "~", "@", "$", "\0", "a.",
    "a ", " a", "a,", ", ", "a = ", "a-", "-a ", "> ", "- ", "-  ", "1) ", "1)  ", "# ", "#a", "``", "`a", "\\'",
    "''", "f'", "=a", "(a", "[a]", "['a']", "A1, ", "A1 ", "a\n", " \n", "\\u00e9", "\\ud83d\\ude00", "line 1 ",
    "# gradlint: ", "gradlint: ignore[", "# noqa: ", "noqa: A1 ",
]  # fmt: skip
ENDS = ["", "\0", "\n\0", "!", "x", "=", "("]


def literals(pattern: Expression) -> list[str]:
    """The words that a pattern is made of, which a line has to hold to get far in it."""
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    words = re.findall(r"[A-Za-z_]{3,}", re.sub(r"\(\?P<\w+>|\\.", " ", text))
    return list(dict.fromkeys(words))[:6]


def lines(found: Found) -> Iterator[tuple[str, str]]:
    """What is repeated, and what ends it."""
    words = literals(found.pattern)
    for unit in [*PIECES, *words, *(word + after for word in words for after in (" ", "(", ".", ":", "["))]:
        for end in ENDS:
            yield unit, end
    for word in words:
        for unit in (" ", "a", "`", "#", "A1 ", "a,", "=", "\\"):
            yield f"\0{word}\0{unit}", "!"


def line(unit: str, end: str, count: int) -> str:
    """A line of so many units; what stands between two zeros before the unit comes once, in front."""
    if unit.startswith("\0") and unit.count("\0") == 2:
        _, first, unit = unit.split("\0")
        return first + unit * count + end
    return unit * count + end


class TooSlowError(Exception):
    """A single match took longer than all of them may."""


def _ring(number: int, frame: FrameType | None) -> None:
    raise TooSlowError


def seconds(found: Found, text: str) -> float:
    """The processor's time for a pattern on a line, as the package uses it."""
    pattern: Any = found.pattern
    given: Any = text.encode() if isinstance(found.pattern.pattern, bytes) else text
    began = time.process_time()
    for method in found.methods & ANCHORED:
        getattr(pattern, method)(given)
    if found.methods - ANCHORED:
        for _ in pattern.finditer(given):
            pass
    return time.process_time() - began


def slow(found: Found, unit: str, end: str) -> str | None:
    """What is wrong with a pattern on a line; None where its time is linear."""
    for count in (8, 16, 24):
        seconds(found, line(unit, end, count))
    many = line(unit, end, MANY)
    if seconds(found, many) < FAST:
        return None
    least = min(seconds(found, many) for _ in range(TRIES))
    quarter = min(seconds(found, line(unit, end, FEW)) for _ in range(TRIES))
    if least < FAST or least < 8 * quarter:
        return None
    return f"{unit!r} repeated, then {end!r}: {1000 * quarter:.1f} ms for {FEW}, {1000 * least:.1f} ms for {MANY}"


def test_every_pattern_is_linear(patterns: list[Found], whole: bool) -> None:
    """Every one with ``--whole``, else one in eight."""
    troubles = [
        trouble(found) for found in sample(patterns, 8, whole=whole, name=lambda one: ascii(one.pattern.pattern))
    ]
    assert [one for one in troubles if one is not None] == []


def trouble(found: Found) -> str | None:
    """The first line on which a pattern is not linear, or None."""
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        for unit, end in lines(found):
            signal.setitimer(signal.ITIMER_REAL, GUARD)
            try:
                told = slow(found, unit, end)
            except TooSlowError:
                told = f"{unit!r} repeated, then {end!r}: more than {GUARD} s"
            if told is not None:
                return f"{found.place} {found.pattern.pattern!r}\n{told}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return None


@pytest.mark.parametrize("bad", [r"(a|a)*$", r"(?:> ?)*```", r"\s+$", r"[\w.]+(?=\()", r"(\w+)*!"])
def test_the_measure_tells_what_is_not_linear(bad: str) -> None:
    found = Found("here", re.compile(bad), frozenset(METHODS))
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        for unit, end in (("a", "\0"), ("> ", "x"), (" ", "x"), ("a", "")):
            signal.setitimer(signal.ITIMER_REAL, 2.0)
            try:
                if slow(found, unit, end):
                    return
            except TooSlowError:
                return
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    pytest.fail(f"{bad} passed for linear")


def test_the_patterns_are_found(patterns: list[Found]) -> None:
    places = {found.place for found in patterns}
    assert len(places) > 60
    assert any("suppressions.py" in place for place in places)
