"""Every source that a claim says is lost, watched in the block of its gradient call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.reading import dotted
from gradlint.nodes.watching import behind, watching
from gradlint.rule import cst, safe

if TYPE_CHECKING:
    from gradlint.rule import Change, Proposal, Site

OF_MODELS = ("trainable_variables", "trainable_weights", "variables", "weights", "non_trainable_variables")
VARIABLE_LISTS = frozenset(OF_MODELS)


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
        at: dict[cst.BaseSmallStatement | cst.BaseCompoundStatement | None, list[str]] = {}
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
