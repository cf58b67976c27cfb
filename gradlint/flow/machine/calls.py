"""Calls of the program's own functions, methods and classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from gradlint.flow.libraries.keras import objects as keras
from gradlint.flow.libraries.keras.layers import CALLED_BY_KERAS
from gradlint.flow.machine import classes
from gradlint.flow.machine.core import DEPTH, Core, RaisedError
from gradlint.flow.machine.nodes import evaluates
from gradlint.flow.state.activation import Activation
from gradlint.flow.state.store import join_values
from gradlint.flow.values import dtypes
from gradlint.flow.values.making import span_of
from gradlint.flow.values.program import Bound, ClassValue, Frame, Function, Generator, Instance, Partial, Super
from gradlint.flow.values.trees import children
from gradlint.flow.values.values import (
    Array,
    Const,
    Dict,
    Items,
    Join,
    Known,
    LibObject,
    Method,
    Number,
    Pairs,
    Seq,
    Tensor,
    Unknown,
    Value,
    Variable,
)
from gradlint.knowledge import behaviours

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.flow.facts import Span
    from gradlint.flow.state.store import Changes

STEPS_IN_MODULES = 25_000
"""How many expressions and statements of the project's other modules are run before their calls are unknown."""
ENTRIES = 80
"""How often one function is entered while much has been spent; after that its calls give something unknown."""
ENTRIES_WHILE_CHEAP = 160
"""How often it is entered while less than half of the account is spent, for each object whose method it is."""
ENTRIES_OF_A_PLACE = 40
"""How often one place enters a function that has been entered more often than a costly program may."""


@evaluates(ast.Call)
def eval_call(machine: Core, node: ast.Call) -> Value:
    """The value of a call expression."""
    if isinstance(node.func, ast.Name) and node.func.id == "super" and machine.stack:
        return super_value(machine, node)
    function = machine.eval(node.func)
    args, all_args = _positional(machine, node)
    kwargs, all_kwargs = _by_keyword(machine, node)
    return machine.call(function, args, kwargs, node, star=not (all_args and all_kwargs))


def _positional(machine: Core, node: ast.Call) -> tuple[list[Value], bool]:
    """The positional arguments of a call, and whether there are no more than these."""
    args: list[Value] = []
    whole = True
    for argument in node.args:
        if not isinstance(argument, ast.Starred):
            args.append(machine.eval(argument))
            continue
        value = machine.eval(argument.value)
        if isinstance(value, Seq) and value.items.exact:
            args += value.items.values
        else:
            items, exact = machine.iterate(value, argument)
            args += items
            whole = whole and exact
    return args, whole


