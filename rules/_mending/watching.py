"""``tape.watch(x)`` put where it covers every use of x: first in the block, or just behind where the block makes x."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .edits import after, before, begins_line, proposal
from .site import Site, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.flow.facts import Claim
    from gradlint.rule import Module, Proposal, Replacement

    from .site import With

VARIABLE_LISTS = frozenset(
    {"trainable_variables", "trainable_weights", "variables", "weights", "non_trainable_variables"}
)


def watch_sources(claim: Claim, module: Module, *, keras: bool = False) -> Proposal | None:
    """Watch every source that a claim says is lost, in the block of its gradient call.

    Args:
        claim: The claim.
        module: The program.
        keras: Whether the sources are Keras variables, of which only the ``value`` can be watched.
    """
    site = Site(claim, module)
    wanted: dict[tuple[With, str], list[tuple[str, ast.Call]]] = {}
    calls = site.calls()
    if not calls or len(calls) != len(claim.gradients):
        return None
    for lost, call in calls:
        block, tape = site.block_of(call), site.tape_of(call)
        source = written(site.at(lost.source_span))
        if block is None or tape is None or source is None:
            return None
        sources = wanted.setdefault((block, tape), [])
        if all(source != other for other, _ in sources):
            sources.append((source, call))
    made: list[Replacement] = []
    for (block, tape), sources in wanted.items():
        at: dict[ast.stmt | None, list[str]] = {}
        for source, call in sources:
            places = behind(site, block, source, call)
            if places is None:
                return None
            at.setdefault(places[0], []).append(watchable(source) if keras else source)
        made += [watching(site, block, tape, names, binding) for binding, names in at.items()]
    named = ", ".join(f"`{source}`" for sources in wanted.values() for source, _ in sources)
    return proposal("safe", f"Watch {named} in the tape's block", *made)


def written(node: ast.expr | None) -> str | None:
    """A source that can be watched as it is written: a name or a dotted name."""
    return None if node is None else spelled(node)


def watchable(source: str) -> str:
    """What of a Keras variable, or of a list of them, ``watch`` takes."""
    if source.rpartition(".")[2] in VARIABLE_LISTS:
        return f"[variable.value for variable in {source}]"
    return f"{source}.value"


def behind(site: Site, block: With, source: str, call: ast.Call) -> tuple[ast.stmt | None] | None:
    """The statement of a block that makes a source, after which it can be watched; None within where it comes before.

    The answer is None where the name is bound again on the way to the call, or in a way that is not plain.
    """
    parts = source.split(".")
    inside: list[ast.stmt] = []
    for length in range(1, len(parts) + 1):
        for statement, _ in site.bindings(".".join(parts[:length]), call):
            if (statement.lineno, statement.col_offset) >= (call.lineno, call.col_offset):
                continue
            if any(one is block for one in site.index.above(statement)):
                inside.append(statement)
            elif statement is not block and statement.lineno > (block.end_lineno or 0):
                if site.index.statement(call) is not statement:
                    return None
            elif statement is block:
                return None
    if not inside:
        return (None,)
    last = max(inside, key=lambda one: (one.lineno, one.col_offset))
    if hasattr(last, "body") or (len(inside) > 1 and site.index.parents.get(last) is not block):
        return None
    return (last,)


def watching(site: Site, block: With, tape: str, sources: Sequence[str], binding: ast.stmt | None) -> Replacement:
    """The watch of some sources, behind the statement that makes them or else first in a block."""
    what = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
    if binding is not None:
        return after(site.module, binding, f"{tape}.watch({what})")
    return before(site.module, first_to_watch(site, block, tape), f"{tape}.watch({what})")


def first_to_watch(site: Site, block: With, tape: str) -> ast.stmt:
    """The first statement of a block that does not itself watch something on the tape."""
    for statement in block.body:
        if not (begins_line(site.module, statement) and is_watch(statement, tape)):
            return statement
    return block.body[0]


def is_watch(statement: ast.stmt, tape: str | None = None) -> bool:
    """Whether a statement is ``tape.watch(...)``."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
        return False
    function = statement.value.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "watch"
        and (tape is None or spelled(function.value) == tape)
    )
