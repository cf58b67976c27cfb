"""``tape.watch(x)`` put where it covers every use of x: first in the block, or just behind where the block makes x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.reading import called, dotted
from gradlint.rule import After, Before, cst, safe, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.rule import Change, Proposal, Site

    Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement

VARIABLE_LISTS = frozenset(
    {"trainable_variables", "trainable_weights", "variables", "weights", "non_trainable_variables"}
)


def watch_sources(site: Site, *, keras: bool = False) -> Proposal | None:
    """Watch every source that a claim says is lost, in the block of its gradient call.

    Args:
        site: The claim's surroundings.
        keras: Whether the sources are Keras variables, of which only the ``value`` can be watched.
    """
    wanted: dict[tuple[cst.With, str], dict[str, tuple[cst.Call, bool]]] = {}
    if not site.calls or len(site.calls) != len(site.claim.gradients):
        return None
    for lost, call in site.calls:
        block, tape, source = site.block(call), site.tape(call), dotted(site.source(lost))
        if block is None or tape is None or source is None:
            return None
        wanted.setdefault((block, tape), {}).setdefault(source, (call, lost.source != source))
    made: list[Change] = []
    for (block, tape), sources in wanted.items():
        at: dict[Statement | None, list[str]] = {}
        for source, (call, is_list) in sources.items():
            places = behind(site, block, source, call)
            if places is None:
                return None
            at.setdefault(places[0], []).append(watchable(source, is_list) if keras else source)
        made += [watching(site, block, tape, names, binding) for binding, names in at.items()]
    named = ", ".join(f"`{source}`" for sources in wanted.values() for source in sources)
    return safe(f"Watch {named} in the tape's block", *made)


def watchable(source: str, is_list: bool = False) -> str:
    """What of a Keras variable, or of a list of them, ``watch`` takes."""
    if is_list or source.rpartition(".")[2] in VARIABLE_LISTS:
        return f"[variable.value for variable in {source}]"
    return f"{source}.value"


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


def first_to_watch(site: Site, block: cst.With, tape: str) -> Statement:
    """The first statement of a block that does not itself watch something on the tape."""
    body = site.body(block)
    return next((one for one in body if not (site.is_alone(one) and is_watch(one, tape))), body[0])


def is_watch(node: cst.CSTNode, tape: str | None = None) -> bool:
    """Whether a statement is ``tape.watch(...)``."""
    if not (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call) and called(node.value) == "watch"):
        return False
    return tape is None or dotted(node.value.func) == f"{tape}.watch"
