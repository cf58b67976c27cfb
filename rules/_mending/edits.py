"""The edits that fixes are made of: statements put in, taken out, moved and indented, calls given an argument.

Each keeps the program's layout: comments, line ends, the width of its indentation, several statements on a line.
"""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

from gradlint.flow.facts import Span
from gradlint.rule import Proposal, Replacement

from .site import span_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.finding import Applicability
    from gradlint.rule import Module

    from .site import Site, With


def proposal(applicability: Applicability, message: str, *replacements: Replacement) -> Proposal:
    """A fix of the given replacements, in the order of the program."""
    ordered = sorted(replacements, key=lambda one: one.span)
    return Proposal(applicability, message, tuple(ordered))


def replace(node: ast.expr | ast.stmt, content: str) -> Replacement:
    """Another text for a node."""
    return Replacement(span_of(node), content)


def put(line: int, column: int, content: str) -> Replacement:
    """A text put in at a place."""
    return Replacement(Span(line, column, line, column), content)


def first_line(statement: ast.stmt) -> int:
    """The line that a statement begins on, its decorators included."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def begins_line(module: Module, statement: ast.stmt) -> bool:
    """Whether nothing but white space stands before a statement on its line."""
    return not module.lines[statement.lineno - 1][: statement.col_offset].strip()


def ends_line(module: Module, statement: ast.stmt) -> bool:
    """Whether nothing but a comment stands behind a statement on its last line."""
    end = span_of(statement)
    rest = module.lines[end.end_line - 1][end.end_column :].strip()
    return not rest or rest.startswith(b"#")


def alone(module: Module, statement: ast.stmt) -> bool:
    """Whether a statement has its lines for itself."""
    return begins_line(module, statement) and ends_line(module, statement)


def end_of_line(module: Module, line: int) -> int:
    """The column, in bytes, at which a line's text ends."""
    text: bytes = module.lines[line - 1]
    return len(text.rstrip(b"\r\n"))


def before(module: Module, statement: ast.stmt, *written: str) -> Replacement:
    """Statements put in just before another one, each on a line of its own where that one has one."""
    line = first_line(statement)
    if begins_line(module, statement):
        indent = module.indent(line)
        return put(line, len(indent.encode()), "".join(f"{one}\n{indent}" for one in written))
    return put(line, statement.col_offset, "".join(f"{one}; " for one in written))


def after(module: Module, statement: ast.stmt, *written: str) -> Replacement:
    """Statements put in just behind another one, each on a line of its own where that one has one."""
    end = span_of(statement)
    if alone(module, statement) or hasattr(statement, "body"):
        indent = module.indent(first_line(statement))
        content = "".join(f"\n{indent}{one}" for one in written)
        return put(end.end_line, end_of_line(module, end.end_line), content)
    return put(end.end_line, end.end_column, "".join(f"; {one}" for one in written))


def remove(site: Site, statement: ast.stmt) -> Replacement:
    """A statement taken out; ``pass`` where its block holds nothing else."""
    module, suite, span = site.module, site.index.suite(statement), span_of(statement)
    if len(suite) == 1:
        return replace(statement, "pass")
    if alone(module, statement):
        last = len(module.lines)
        if span.end_line < last:
            return Replacement(Span(first_line(statement), 0, span.end_line + 1, 0), "")
        above = first_line(statement) - 1
        return Replacement(Span(above, end_of_line(module, above), last, end_of_line(module, last)), "")
    at = next(number for number, one in enumerate(suite) if one is statement)
    if at + 1 < len(suite) and suite[at + 1].lineno == span.end_line:
        return Replacement(Span(span.line, span.column, span.end_line, suite[at + 1].col_offset), "")
    if at > 0 and suite[at - 1].end_lineno == span.line:
        return Replacement(Span(span.line, suite[at - 1].end_col_offset or 0, span.end_line, span.end_column), "")
    return replace(statement, "pass")


def whole_lines(module: Module, statement: ast.stmt) -> str:
    """A statement's text with the comment behind it, without its first indentation."""
    span = span_of(statement)
    start = Span(first_line(statement), 0, span.end_line, end_of_line(module, span.end_line))
    return module.text(start).lstrip(" \t\f")


def step_of(module: Module, block: With) -> str | None:
    """What a ``with`` statement indents its block by; None where the block stands on the header's line."""
    inner = block.body[0]
    if not (begins_line(module, inner) and begins_line(module, block)):
        return None
    outer_indent, inner_indent = module.indent(block.lineno), module.indent(first_line(inner))
    if not inner_indent.startswith(outer_indent) or inner_indent == outer_indent:
        return None
    return inner_indent[len(outer_indent) :]


