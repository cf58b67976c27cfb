"""Python in Markdown: a page's fenced blocks, in order, as one program.

Documentation shows fragments, so a block that is not Python on its own is left out without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradlint.sources.fences import fenced
from gradlint.sources.ipython import split_lines, to_python
from gradlint.sources.source import Segment, Source, segments_of

if TYPE_CHECKING:
    from gradlint.sources.fences import Fenced

_LANGUAGE = re.compile(r"python3?|py3?|pycon3?|ipython3?|python-console|python-repl|py3tb", re.IGNORECASE)
_DIRECTIVE = re.compile(r"\{(?:code-cell|code-block|code|sourcecode|python|py|ipython|doctest|testcode)\}")
_OPTION = re.compile(r":[\w-]+:(\s|$)")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |$)")


def program(text: str, path: str, encoding: str = "utf-8") -> Source:
    """The source that a page's Python blocks make, each line of them at its own line of the page."""
    page = split_lines(text)
    code = [""] * len(page)
    segments: list[Segment] = []
    for block in fenced(page):
        if not block.lines or not is_python(block.info):
            continue
        lines, columns = _plain(block)
        python = to_python("\n".join(lines))
        if python.error is not None:
            continue
        first = block.line - 1
        code[first : first + len(lines)] = python.lines
        shifts = [one + other for one, other in zip(columns, python.columns, strict=True)]
        segments += segments_of(block.line, block.line, shifts, None)
    return Source(path, "markdown", text, "\n".join(code), tuple(segments), encoding)


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


def _plain(block: Fenced) -> tuple[list[str], list[int]]:
    """A block's lines and columns without options, a session's prompts and output, and a common indent."""
    lines, columns = list(block.lines), list(block.columns)
    for index, text in enumerate(lines):
        if not _OPTION.match(text):
            break
        lines[index] = ""
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