def _by_keyword(machine: Core, node: ast.Call) -> tuple[dict[str, Value], bool]:
    """The arguments of a call by keyword, and whether there are no more than these."""
    kwargs: dict[str, Value] = {}
    whole = True
    for keyword in node.keywords:
        value = machine.eval(keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
        elif isinstance(value, Dict):
            kwargs |= {key: item for key, item in value.pairs.entries if isinstance(key, str)}
            kwargs |= {f"**{index}": item for index, item in enumerate(value.pairs.rest)}
            whole = whole and value.pairs.exact
        else:
            kwargs["**"] = value
            whole = False
    return kwargs, whole


def super_value(machine: Core, node: ast.Call) -> Value:
    """What ``super()`` gives here."""
    frame: Frame | None = machine.frame
    while frame is not None and (frame.function is None or frame.function.owner is None):
        frame = frame.parent
    if frame is None or frame.function is None or frame.function.owner is None:
        return machine.unknown("super", node, anything=True)
    arguments = frame.function.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    owner = frame.names.get(names[0]) if names else None
    return Super(frame.function.owner, owner if isinstance(owner, Value) else machine.anything)


def call(
    machine: Core,
    function: Value,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
    *,
    star: bool = False,
) -> Value:
    """Call a value."""
    machine.tick()
    if isinstance(function, Function):
        return enter(machine, function, args, kwargs, node, star=star)
    if isinstance(function, Bound):
        keras.begin_build(machine, function)
        return machine.call(function.function, [function.owner, *args], kwargs, node, star=star)
    if isinstance(function, Partial):
        return machine.call(function.function, [*function.args, *args], {**function.kwargs, **kwargs}, node, star=star)
    if isinstance(function, ClassValue):
        return classes.construct(machine, function, args, kwargs, node, star=star)
    if isinstance(function, Instance):
        return classes.call_instance(machine, function, args, kwargs, node, star=star)
    if isinstance(function, Known | Method | LibObject):
        return _call_library(machine, function, args, kwargs, node)
    if isinstance(function, Join):
        options = [option for option in function.options if not isinstance(option, Const)]
        if options and len(options) <= 4:
            owned = any(isinstance(option, Bound) for option in options)
            ways = [
                way(machine, option, args, kwargs, node, muted=owned and isinstance(option, Method))
                for option in options
            ]
            return machine.fork(ways, list(function.labels[: len(options)]) or [""] * len(options))
    return machine.foreign_call(function, args, kwargs, node)


def _call_library(
    machine: Core,
    function: Known | Method | LibObject,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Call a library's function, method or object."""
    if isinstance(function, Known):
        return machine.library_call(function.name, args, kwargs, node)
    if isinstance(function, Method):
        return machine.method_call(function, args, kwargs, node)
    return machine.object_call(function, args, kwargs, node)


def way(
    machine: Core, option: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, muted: bool
) -> Callable[[], Value]:
    """One way of a call of one of several values.

    It is ``muted`` where it is a library's method and another one is a method of the program's own: which of them the
    program has is not known then, and that it has the library's would have to be seen.
    """

    def call() -> Value:
        machine.recorder.muted += muted
        try:
            return machine.call(option, args, kwargs, node)
        finally:
            machine.recorder.muted -= muted

    return call


def foreign_call(machine: Core, function: Value, args: list[Value], kwargs: dict[str, Value], node: ast.AST) -> Value:
    """Call code that cannot be followed."""
    if isinstance(function, Unknown) and function.why == "apply_gradients" and args:
        machine.applied(args[0], node)
    given = [function, *args, *kwargs.values()]
    made = machine.foreign("call", node, given)
    if any(isinstance(value, Unknown) and value.anything for value in given):
        made.anything = True
    return made


# -- functions -----------------------------------------------------------------------------------------------------


def enter(
    machine: Core, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
) -> Value:
    """Call a function of the program: bind its parameters and run its body."""
    if function.memo is not None and not star:
        return remembered(machine, function, function.memo, args, kwargs, node)
    return execute(machine, function, args, kwargs, node, star=star)


def remembered(
    machine: Core,
    function: Function,
    memo: dict[Any, Any],
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Call a function under ``functools.cache``: for arguments that it has seen, what it gave for them then."""
    given = [*enumerate(args), *kwargs.items()]
    if any(isinstance(value, Number | Unknown | Join) for _, value in given):
        return execute(machine, function, args, kwargs, node)
    key = tuple((name, repr(value.value) if isinstance(value, Const) else id(value)) for name, value in given)
    held = memo.get(key)
    if isinstance(held, Value):
        return held
    machine.kept_alive += args + list(kwargs.values())
    made = execute(machine, function, args, kwargs, node)
    machine.set(memo, key, made)
    return made


def execute(
    machine: Core, function: Function, args: list[Value], kwargs: dict[str, Value], node: ast.AST, *, star: bool = False
) -> Value:
    """Run a function's body."""
    code = function.node
    if function.opaque or (code.lineno > machine.recorder.own and spent_in_modules(machine) > STEPS_IN_MODULES):
        return machine.foreign_call(machine.anything, [function, *args], kwargs, node)
    machine.looked_at.add(id(code))
    depth = sum(activation.function is not None and activation.function.node is code for activation in machine.stack)
    if not may_enter(machine, function, args, node) or len(machine.stack) > DEPTH or depth > 2:
        return machine.unknown("call", node, [function, *args, *kwargs.values()], anything=True)
    frame = Frame(function.frame, function)
    frame.self_class = function.owner
    began = machine.clock
    if function.graph:
        args = [into_graph(machine, value, node) for value in args]
        kwargs = {name: into_graph(machine, value, node) for name, value in kwargs.items()}
    bind_parameters(machine, function, frame, args, kwargs, node, star=star)
    if isinstance(code, ast.Lambda):
        result = inside(machine, function, frame, node, lambda: machine.eval(code.body), began)
    elif is_generator(machine, code):
        return generator_of(machine, function, frame, node)
    else:
        result = inside(machine, function, frame, node, lambda: body_of(machine, code), began)
    if not function.graph:
        return result
    result = out_of_graph(machine, result, node)
    given = [leaf for leaf in machine.leaves(result) if isinstance(leaf, Tensor | Variable | Unknown)]
    if len(given) > 1:
        machine.graph_outputs.append((began, tuple(given)))
    return result


def may_enter(machine: Core, function: Function, args: list[Value], node: ast.AST) -> bool:
    """Count that a place enters a function; whether it may, so that functions which call each other stay cheap."""
    entered, code = machine.entered, id(function.node)
    owner = args[0].born if function.owner is not None and args and isinstance(args[0], Instance) else 0
    entered[code] = count = entered.get(code, 0) + 1
    entered[code, owner] = of_owner = entered.get((code, owner), 0) + 1
    entered[code, owner, id(node)] = by_place = entered.get((code, owner, id(node)), 0) + 1
    if count <= ENTRIES:
        return True
    cheap = 2 * machine.account.spent < machine.account.limit
    return cheap and of_owner <= ENTRIES_WHILE_CHEAP and by_place <= ENTRIES_OF_A_PLACE


def into_graph(machine: Core, value: Value, node: ast.AST) -> Value:
    """What the body of a ``tf.function`` sees of an argument: tensors for arrays, another one for a tensor."""
    if isinstance(value, Array):
        return machine.tensor(node, [value], dtype=dtypes.of(value), op=behaviours.the("converts"))
    return handed_on(machine, value, node)


def handed_on(machine: Core, value: Value, node: ast.AST) -> Value:
    """What stands for a tensor on the other side of a call of a ``tf.function``, outside of any other: another one."""
    if not isinstance(value, Tensor) or machine.in_graph:
        return value
    made = machine.tensor(node, [value], dtype=value.dtype, op=behaviours.the("identity"), known=value.known)
    made.span, made.gradient_of, made.extra = value.span, value.gradient_of, value.extra
    return made


def out_of_graph(machine: Core, value: Value, node: ast.AST) -> Value:
    """What a ``tf.function`` gives back for a value that its body returns: tensors for arrays and numbers.

    Each of several results is a tensor of its own, and none of them is made from another.
    """
    if isinstance(value, Seq):
        parts = value.items.values
        values = tuple(own_result(machine, out_of_graph(machine, item, node), node) for item in parts)
        if all(new is old for new, old in zip(values, value.items.values, strict=True)):
            return value
        return Seq(Items(values, value.items.exact), value.kind, value.span)
    is_number = isinstance(value, Const) and isinstance(value.value, int | float)
    if isinstance(value, Array) or (isinstance(value, Number) and value.kind != "str") or is_number:
        return machine.tensor(node, [value], dtype=dtypes.of(value), op=behaviours.the("converts"))
    return value


def own_result(machine: Core, value: Value, node: ast.AST) -> Value:
    """One of several results of a ``tf.function``: a tensor that its call made, where that is not inside another."""
    made = handed_on(machine, value, node)
    if made is not value:
        made.span = span_of(node)
    return made


def body_of(machine: Core, code: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """Run a function's body in the running activation and give what it returns."""
    activation = machine.stack[-1]
    end = machine.block(code.body)
    if not activation.returns:
        if end == "raise":
            return machine.unknown("raises", code, anything=True)
        return Const(None)
    if len(activation.returns) == 1 and end == "return" and activation.returns[0][1] is None:
        return activation.returns[0][0]
    return join_returns(machine, activation, end)


def join_returns(machine: Core, activation: Activation, end: str) -> Value:
    """Join the states and values of all the ways on which a function returned."""
    ways: list[tuple[Value, Changes]] = []
    last = machine.store.since(activation.mark)
    for value, changes in activation.returns:
        ways.append((value, last if changes is None else changes))
    if end == "normal":
        ways.append((Const(None), last))
    machine.store.undo(activation.mark)
    labels = [""] * len(ways)
    machine.store.merge([changes for _, changes in ways], labels)
    result = ways[0][0]
    for value, _ in ways[1:]:
        result = join_values(result, value)
    return result


def inside(
    machine: Core,
    function: Function,
    frame: Frame,
    node: ast.AST,
    run: Callable[[], Value],
    since: int | None = None,
) -> Value:
    """Run something as the body of a function, whose arguments were made ready at a time."""
    caller = machine.stack[-1] if machine.stack else None
    activation = Activation(
        frame,
        function,
        node,
        machine.store.mark(),
        machine.forks,
        began=machine.clock if since is None else since,
        graph=function.graph,
        eager=machine.eager,
        unconverted=function.name in CALLED_BY_KERAS and classes.is_keras_method(function),
        caller=caller,
    )
    machine.eager = False
    entry, began = machine.entry, machine.entered_at
    machine.entry = entered_by(machine, function, node)
    led_by = machine.recorder.led_by
    if machine.started is not None and function.node.lineno <= machine.recorder.own:
        machine.recorder.come_from([made.call for made in (*machine.stack, activation) if made.call is not None])
    if entry is None and machine.entry is not None:
        machine.entered_at = machine.clock
    machine.stack.append(activation)
    try:
        return run()
    finally:
        machine.stack.pop()
        if entry is None and machine.entry is not None:
            machine.steps_in_modules += machine.clock - machine.entered_at
        machine.entry, machine.entered_at = entry, began
        machine.recorder.led_by = led_by


def spent_in_modules(machine: Core) -> int:
    """How many expressions and statements of other modules have been run."""
    return machine.steps_in_modules + (machine.clock - machine.entered_at if machine.entry is not None else 0)


def entered_by(machine: Core, function: Function, node: ast.AST) -> Span | None:
    """The program's own call that leads into a function of another module; None for one of its own."""
    line: int = function.node.lineno
    if line <= machine.recorder.own:
        return None
    entry = machine.entry or span_of(node)
    if entry.line > machine.recorder.own:
        return None
    machine.recorder.enter(line, entry)
    return entry


def is_generator(machine: Core, code: ast.AST) -> bool:
    """Whether a function's body yields."""
    known = machine.generators.get(id(code))
    if known is None:
        known = False
        stack: list[ast.AST] = list(getattr(code, "body", [])) if _says_yield(machine, code) else []
        while stack:
            inner = stack.pop()
            if isinstance(inner, ast.Yield | ast.YieldFrom):
                known = True
                break
            if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                stack.extend(children(inner))
        machine.generators[id(code)] = known
    return known


def _says_yield(machine: Core, code: ast.AST) -> bool:
    """Whether the word stands anywhere in the lines of a function."""
    span = span_of(code)
    return any(b"yield" in line for line in machine.lines[span.line - 1 : span.end_line])


def generator_of(machine: Core, function: Function, frame: Frame, node: ast.AST) -> Value:
    """A generator that runs the function's body when it is iterated."""
    code = function.node
    assert not isinstance(code, ast.Lambda)

    def run() -> tuple[list[Value], bool]:
        yields: list[Value] = []

        def body() -> Value:
            machine.stack[-1].yields = yields
            return body_of(machine, code)

        inside(machine, function, frame, node, body)
        return yields, len(yields) < 2

    return Generator(code, frame, run)


def bind_parameters(
    machine: Core,
    function: Function,
    frame: Frame,
    args: list[Value],
    kwargs: dict[str, Value],
    node: ast.AST,
    *,
    star: bool,
) -> None:
    """Bind the arguments of a call to a function's parameters."""
    arguments = function.node.args
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    names = frame.names
    for name, value in zip(positional, args, strict=False):
        names[name] = value
    rest = args[len(positional) :]
    if arguments.vararg is not None:
        names[arguments.vararg.arg] = Seq(Items(tuple(rest), not star), "tuple")
    left = dict(kwargs)
    keyword_names = positional + [argument.arg for argument in arguments.kwonlyargs]
    for name in keyword_names:
        if name in left:
            names[name] = left.pop(name)
    if arguments.kwarg is not None:
        names[arguments.kwarg.arg] = Dict(Pairs(tuple(left.items()), not star))
    for name in keyword_names:
        if name not in names:
            default = function.defaults.get(name)
            if default is not None and not star and not is_configured(function):
                names[name] = default
            else:
                names[name] = machine.unknown(name, node, [*args, *kwargs.values()], anything=True)


def is_configured(function: Function) -> bool:
    """Whether a decorator that is not known got the class that a method makes: it may set the defaults anew."""
    return function.name == "__init__" and function.owner is not None and function.owner.opened


def guarded(machine: Core, run: Callable[[], None]) -> str | None:
    """Run something; gives the exception that it surely raises, or None."""
    forks, depth = machine.forks, len(machine.stack)
    machine.guards += 1
    try:
        run()
    except RaisedError as error:
        machine.forks = forks
        del machine.stack[depth:]
        return error.exception
    finally:
        machine.guards -= 1
    return None
