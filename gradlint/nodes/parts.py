"""A program's LibCST tree, put together out of parts: those that were parsed before are not parsed again.

A part is a statement of the module itself with the lines before it. In an editor a keystroke changes one of them, and a
fix changes one or two, while LibCST takes longer for a long file than the analysis does. The tree is the one that
LibCST makes of the whole; where that is not certain, LibCST is given the whole.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections import Counter, OrderedDict
from functools import cached_property
from itertools import accumulate, pairwise
from threading import Lock
from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst
from gradlint.nodes.reading import dotted, names_in, written_to
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
    def _written(self) -> tuple[str, dict[cst.CSTNode, tuple[int, int]]]:
        """The text that LibCST gives back, and where each node begins and ends in it, in bytes.

        LibCST's own provider of places does no more, but its wrapper goes through the tree once again for nothing.
        """
        from libcst.metadata import ByteSpanPositionProvider, CodeSpan
        from libcst.metadata.span_provider import SpanProvidingCodegenState, byte_length_in_utf8

        places = ByteSpanPositionProvider()
        state = SpanProvidingCodegenState(
            default_indent=self.module.default_indent,
            default_newline=self.module.default_newline,
            provider=places,
            get_length=len if self.text.isascii() else byte_length_in_utf8,
        )
        self.module._codegen(state)
        spans = ((node, span) for node, span in places._computed.items() if isinstance(span, CodeSpan))
        return "".join(state.tokens), {node: (span.start, span.start + span.length) for node, span in spans}

    @cached_property
    def is_faithful(self) -> bool:
        """Whether LibCST gives back the very text; else the places of its nodes are not those of the program's."""
        tail = "\r" if self.text.endswith("\r") and not self.module.has_trailing_newline else ""
        return self._written[0] + tail == self.text

    @property
    def extents(self) -> dict[cst.CSTNode, tuple[int, int]]:
        """Where each node begins and ends, in bytes from the part's beginning."""
        return self._written[1]

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends; brackets around an expression count for tuples only."""
        if isinstance(node, (cst.Tuple, cst.GeneratorExp)) and node.lpar:
            return self.extents[node.lpar[0]][0], self.extents[node.rpar[-1]][1]
        return self.extents[node]

    @cached_property
    def by_place(self) -> dict[tuple[int, int], list[cst.CSTNode]]:
        """The expressions and statements by their extents, the outermost first."""
        found: dict[tuple[int, int], list[cst.CSTNode]] = {}
        for node in (*self.module.body, *self.parents):
            if isinstance(node, (cst.BaseExpression, cst.BaseSmallStatement, cst.BaseCompoundStatement)):
                found.setdefault(self.extent(node), []).append(node)
        return found

    @cached_property
    def parents(self) -> dict[cst.CSTNode, cst.CSTNode]:
        """The holder of each node below the statements, in the order of :func:`walk`."""
        return {child: node for one in self.module.body for node in walk(one) for child in children(node)}

    @cached_property
    def names(self) -> set[str]:
        """Every plain name that is read or bound."""
        return names_in(self.module)

    @cached_property
    def reads(self) -> dict[str, list[cst.BaseExpression]]:
        """The places that read each name and dotted name."""
        written = {target for node in self.parents for target in written_to(node)}
        found: dict[str, list[cst.BaseExpression]] = {}
        for node in self.parents:
            if isinstance(node, (cst.Name, cst.Attribute)) and node not in written:
                name = dotted(node)
                if name is not None:
                    found.setdefault(name, []).append(node)
        return found


class Tree:
    """The tree of a whole program, and what is known of its nodes; a part is looked into where it is asked for.

    Args:
        parts: The program's parts, in order.
    """

    def __init__(self, parts: Sequence[ParsedPart]) -> None:
        self.parts = parts
        self._begins = list(accumulate((part.size for part in parts), initial=0))
        self._homes: dict[cst.CSTNode, int] = {
            one: index for index, part in enumerate(parts) for one in part.module.body
        }
        self._parents: dict[cst.CSTNode, cst.CSTNode] = dict.fromkeys(self._homes, self.module)
        self._unread = list(reversed(range(len(parts))))

    @cached_property
    def module(self) -> cst.Module:
        """The whole module."""
        first, last = self.parts[0].module, self.parts[-1].module
        if first is last:
            return first
        body = [one for part in self.parts for one in part.module.body]
        indent = next((part.module.default_indent for part in self.parts if _has_block(part.text)), "    ")
        return first.with_changes(
            body=body, footer=last.footer, default_indent=indent, has_trailing_newline=last.has_trailing_newline
        )

    def _read(self, index: int) -> None:
        if index in self._unread:
            self._unread.remove(index)
            self._parents |= self.parts[index].parents

    # -- places ---------------------------------------------------------------------------------------------------

    def part_at(self, offset: int) -> ParsedPart:
        """The part in which an offset in bytes lies."""
        return self.parts[self._index(offset)]

    def _index(self, offset: int) -> int:
        return min(bisect_right(self._begins, offset), len(self.parts)) - 1

    def at(self, start: int, end: int) -> list[cst.CSTNode]:
        """The expressions and statements with this extent, the outermost first."""
        begin, by_place = self._by_place(start)
        return by_place.get((start - begin, end - begin), [])

    def innermost(self, start: int, end: int) -> cst.CSTNode | None:
        """The smallest expression or statement that covers an extent."""
        begin, by_place = self._by_place(start)
        covering = [
            (last - first, nodes[-1])
            for (first, last), nodes in by_place.items()
            if first <= start - begin and end - begin <= last
        ]
        return min(covering, key=lambda one: one[0])[1] if covering else None

    def _by_place(self, offset: int) -> tuple[int, dict[tuple[int, int], list[cst.CSTNode]]]:
        """Where the part begins in which an offset lies, and its nodes by their places; none where these are wrong."""
        index = self._index(offset)
        self._read(index)
        return self._begins[index], self.parts[index].by_place if self.parts[index].is_faithful else {}

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a node begins and ends, as offsets in bytes; brackets around an expression count for tuples only.

        Raises:
            KeyError: If it is no node of the program.
        """
        if node is self.module:
            return 0, self._begins[-1]
        statement = node
        while statement not in self._homes:
            holder = self.parent(statement)
            if holder is None:
                raise KeyError(node)
            statement = holder
        index = self._homes[statement]
        start, end = self.parts[index].extent(node)
        return self._begins[index] + start, self._begins[index] + end

    # -- the way up, and names ------------------------------------------------------------------------------------

    def parent(self, node: cst.CSTNode) -> cst.CSTNode | None:
        """What holds a node at once; None for the module, and for what is no node of the program."""
        if node is self.module:
            return None
        while node not in self._parents and self._unread:
            self._read(self._unread[-1])
        return self._parents.get(node)

    @cached_property
    def names(self) -> set[str]:
        """Every plain name that the program reads or binds."""
        return {name for part in self.parts for name in part.names}

    def reads(self, name: str) -> list[cst.BaseExpression]:
        """The places that read a name or a dotted name, in the program's order."""
        found = [(part, node) for part in self.parts for node in part.reads.get(name, ())]
        order = {part: index for index, part in enumerate(self.parts)}
        return [node for part, node in sorted(found, key=lambda one: (order[one[0]], one[0].extent(one[1])))]

    # -- the text -------------------------------------------------------------------------------------------------

    def pieces(self, module: cst.Module) -> Iterator[tuple[ParsedPart | cst.CSTNode, str]]:
        """This tree's module, or the module after a change, in pieces of whole lines, each with its text.

        A part that is still there as it was is one piece, and its text is not written anew.
        """
        every = _lines(module)
        begins = {nodes[0]: (part, nodes) for part in self.parts if (nodes := _lines(part.module))}
        at = 0
        while at < len(every):
            part, nodes = begins.get(every[at], (None, ()))
            if part is not None and every[at : at + len(nodes)] == nodes:
                yield part, part.text
                at += len(nodes)
            else:
                yield every[at], module.code_for_node(every[at])
                at += 1


def _lines(module: cst.Module) -> tuple[cst.CSTNode, ...]:
    return (*module.header, *module.body, *module.footer)


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
