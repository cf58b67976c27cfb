"""Python in Markdown: a page's fenced blocks, in order, as one program.

Documentation shows fragments, so a block that is not Python on its own is left out without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gradlint.sources.ipython import split_lines, to_python
from gradlint.sources.source import Segment, Source, segments_of

_FENCE = re.compile(r"(?P<indent>(?:[ \t]|>[ \t]?|(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(?P<fence>`{3,}|~{3,})(?P<info>.*)$")
_LANGUAGE = re.compile(r"python3?|py3?|pycon3?|ipython3?|python-console|python-repl|py3tb", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\{(?:code-cell|code-block|code|sourcecode|python|py|ipython|doctest|testcode)\}")
_OPTION = re.compile(r":[\w-]+:(\s|$)")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of Python.

    Attributes:
        line: The page's line of the block's first line, from 1.
        lines: The block's lines without the fence's indent, without their ends.
        columns: For each line, how many characters the page's line is further right.
    """

    line: int
    lines: list[str]
    columns: list[int]


def program(text: str, path: str, encoding: str = "utf-8") -> Source:
    """The source that a page's Python blocks make, each line of them at its own line of the page."""
    page = split_lines(text)
    code = [""] * len(page)
    segments: list[Segment] = []
    for block in blocks(page):
        lines, columns = _plain(block)
        python = to_python("\n".join(lines))
        if python.error is not None:
            continue
        first = block.line - 1
        code[first : first + len(lines)] = python.lines
        shifts = [one + other for one, other in zip(columns, python.columns, strict=True)]
        segments += segments_of(block.line, block.line, shifts, None)
    return Source(path, "markdown", text, "\n".join(code), tuple(segments), encoding)


def blocks(page: list[str]) -> list[Block]:
    """The fenced blocks of Python on a page.

    Args:
        page: The page's lines without their ends.
    """
    found: list[Block] = []
    index = 0
    while index < len(page):
        opening = _FENCE.match(page[index])
        index += 1
        if opening is None or ("`" in opening["info"] and opening["fence"][0] == "`"):
            continue
        first = index
        close = re.compile(rf"[ \t>]*{re.escape(opening['fence'][0])}{{{len(opening['fence'])},}}[ \t]*$")
        while index < len(page) and not close.match(page[index]):
            index += 1
        if is_python(opening["info"]):
            found.append(_block(page[first:index], first + 1, opening["indent"]))
        index += 1
    return found


def is_python(info: str) -> bool:
    """Whether a fence's info string names Python: ``python``, ``py title="x"``, ``{.python}``, ``{code-cell}``."""
    words = info.strip()
    directive = _DIRECTIVE.match(words)
    if directive is not None:
        rest = words[directive.end() :].strip()
        name = directive[0][1:-1]
        if rest:
            return _LANGUAGE.fullmatch(rest.split()[0]) is not None
        return name not in ("code-block", "code", "sourcecode")
    if words.startswith("{"):
        names = re.split(r"[\s,{}]+", words)
        return any(_LANGUAGE.fullmatch(name.removeprefix(".")) for name in names[1:2] if name)
    return _LANGUAGE.fullmatch(re.split(r"[\s,:{]", words, maxsplit=1)[0]) is not None


def _block(lines: list[str], line: int, prefix: str) -> Block:
    """A block without what its fence stands behind: a list's indent, a quote's marks."""
    quoted = ">" in prefix
    body: list[str] = []
    columns: list[int] = []
    for text in lines:
        taken = 0
        while taken < min(len(prefix), len(text)) and (text[taken] in " \t" or (quoted and text[taken] == ">")):
            taken += 1
        body.append(text[taken:])
        columns.append(taken)
    for index, text in enumerate(body):
        if not _OPTION.match(text):
            break
        body[index] = ""
    return Block(line, body, columns)


def _plain(block: Block) -> tuple[list[str], list[int]]:
    """A block's lines and columns without the prompts and the output of a session, and without a common indent."""
    lines, columns = list(block.lines), list(block.columns)
    texts = [line for line in lines if line.strip()]
    margin = min((len(line) - len(line.lstrip(" \t")) for line in texts), default=0)
    session = any(line[margin:].startswith(">>>") for line in texts)
    for index, line in enumerate(lines):
        prompt = _PROMPT.match(line, margin)
        taken = margin
        if session:
            if prompt is None:
                lines[index] = ""
                continue
            taken = prompt.end()
        lines[index] = line[taken:]
        columns[index] += min(taken, len(line))
    return lines, columns
