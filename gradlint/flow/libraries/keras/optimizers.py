"""What a program does with its gradients: optimizers, updates by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gradlint.flow.causes import BadCall, NoneUsed, NotPairs, OtherVariables
from gradlint.flow.libraries.models import LibraryCall, methods
from gradlint.flow.values.making import span_of
from gradlint.flow.values.values import Const, LibObject, LostNone, Params, Seq, Tensor, Value, Variable

if TYPE_CHECKING:
    import ast

    from gradlint.flow.interpreter import Interpreter


@methods("optimizer", "apply_gradients")
def apply_gradients(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """``optimizer.apply_gradients(pairs)``."""
    pairs = call.args[0] if call.args else call.kwargs.get("grads_and_vars", call.kwargs.get("grads"))
    if pairs is None:
        return Const(None)
    updated = _tensor_updated(pairs)
    if updated is not None and owner.name.startswith("keras.") and ".legacy" not in owner.name:
        cause = NotPairs(machine.callee(call.node), how="tensor", name=machine.name_of(updated))
        machine.recorder.claim(cause, span_of(call.node), exception="AttributeError")
        machine.raised("AttributeError")
    else:
        applied(machine, pairs, call.node)
    return Const(None)


def _tensor_updated(pairs: Value) -> Value | None:
    """A Tensor that surely stands where a Variable to update should; None where there may be none."""
    if not isinstance(pairs, Seq):
        return None
    zipped = (pairs.extra or {}).get("zipped")
    if zipped is not None and len(zipped) == 2 and all(isinstance(one, Tensor) for one in zipped):
        return zipped[1] if _is_plain(zipped[1]) else None
    rows = [row.items.values for row in pairs.items.values if isinstance(row, Seq) and len(row.items.values) == 2]
    gradients = [row[0] for row in rows if isinstance(row[0], Tensor) and row[0].gradient_of is not None]
    first = rows[0][1] if rows and pairs.items.exact and len(gradients) == len(rows) else None
    return first if first is not None and _is_plain(first) else None


def _is_plain(value: Value) -> bool:
    """Whether a value is surely a Tensor, and not the Variable that an ``assign`` gave back."""
    return isinstance(value, Tensor) and value.op != "read" and value.gradient_of is None


@methods("optimizer", "apply", "build", "get_config", "set_weights")
def nothing(_machine: Interpreter, _owner: LibObject, _call: LibraryCall) -> Value:
    """A method that gives nothing that matters."""
    return Const(None)


@methods("optimizer", "get_scaled_loss", "get_unscaled_gradients", "get_gradients", "get_updates")
def removed(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """Methods of Keras 2 that optimizers of Keras 3 do not have (Keras 3.15)."""
    made = machine.tensor(call.node, call.tensors(machine), sure=False)
    if owner.name.startswith("keras.") and ".legacy" not in owner.name and not machine.legacy_keras:
        cause = BadCall(machine.callee(call.node), how="removed-method", name=call.name)
        machine.recorder.claim(cause, span_of(call.node), exception="AttributeError")
        machine.doom(made, call.node, "AttributeError")
    return made


@methods("optimizer", "*")
def other(machine: Interpreter, owner: LibObject, call: LibraryCall) -> Value:
    """A method of an optimizer that is not followed."""
    return machine.unknown(call.name, call.node, [owner, *call.values])


def applied(machine: Interpreter, pairs: Value, node: ast.AST) -> None:
    """``optimizer.apply_gradients(pairs)``."""
    if not isinstance(pairs, Seq):
        return
    zipped = (pairs.extra or {}).get("zipped")
    callee = machine.callee(node)
    if zipped is None:
        exception = _unpaired(pairs)
        if exception is not None:
            machine.recorder.claim(NotPairs(callee, how="no-zip"), span_of(node), exception=exception)
            machine.raised(exception)
            return
    elif len(zipped) == 2:
        first, second = zipped
        mismatch(machine, first, second, node)
        if is_variables(first) and is_gradients(second):
            machine.recorder.claim(NotPairs(callee), span_of(node), exception="AttributeError")
            machine.raised("AttributeError")
            return
    rows = [row.items.values for row in pairs.items.values if isinstance(row, Seq) and len(row.items.values) == 2]
    lost = [row[0] for row in rows if isinstance(row[0], LostNone)]
    known = pairs.items.exact or (zipped is not None and _whole(zipped[0]))
    if rows and len(lost) == len(rows) and known:
        first_lost = lost[0]
        assert isinstance(first_lost, LostNone)
        cause = NoneUsed(callee, into="apply", call=first_lost.call)
        # The optimizer looks at the variables first (Keras 3.15).
        exception = "AttributeError" if any(isinstance(row[1], Tensor) for row in rows) else "ValueError"
        machine.recorder.claim(cause, span_of(node), exception=exception)
        machine.raised(exception)


def _unpaired(pairs: Seq) -> str | None:
    """What ``apply_gradients`` raises for a list that surely holds no pairs; None where it may.

    That is a list of gradients, or one of gradients beside one of variables: ``(gradients, variables)``.
    """
    if (pairs.extra or {}).get("gradients_of") is not None:
        return "TypeError"
    first = pairs.items.values[0] if pairs.items.exact and len(pairs.items.values) == 2 else None
    if not isinstance(first, Seq) or not (is_gradients(first) and is_variables(pairs.items.values[1])):
        return None
    return "AttributeError" if first.items.exact and len(first.items.values) == 2 else "ValueError"


def _whole(gradients: Value) -> bool:
    """Whether every source of a list of gradients is known, so that there is no other gradient among them."""
    sources = (gradients.extra or {}).get("gradients_of") if isinstance(gradients, Seq) else None
    return isinstance(sources, Seq) and all(isinstance(item, Variable | Params) for item in sources.items.values)


def mismatch(machine: Interpreter, first: Value, second: Value, node: ast.AST) -> None:
    """Gradients of one list of variables, zipped with another."""
    how = _mismatch(first, second)
    if how is not None:
        machine.recorder.claim(OtherVariables(machine.callee(node), how=how), span_of(node))


def _mismatch(first: Value, second: Value) -> Literal["length", "order", "other", "single"] | None:
    """In what two lists that are zipped do not fit; None where they may."""
    if isinstance(first, Tensor) and first.gradient_of is not None and isinstance(second, Seq):
        return "single"
    sources = (first.extra or {}).get("gradients_of") if isinstance(first, Seq) else None
    if not isinstance(sources, Seq) or not isinstance(second, Seq):
        return None
    mine, theirs = sources.items.values, second.items.values
    if not mine or not theirs or not all(isinstance(item, Variable | Params) for item in (*mine, *theirs)):
        return None
    if len(mine) == len(theirs) and all(a is b for a, b in zip(mine, theirs, strict=True)):
        return None
    ours = {id(item) for item in mine}
    shared = [item for item in theirs if id(item) in ours]
    exact = sources.items.exact and second.items.exact
    states = [item for item in theirs if isinstance(item, Params) and item.trainable is False]
    if states and not any(isinstance(item, Params) and item.trainable is False for item in mine):
        return "length"
    if not shared:
        return None if _copied(mine, theirs) or _copied(theirs, mine) else "other"
    if len(mine) != len(theirs) and exact:
        return None if all(a is b for a, b in zip(mine, theirs, strict=False)) else "length"
    return "order" if exact and len(shared) == len(theirs) else None


def _copied(copies: tuple[Value, ...], models: tuple[Value, ...]) -> bool:
    """Whether variables were given the values of others, whose gradients they may get: first-order meta-learning."""
    given = {id(value) for value in models}
    return any(id(edge.parent) in given for value in copies for edge in value.edges)


def is_variables(value: Value) -> bool:
    """Whether a value is surely a list of variables."""
    if not isinstance(value, Seq):
        return False
    if (value.extra or {}).get("name") in {"trainable_variables", "trainable_weights", "variables", "weights"}:
        return True
    return bool(value.items.values) and all(isinstance(item, Variable) for item in value.items.values)


def is_gradients(value: Value) -> bool:
    """Whether a value is surely a list of gradients."""
    if not isinstance(value, Seq):
        return False
    if (value.extra or {}).get("gradients_of") is not None:
        return True
    return bool(value.items.values) and all(
        isinstance(item, LostNone) or (isinstance(item, Tensor) and item.gradient_of is not None)
        for item in value.items.values
    )
