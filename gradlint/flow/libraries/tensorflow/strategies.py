"""``tf.distribute`` strategies: they call the program's step, once for each replica."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.libraries.models import LibraryCall, methods, models, tensors_in
from gradlint.flow.values.making import sequence, span_of
from gradlint.flow.values.values import Const, Dict, LibObject, Unknown, Value

if TYPE_CHECKING:
    from gradlint.flow.interpreter import Interpreter

FAMILY = "strategy"


@models("strategy")
def make(machine: Interpreter, call: LibraryCall) -> Value:
    """A strategy."""
    made = LibObject(call.name, FAMILY, span_of(call.node))
    made.born = machine.tick()
    return made


@methods(FAMILY, "scope")
def scope(_machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``strategy.scope()``."""
    return Unknown("scope", span_of(call.node))


@methods(FAMILY, "reduce")
def reduce(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``strategy.reduce(op, value)``."""
    value = call.argument(1, "value")
    leaves = tensors_in(machine, value) if value is not None else []
    return machine.tensor(call.node, leaves, op="reduce")


@methods(FAMILY, "experimental_distribute_dataset")
def distribute(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``strategy.experimental_distribute_dataset(dataset)``: the same elements."""
    return call.first if call.first is not None else machine.unknown("dataset", call.node)


@methods(FAMILY, "experimental_local_results")
def local_results(_machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``strategy.experimental_local_results(value)``: a tuple of what each replica gave."""
    return sequence(call.args, "tuple", exact=False, node=call.node)


@methods(FAMILY, "run")
def run(machine: Interpreter, _owner: LibObject, call: LibraryCall) -> Value:
    """``strategy.run(fn, args=(...), kwargs={...})``: the function, called with these."""
    function, given, named = (call.argument(i, name) for i, name in enumerate(("fn", "args", "kwargs")))
    if function is None:
        return machine.unknown("run", call.node, call.values, anything=True)
    values, whole = machine.iterate(given, call.node) if given is not None else ([], True)
    by_name = {}
    if isinstance(named, Dict):
        by_name = {key: value for key, value in named.pairs.entries if isinstance(key, str)}
        whole = whole and named.pairs.exact
    elif named is not None and not isinstance(named, Const):
        whole = False
    return machine.call(function, values, by_name, call.node, star=not whole)
