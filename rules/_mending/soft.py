"""Steps written as sigmoids: a comparison as the smooth function that rises where it turns true."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .edits import term
from .site import span_of, spelled

if TYPE_CHECKING:
    from .site import Site

STEEPNESS = "10.0"
RISING = (ast.Gt, ast.GtE)
FALLING = (ast.Lt, ast.LtE)
CALLS = {"greater": True, "greater_equal": True, "less": False, "less_equal": False}


def asked_alone(site: Site) -> bool:
    """Whether the claim's gradient calls lose every source that they ask for.

    Only then does another value on the way change no gradient that was there before.
    """
    lost: dict[ast.Call, set[object]] = {}
    for one, call in site.calls():
        lost.setdefault(call, set()).add(one.source_span)
    for call, spans in lost.items():
        sources = (
            call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "sources"), None)
        )
        if sources is None:
            return False
        asked = sources.elts if isinstance(sources, (ast.List, ast.Tuple)) else [sources]
        if any(span_of(one) not in spans for one in asked):
            return False
    return bool(lost)


def step_of(site: Site, condition: ast.expr) -> tuple[str, str] | None:
    """A comparison as ``tf.sigmoid(10.0 * (x - t))``, and its opposite; None for what is no plain ``<`` or ``>``."""
    if isinstance(condition, ast.Compare) and len(condition.ops) == 1:
        left, right = condition.left, condition.comparators[0]
        rises, falls = isinstance(condition.ops[0], RISING), isinstance(condition.ops[0], FALLING)
    elif isinstance(condition, ast.Call) and len(condition.args) == 2 and not condition.keywords:
        rising = CALLS.get((spelled(condition.func) or "").rpartition(".")[2])
        left, right = condition.args
        rises, falls = rising is True, rising is False
    else:
        return None
    sigmoid = site.tensorflow("sigmoid", condition)
    texts = [term(one, site.text(one)) for one in (left, right)]
    if not (rises or falls) or sigmoid is None or "\n" in "".join(texts):
        return None
    high, low = texts if rises else reversed(texts)
    above, below = _difference(high, low), _difference(low, high)
    return f"{sigmoid}({STEEPNESS} * {above})", f"{sigmoid}({STEEPNESS} * {below})"


def _difference(high: str, low: str) -> str:
    if _is_zero(low):
        return f"({high})" if " " in high else high
    return f"(-{low})" if _is_zero(high) else f"({high} - {low})"


def _is_zero(text: str) -> bool:
    return text in {"0", "0.0", "0."}
