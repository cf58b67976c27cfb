"""A program's LibCST tree, put together out of parts: those that were parsed before are not parsed again.

A part is a statement of the module itself with the lines before it. In an editor a keystroke changes one of them, and a
fix changes one or two, while LibCST takes longer for a long file than the analysis does. The tree is the one that
LibCST makes of the whole; where that is not certain, LibCST is given the whole.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter, OrderedDict
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst
from gradlint.nodes.walking import children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST = 200_000
"""How many characters the parts have together that are kept; their trees take some 300 bytes for each."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")


class ParsedPart:
    """Some statements of a module with the lines before them, parsed by themselves.

    Args:
        text: Their text.
        is_first: Whether the module begins with them; else the lines before them belong to the first of them.

    Raises:
        libcst.ParserSyntaxError: If LibCST cannot parse what Python can.
    """

    def __init__(self, text: str, *, is_first: bool) -> None:
        self.text = text
        self.size = len(text.encode())
        module = cst.parse_module(text)
        if not is_first and module.header and module.body:
            first = module.body[0].with_changes(leading_lines=(*module.header, *module.body[0].leading_lines))
            module = module.with_changes(header=(), body=(first, *module.body[1:]))
        self.module = module

    @cached_property
    def texts(self) -> dict[cst.CSTNode, str]:
        """The text of each statement, and of the lines at the module's ends."""
        module = self.module
        return {one: module.code_for_node(one) for one in (*module.header, *module.body, *module.footer)}

    @cached_property
    def extents(self) -> dict[cst.CSTNode, tuple[int, int]]:
        """Where each node begins and ends, in bytes from the part's beginning."""
        from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper

        found = MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(ByteSpanPositionProvider)
        return {node: (span.start, span.start + span.length) for node, span in found.items()}

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """The holder of each node below the statements, in the order of :func:`walk`."""
        return {child: node for one in self.module.body for node in walk(one) for child in children(node)}


class Tree:
    """The tree of a whole program, and what is known of its nodes.

    Args:
        parts: The program's parts, in order.
    """

    def __init__(self, parts: Sequence[ParsedPart]) -> None:
        self._parts = parts

    @cached_property
    def module(self) -> cst.Module:
        """The whole module."""
        first, last = self._parts[0].module, self._parts[-1].module
        if first is last:
            return first
        body = [one for part in self._parts for one in part.module.body]
        indent = next((part.module.default_indent for part in self._parts if _has_block(part.text)), "    ")
        return first.with_changes(
            body=body, footer=last.footer, default_indent=indent, has_trailing_newline=last.has_trailing_newline
        )

    @cached_property
    def texts(self) -> dict[cst.CSTNode, str]:
        """The text of each statement of the module itself, and of the lines at its ends."""
        return {node: text for part in self._parts for node, text in part.texts.items()}

    @cached_property
    def extents(self) -> dict[cst.CSTNode, tuple[int, int]]:
        """Where each node begins and ends, as offsets in bytes."""
        found: dict[cst.CSTNode, tuple[int, int]] = {}
        begin = 0
        for part in self._parts:
            found |= {node: (begin + start, begin + end) for node, (start, end) in part.extents.items()}
            begin += part.size
        return found | {self.module: (0, begin)}

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """Each node's holder, in the order of :func:`walk`."""
        found: dict[cst.CSTNode, cst.CSTNode] = dict.fromkeys(self.module.body, self.module)
        for part in self._parts:
            found |= part.parents
        return found


class _Known:
    """The parts that were used last; may be used from any thread."""

    def __init__(self) -> None:
        self._parts: OrderedDict[tuple[str, bool, int], ParsedPart] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def part(self, text: str, time: int, *, is_first: bool) -> ParsedPart:
        """The part of a text; another one each time that one program has it, since a node has one place."""
        key = text, is_first, time
        with self._lock:
            known = self._parts.get(key)
            if known is not None:
                self._parts.move_to_end(key)
                return known
        made = ParsedPart(text, is_first=is_first)
        with self._lock:
            if key not in self._parts:
                self._parts[key] = made
                self._size += len(text)
            while self._size > MOST and len(self._parts) > 1:
                (old, _, _), _ = self._parts.popitem(last=False)
                self._size -= len(old)
        return made


_known = _Known()


def tree_of(code: str) -> Tree:
    """The tree of a program.

    Raises:
        libcst.ParserSyntaxError: If LibCST cannot parse it.
    """
    texts = list(_split(code))
    times: Counter[str] = Counter()
    parts = []
    try:
        for number, text in enumerate(texts):
            parts.append(_known.part(text, times[text], is_first=number == 0))
            times[text] += 1
    except cst.ParserSyntaxError:
        return Tree([ParsedPart(code, is_first=True)])
    return Tree(parts if _fit(parts) else [ParsedPart(code, is_first=True)])


def _split(code: str) -> Iterator[str]:
    """The texts of the parts of a program; the whole where Python cannot parse it."""
    lines = _LINE.findall(code)
    begin = 0
    for end in _ends(code, lines):
        yield "".join(lines[begin:end])
        begin = end
    yield "".join(lines[begin:])


def _ends(code: str, lines: Sequence[str]) -> Iterator[int]:
    """The lines, from 0, before which a statement of the module ends and another begins."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for one, following in pairwise(body):
        end, line = one.end_lineno or 0, _first_line(following)
        if line <= end:
            continue
        comments = [number for number in range(end, line - 1) if _is_indented_comment(lines[number])]
        yield comments[-1] + 1 if comments else end


def _is_indented_comment(line: str) -> bool:
    return line.startswith((" ", "\t")) and line.lstrip(" \t").startswith("#")


def _first_line(statement: ast.stmt) -> int:
    """The line on which a statement begins, with its decorators."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and statement.decorator_list:
        return statement.decorator_list[0].lineno
    return statement.lineno


def _has_block(text: str) -> bool:
    return re.search(r"^[ \t]", text, re.MULTILINE) is not None


def _fit(parts: Sequence[ParsedPart]) -> bool:
    """Whether parts make the module that LibCST makes of the whole."""
    modules = [part.module for part in parts]
    return (
        all(not one.footer and one.body and one.has_trailing_newline for one in modules[:-1])
        and len({part.module.default_indent for part in parts if _has_block(part.text)}) <= 1
        and len({one.default_newline for one in modules}) == 1
    )
