"""``tape.watch(x)`` put where it covers every use of x: first in the block, or just behind where the block makes x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.changes import After, Before
from gradlint.nodes.lazy import cst
from gradlint.nodes.make import expression, statement
from gradlint.nodes.reading import called, dotted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.nodes.changes import Change
    from gradlint.nodes.site import Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement


def behind(site: Site, block: cst.With, source: str, call: cst.Call) -> tuple[Statement | None] | None:
    """The statement of a block that makes a source, after which it can be watched; None within where it comes before.

    The answer is None where the name is bound again on the way to the call, or in a way that is not plain.
    """
    parts = source.split(".")
    inside: list[Statement] = []
    for length in range(1, len(parts) + 1):
        for made, _ in site.bindings(".".join(parts[:length]), call):
            if not site.comes_before(made, call):
                continue
            if site.is_inside(made, block):
                inside.append(made)
            elif made is block or (site.ends_before(block, made) and site.statement_of(call) is not made):
                return None
    if not inside:
        return (None,)
    last = max(inside, key=site.program.extent)
    plain = len(inside) == 1 or any(last is one for one in site.body(block))
    return (last,) if plain and isinstance(last, cst.BaseSmallStatement) else None


def watching(
    site: Site, block: cst.With, tape: str, sources: Sequence[str], binding: Statement | None = None
) -> Change:
    """The watch of some sources, behind the statement that makes them or else first in a block."""
    what = sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"
    watch = statement(f"{tape}.watch({what})")
    return Before(first_to_watch(site, block, tape), [watch]) if binding is None else After(binding, [watch])


def watched_variables(site: Site, call: cst.Call) -> cst.BaseExpression | None:
    """What a gradient call's tape watches by itself; None where the block watches something else as well."""
    block, tape = site.block(call), site.tape(call)
    if block is None or tape is None or any(is_watch(one, tape) for one in site.body(block)):
        return None
    return expression(f"{tape}.watched_variables()")


def first_to_watch(site: Site, block: cst.With, tape: str) -> Statement:
    """The first statement of a block that does not itself watch something on the tape, behind its last reset."""
    body = site.body(block)
    resets = [number for number, one in enumerate(body) if _is_call(one, f"{tape}.reset")]
    rest = body[resets[-1] + 1 :] if resets and resets[-1] + 1 < len(body) else body
    return next((one for one in rest if not (site.is_alone(one) and is_watch(one, tape))), rest[0])


def _is_call(node: cst.CSTNode, function: str) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and dotted(node.value.func) == function


def is_watch(node: cst.CSTNode, tape: str | None = None) -> bool:
    """Whether a statement is ``tape.watch(...)``."""
    if not (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and called(node.value) == "watch"):
        return False
    return tape is None or dotted(node.value.func) == f"{tape}.watch"
