"""From a changed tree to the fewest edits of the text: what does not change keeps every byte."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from typing import TYPE_CHECKING

from gradlint.flow.account import running
from gradlint.flow.facts import Span
from gradlint.nodes.changes import After, ChangeError, Move, changed
from gradlint.nodes.lazy import cst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.nodes.changes import Change
    from gradlint.nodes.program import Program

WRITING = 4
"""What writing a statement anew costs, a character."""
PAIRS = 100_000
"""How many pairs of equal parts two texts may have for every one of them to be looked at."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_TOKEN = re.compile(r"\w+|[^\S\r\n]+|\r\n|[^\w\s]|\s")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Replacement:
    """The text that is to stand at a place of the program; an insertion where the span is empty."""

    span: Span
    content: str


def replacements(program: Program, changes: Sequence[Change]) -> tuple[Replacement, ...] | None:
    """The edits that make changes of a program, in its order; None where they cannot be made, or break it."""
    account = running()
    if program.trouble is not None or not account.left:
        return None
    far = [one for one in changes if isinstance(one, Move) and _crosses(program, one)]
    changes = [one for one in changes if one not in far]
    try:
        line, old, new = _difference(program, changed(program, changes) if changes else program.module)
        account.charge(WRITING * len(new))
        ast.parse(new)
        moved = [replacement for one in far for replacement in _moved(program, one)]
    except (ChangeError, SyntaxError, ValueError, RecursionError, cst.CSTValidationError):
        return None
    behind = {program.end_line(anchor) for change in changes if (anchor := _anchor(change)) is not None}
    return tuple(_in_order([*_edits(program, line, old, new, behind), *moved]))


def _in_order(edits: Sequence[Replacement]) -> list[Replacement]:
    """Edits by their places; two insertions at one place, of a line's end and of what comes behind it, are one."""
    made: list[Replacement] = []
    for one in sorted(edits, key=lambda edit: edit.span):
        if made and made[-1].span == one.span and one.span.line == one.span.end_line:
            made[-1] = Replacement(one.span, made[-1].content + one.content)
        else:
            made.append(one)
    return made


def _crosses(program: Program, move: Move) -> bool:
    """Whether statements move from one cell to another."""
    anchor = move.after or move.before
    if anchor is None:
        return False
    lines = sorted((program.line(anchor), program.line(move.moved[0])))
    return any(lines[0] < line <= lines[1] for line in program.breaks)


def _moved(program: Program, move: Move) -> Iterator[Replacement]:
    """Lines taken out of one cell and put in at the end of a statement of another."""
    lines = [program.line(one) for one in move.moved]
    if move.after is None or any(program.end_line(one) != line for one, line in zip(move.moved, lines, strict=True)):
        raise ChangeError("only whole lines can move to the end of another cell's block")
    at = program.end_line(move.after)
    end = len(program.lines[at - 1].rstrip(b"\r\n"))
    first = program.lines[program.line(move.after) - 1].decode()
    indent = first[: len(first) - len(first.lstrip(" \t\f"))]
    texts = [program.lines[line - 1].decode().strip() for line in lines]
    yield Replacement(Span(at, end, at, end), "".join(f"\n{indent}{text}" for text in texts))
    for line in lines:
        yield Replacement(Span(line, 0, line + 1, 0), "")


def _anchor(change: Change) -> cst.CSTNode | None:
    """The statement behind which a change puts something in."""
    if isinstance(change, After):
        return change.anchor
    return change.after if isinstance(change, Move) else None


def _difference(program: Program, module: cst.Module) -> tuple[int, str, str]:
    """Where a changed module differs from its program: how many lines come before, and both texts from there on."""
    old, new = program.pieces(program.module), program.pieces(module)
    first, last = _shared([piece for piece, _ in old], [piece for piece, _ in new])
    if not all(program.can_be_written(piece) for piece, _ in old[first : len(old) - last]):
        raise ChangeError("LibCST does not give back these lines as they are written")
    count = sum(len(_LINE.findall(text)) for _, text in old[:first])
    return count, _joined(old[first : len(old) - last]), _joined(new[first : len(new) - last])


def _joined(pieces: Sequence[tuple[object, str]]) -> str:
    return "".join(text for _, text in pieces)


