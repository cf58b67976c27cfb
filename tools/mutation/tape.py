"""Mutants of the tape's own use and of the sources that are asked for."""

from __future__ import annotations

import ast
import textwrap
from typing import TYPE_CHECKING

from tools.mutation.asked import LISTS, Asked, is_gradient
from tools.mutation.file import Edit, File, Mutant, moved
from tools.mutation.ways import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKING = frozenset({
    "constant", "convert_to_tensor", "cast", "ones", "zeros", "ones_like", "zeros_like", "linspace", "expand_dims",
    "reshape", "random.normal", "random.uniform", "identity",
})  # fmt: skip
"""Functions of TensorFlow that make a tensor, which a tape follows only where it is told to."""


def of_the_tape(file: File, one: Asked) -> Iterator[Mutant]:
    """Those that use the tape otherwise."""
    make = next(
        item.context_expr
        for item in one.block.items
        if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == one.tape
    )
    if not isinstance(make, ast.Call):
        return
    yield from _asked_again(file, one, make)
    yield from _unwatched(file, one, make)
    yield from _moved_out(file, one)


def _mutant(file: File, one: Asked, operator: str, edits: tuple[Edit, ...], lines: set[int], call: int = 0) -> Mutant:
    line = moved(edits, file, call or one.call.lineno)
    return Mutant(operator, "the tape", edits, line, frozenset((file.path, number) for number in lines))


def _asked_again(file: File, one: Asked, make: ast.Call) -> Iterator[Mutant]:
    text = file.source(one.statement)
    calls = sum(is_gradient(node, one.tape) for node in ast.walk(file.tree))
    if not make.keywords and not make.args and isinstance(one.statement, ast.Assign) and calls == 1:
        end = file.span(one.statement)[1]
        again = "\n" + " " * one.statement.col_offset + text
        line = one.call.lineno + text.count("\n") + 1
        yield Mutant("asked twice", "the tape", (Edit(file.path, end, end, again),), line, frozenset())
    second = next((node for later in one.rest for node in ast.walk(later) if is_gradient(node, one.tape)), None)
    if isinstance(second, ast.Call) and isinstance(one.statement, ast.Assign) and _is_persistent(make):
        edit = Edit(file.path, *file.span(make.keywords[0].value), "False")
        yield _mutant(file, one, "not persistent", (edit,), set(), second.lineno)


def _is_persistent(make: ast.Call) -> bool:
    return not make.args and [one.arg for one in make.keywords] == ["persistent"]


def _unwatched(file: File, one: Asked, make: ast.Call) -> Iterator[Mutant]:
    watches = [s for s in one.block.body if isinstance(s, ast.Expr) and _is_watch(s.value, one)]
    listed = any(word in file.source(one.sources) for word in LISTS)
    if not any(_is_watch(node, one) for node in ast.walk(one.block)) and listed and not make.keywords and not make.args:
        end = file.span(make)[1] - 1
        edit = Edit(file.path, end, end, "watch_accessed_variables=False")
        yield _mutant(file, one, "watches nothing", (edit,), {make.lineno})
    if len(watches) == 1 and len(one.block.body) > 1 and _is_a_tensor(file, one):
        edit = Edit(file.path, *file.span(watches[0]), "pass")
        yield _mutant(file, one, "watch left out", (edit,), set())


def _is_watch(node: ast.AST, one: Asked) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == f"{one.tape}.watch"


def _is_a_tensor(file: File, one: Asked) -> bool:
    """Whether the one source is a name that holds a tensor of TensorFlow's making, and nothing else."""
    made = [
        node.value
        for node in ast.walk(one.owner or file.tree)
        if isinstance(node, ast.Assign) and any(dotted(target) == dotted(one.sources) for target in node.targets)
    ]
    return bool(made) and all(
        isinstance(value, ast.Call) and dotted(value.func).partition(".")[2] in MAKING for value in made
    )


def _moved_out(file: File, one: Asked) -> Iterator[Mutant]:
    last, body = one.block.body[-1], one.block.body
    if not isinstance(last, ast.Assign) or [dotted(target) for target in last.targets] != [dotted(one.target)]:
        return
    if not isinstance(last.value, ast.Call | ast.BinOp) or _times_bound(one) != 1:
        return
    start, end = file.at(last.lineno, 0), file.span(last)[1]
    lines = set(range(last.lineno, (last.end_lineno or 0) + 1))
    if len(body) > 1:
        dedented = " " * one.block.col_offset + file.source(last)
        yield _mutant(file, one, "computed behind the block", (Edit(file.path, start, end, dedented),), lines)
    if last.lineno == last.end_lineno:
        indent = " " * last.col_offset
        held = f"{indent}with {one.tape}.stop_recording():\n{indent}    {file.source(last)}"
        blamed = lines | {line + 1 for line in lines}
        yield _mutant(file, one, "not recorded", (Edit(file.path, start, end, held),), blamed)
    if not any(_is_watch(node, one) for node in ast.walk(one.block)) and all(isinstance(s, ast.Assign) for s in body):
        begin = file.at(one.block.lineno, 0)
        inner = textwrap.dedent(file.text[file.at(body[0].lineno, 0) : end])
        head = file.text[begin : file.at(body[0].lineno, 0)]
        if body[0].lineno == one.block.items[-1].context_expr.end_lineno or head.count("\n") != 1:
            return
        before = textwrap.indent(inner, " " * one.block.col_offset)
        text = f"{before}\n{head}{' ' * body[0].col_offset}pass"
        hoisted = set(range(one.block.lineno, one.block.lineno + before.count("\n") + 1))
        yield _mutant(file, one, "computed before the block", (Edit(file.path, begin, end, text),), hoisted)


def _times_bound(one: Asked) -> int:
    stored = (node for node in ast.walk(one.block) if isinstance(getattr(node, "ctx", None), ast.Store))
    return sum(dotted(node) == dotted(one.target) for node in stored)


def of_the_sources(file: File, one: Asked) -> Iterator[Mutant]:
    """Those that ask for other sources."""
    start, end = file.span(one.sources)
    tf, text, target = file.alias("tensorflow"), file.source(one.sources), dotted(one.target)
    place = frozenset((file.path, n) for n in range(one.statement.lineno, (one.call.end_lineno or 0) + 1))
    forms: dict[str, str] = {}
    if any(word in text for word in ("trainable_variables", "trainable_weights")):
        forms = {"copies": f"[{tf}.identity(v) for v in {text}]", "arrays": f"[v.numpy() for v in {text}]"}
    elif isinstance(one.sources, ast.Name) and _is_a_tensor(file, one):
        forms = {"copies": f"{tf}.identity({text})", "arrays": f"{text}.numpy()"}
    for operator, form in forms.items():
        yield Mutant(operator, "the sources", (Edit(file.path, start, end, form),), one.call.lineno, place)
    if forms:
        edits = (Edit(file.path, start, end, target), Edit(file.path, *file.span(one.target), text))
        yield Mutant("swapped", "the sources", edits, one.call.lineno, place)
    if isinstance(one.sources, ast.Name) and _is_a_tensor(file, one):
        last = one.block.body[-1]
        at = file.span(last)[1]
        edit = Edit(file.path, at, at, "\n" + " " * last.col_offset + f"{text} = {tf}.identity({text})")
        call, line = one.call.lineno + 1, (last.end_lineno or 0) + 1
        blamed = place | {(file.path, line), (file.path, call)}
        yield Mutant("rebound", "the sources", (edit,), call, blamed)