def indent(module: Module, first: int, last: int, step: str) -> list[Replacement]:
    """The lines from ``first`` to ``last`` indented by one step more; the lines within a string stay."""
    inside = string_lines(module)
    return [
        put(line, 0, step) for line in range(first, last + 1) if line not in inside and module.lines[line - 1].strip()
    ]


def dedent(module: Module, first: int, last: int, step: str) -> list[Replacement] | None:
    """The lines from ``first`` to ``last`` indented by one step less; None where one is not indented so far."""
    inside = string_lines(module)
    made = []
    for line in range(first, last + 1):
        text = module.lines[line - 1]
        if line in inside or not text.strip():
            continue
        if not text.startswith(step.encode()):
            return None
        made.append(Replacement(Span(line, 0, line, len(step.encode())), ""))
    return made


def string_lines(module: Module) -> set[int]:
    """The lines that begin within a string."""
    inside: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(module.code, newline="").readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name in ("FSTRING_START", "TSTRING_START"):
            opened.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(opened.pop() + 1, token.end[0] + 1))
    return inside


def with_keyword(site: Site, call: ast.Call, name: str, value: str) -> Replacement | None:
    """A call with a keyword argument: its value replaced where it is there, else the argument put in last."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return replace(keyword.value, value)
        if keyword.arg is None:
            return None
    given: Sequence[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    argument = f"{name}={value}"
    if not given:
        end = span_of(call)
        return put(end.end_line, end.end_column - 1, argument)
    last = max(given, key=lambda one: (one.end_lineno or 0, one.end_col_offset or 0))
    line, column = last.end_lineno or 0, last.end_col_offset or 0
    if isinstance(last, ast.expr):
        line, column = past_brackets(site, call, last)
    return put(line, column, f", {argument}")


def past_brackets(site: Site, call: ast.Call, last: ast.expr) -> tuple[int, int]:
    """Where a call's last argument ends, with the brackets that may stand around it."""
    end, span = span_of(call), span_of(last)
    line, column = span.end_line, span.end_column
    rest = site.module.text(Span(line, column, end.end_line, end.end_column))
    depth = len(rest) - len(rest.lstrip(")")) if "\n" not in rest and "#" not in rest else 1
    return line, column + max(depth - 1, 0)


def bracketed(node: ast.expr, text: str) -> str:
    """An expression's text, in brackets where it would fall apart as an operand."""
    simple = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Tuple, ast.Dict)
    if isinstance(node, simple) and (not isinstance(node, ast.Tuple) or text.startswith("(")):
        return text
    return f"({text})"


def term(node: ast.expr, text: str) -> str:
    """An expression's text as one term of a sum or a difference: products stay without brackets."""
    product = isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.Pow, ast.MatMult))
    return text if product and "\n" not in text else bracketed(node, text)


def operand(site: Site, node: ast.expr, text: str, inner: ast.expr) -> str:
    """The text of ``inner`` as it can stand in the place of ``node``, in brackets where it must."""
    parent = site.index.parents.get(node)
    closed = (ast.Call, ast.keyword, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.Subscript, ast.FormattedValue)
    if isinstance(parent, closed) and not _leads(parent, node):
        return f"({text})" if isinstance(inner, (ast.GeneratorExp, ast.NamedExpr)) and text[0] != "(" else text
    if isinstance(parent, ast.stmt) and "\n" not in text and "\r" not in text:
        return text
    return bracketed(inner, text)


def _leads(parent: ast.AST, node: ast.expr) -> bool:
    """Whether a node is what its parent calls or takes an element of."""
    return (isinstance(parent, ast.Call) and parent.func is node) or (
        isinstance(parent, ast.Subscript) and parent.value is node
    )


def without_keyword(site: Site, call: ast.Call, keyword: ast.keyword) -> Replacement:
    """A call without one of its keyword arguments, and without the comma that goes with it."""
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    given.sort(key=lambda one: (one.lineno, one.col_offset))
    at = given.index(keyword)
    line, column = keyword.lineno, keyword.col_offset
    end_line, end_column = keyword.end_lineno or line, keyword.end_col_offset or column
    if at + 1 < len(given):
        following = given[at + 1]
        return Replacement(Span(line, column, following.lineno, following.col_offset), "")
    if at > 0:
        ahead = given[at - 1]
        start = ahead.end_lineno or line, ahead.end_col_offset or column
        if isinstance(ahead, ast.expr):
            between = site.module.text(Span(*start, line, column))
            brackets = len(between.split(",")[0])
            start = (start[0], start[1] + brackets) if "\n" not in between else start
        return Replacement(Span(*start, end_line, end_column), "")
    rest = site.module.text(Span(end_line, end_column, span_of(call).end_line, span_of(call).end_column))
    trailing = len(rest) - len(rest[1:].lstrip(" ")) if rest.startswith(",") else 0
    return Replacement(Span(line, column, end_line, end_column + trailing), "")
