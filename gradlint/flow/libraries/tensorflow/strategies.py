"""``tf.distribute`` strategies: they call the program's step, once for each replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import argument
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.values import Const, Dict, LibObject, Unknown, Value

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter

FAMILY = "strategy"


def make(machine: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value | None:
    """A strategy, of a class or of ``tf.distribute.get_strategy()``; None for other names."""
    head, _, last = name.rpartition(".")
    if not head.startswith("tensorflow.distribute") or not last.endswith(("Strategy", "get_strategy")):
        return None
    made = LibObject(name, FAMILY, span_of(node))
    made.born = machine.tick()
    return made


def method(
    machine: Interpreter, owner: LibObject, name: str, args: list[Value], kwargs: dict[str, Value], node: ast.AST
) -> Value:
    """A method of a strategy."""
    if name in {"run", "experimental_run_v2"}:
        return _run(machine, args, kwargs, node)
    if name == "scope":
        return Unknown("scope", span_of(node))
    if name == "reduce":
        value = argument(args, kwargs, 1, "value")
        leaves = [leaf for leaf in machine.leaves(value) if not isinstance(leaf, Const)] if value is not None else []
        return machine.tensor(node, leaves, op="tensorflow.distribute.Strategy.reduce")
    if name == "experimental_distribute_dataset" and args:
        return args[0]
    if name == "experimental_local_results" and args:
        return sequence([args[0]], "tuple", exact=False, node=node)
    return machine.foreign("call", node, [owner, *args, *kwargs.values()])


def _run(machine: Interpreter, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """``strategy.run(fn, args=(...), kwargs={...})``: the function, called with these."""
    function = argument(args, kwargs, 0, "fn")
    given = argument(args, kwargs, 1, "args")
    named = argument(args, kwargs, 2, "kwargs")
    if function is None:
        return machine.unknown("run", node, [*args, *kwargs.values()], anything=True)
    values, whole = machine.iterate(given, node) if given is not None else ([], True)
    by_name = {}
    if isinstance(named, Dict):
        by_name = {key: value for key, value in named.pairs.entries if isinstance(key, str)}
        whole = whole and named.pairs.exact
    elif named is not None and not isinstance(named, Const):
        whole = False
    return machine.call(function, values, by_name, node, star=not whole)