def _edits(program: Program, line: int, before: str, after: str, behind: set[int]) -> Iterator[Replacement]:
    old, new = _LINE.findall(before), _LINE.findall(after)
    first, last = _shared(old, new)
    middle = old[first : len(old) - last], new[first : len(new) - last]
    first += line
    for kind, start, end, start_new, end_new in _opcodes(*middle):
        if kind == "equal":
            continue
        written = middle[1][start_new:end_new]
        if kind == "insert":
            yield _inserted(program, first + start, written, behind)
        elif kind == "delete":
            yield Replacement(Span(first + start + 1, 0, first + end + 1, 0), "")
        else:
            yield from _within(program, first + start, middle[0][start:end], written, behind)


def _inserted(program: Program, line: int, written: Sequence[str], behind: set[int]) -> Replacement:
    """Whole lines put in before a line, or at the end of the line before it where they belong to that."""
    content = "".join(written)
    ends = content.endswith(("\n", "\r"))
    if line and (line in behind or not ends):
        text = program.lines[line - 1].rstrip(b"\r\n")
        stripped = content[: -len(_line_end(content))] if ends else content
        return Replacement(Span(line, len(text), line, len(text)), "\n" + stripped)
    return Replacement(Span(line + 1, 0, line + 1, 0), content)


def _line_end(text: str) -> str:
    return "\r\n" if text.endswith("\r\n") else text[-1:]


def _within(
    program: Program, line: int, old: Sequence[str], new: Sequence[str], behind: set[int]
) -> Iterator[Replacement]:
    """The edits between lines that became others: line by line where they are as many, else token by token."""
    if len(old) == len(new):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _of_text(program, line + at, before, after)
        return
    if len(new) > len(old) and line + len(old) in behind:
        head = new[: len(old)]
        for at, (before, after) in enumerate(zip(old, head, strict=True)):
            yield from _of_text(program, line + at, before, _with_end_of(after, before))
        yield _inserted(program, line + len(old), new[len(old) :], behind)
        return
    yield from _of_text(program, line, "".join(old), "".join(new))


def _with_end_of(text: str, other: str) -> str:
    """A line with the end that another one has, so that only what it says can differ."""
    return text if other.endswith(("\n", "\r")) else text.rstrip("\r\n")


def _of_text(program: Program, line: int, old: str, new: str) -> Iterator[Replacement]:
    """The edits between two texts, the old one from the beginning of a line."""
    tokens, others = _TOKEN.findall(old), _TOKEN.findall(new)
    starts = [0, *accumulate(len(token.encode()) for token in tokens)]
    base = program.offset(line + 1, 0)
    for start, end, content in _merged(tokens, others):
        places = (program.place(base + starts[start]), program.place(base + starts[end]))
        yield Replacement(Span(*places[0], *places[1]), content)


def _merged(old: list[str], new: list[str]) -> Iterator[tuple[int, int, str]]:
    """The runs of tokens that differ; what lies between two and has no word in it goes with them."""
    run: tuple[int, int, int, int] | None = None
    for kind, start, end, start_new, end_new in _opcodes(old, new):
        if kind == "equal":
            between = "".join(old[start:end])
            if run is not None and (_WORD.search(between) or "\n" in between):
                yield run[0], run[1], "".join(new[run[2] : run[3]])
                run = None
        elif run is None:
            run = (start, end, start_new, end_new)
        else:
            run = (run[0], end, run[2], end_new)
    if run is not None:
        yield run[0], run[1], "".join(new[run[2] : run[3]])


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """How one sequence becomes another, as :meth:`difflib.SequenceMatcher.get_opcodes` gives it.

    The matcher looks at every pair of equal parts, so a part that stands there thousands of times costs the square of
    that. Past ``PAIRS`` only what lies between the shared ends is compared, and a part that fills more than a hundredth
    of it is matched where it goes on from others.
    """
    often = Counter(new)
    if sum(often[part] for part in old) <= PAIRS:
        yield from SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        return
    first, last = _shared(old, new)
    if first:
        yield "equal", 0, first, 0, first
    ends = len(old) - last, len(new) - last
    for kind, *places in SequenceMatcher(None, old[first : ends[0]], new[first : ends[1]]).get_opcodes():
        start, end, start_new, end_new = (first + place for place in places)
        yield kind, start, end, start_new, end_new
    if last:
        yield "equal", ends[0], len(old), ends[1], len(new)


def _shared(old: Sequence[object], new: Sequence[object]) -> tuple[int, int]:
    """How many parts two sequences share at their beginning, and then at their end."""
    shorter = min(len(old), len(new))
    first = 0
    while first < shorter and old[first] == new[first]:
        first += 1
    last = 0
    while last < shorter - first and old[-1 - last] == new[-1 - last]:
        last += 1
    return first, last
