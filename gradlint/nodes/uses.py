"""What else a program does with a value: whether one of another kind would do there as well."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gradlint.knowledge.table import Effect, lookup
from gradlint.nodes.lazy import cst
from gradlint.nodes.reading import called, dotted, is_constant, is_number, only, string_value
from gradlint.nodes.walking import walk

if TYPE_CHECKING:
    from gradlint.nodes.site import Site

ASKING = frozenset({"gradient", "jacobian", "batch_jacobian"})
"""The methods of a tape that give the gradients by some sources, and nothing beside them."""
GRADIENTS = ASKING | {"watch"}
PLAIN_CALLS = frozenset({"print", "len", "isinstance", "type", "abs", "sum", "float", "str", "repr"})
_OF_INTEGERS = (
    "range reshape gather gather_nd one_hot tile repeat zeros ones fill eye linspace sequence_mask "
    "embedding_lookup tensor_scatter_nd_update scatter_nd slice roll split bincount Embedding "
    "sparse_categorical_crossentropy sparse_softmax_cross_entropy_with_logits SparseCategoricalCrossentropy "
    "enumerate normal uniform broadcast_to expand_dims bitwise_and"
)
INDICES = frozenset(_OF_INTEGERS.split())
"""Functions some of whose arguments are to be integers."""
TENSOR = frozenset({"shape", "dtype", "ndim", "numpy", "device", "graph", "op", "name"})
"""The attributes that a Tensor has as an array has them."""

METHODS = frozenset({"numpy", "item", "tolist", "eval"})
FUNCTIONS = frozenset({"float", "complex", "int"})
READERS = frozenset({"get_value", "eval", "convert_to_numpy", "get_static_value"})


def computes(value: cst.CSTNode | None) -> bool:
    """Whether an expression only computes: arithmetic, slices and functions of TensorFlow."""
    if value is None:
        return False
    for one in walk(value):
        if isinstance(one, cst.Call):
            name = dotted(one.func) or ""
            if name != "sum" and name.partition(".")[0] not in {"tf", "tensorflow", "keras", "K"}:
                return False
        elif isinstance(one, (cst.NamedExpr, cst.Await, cst.Yield, cst.Lambda, cst.FormattedString)) or "\n" in (
            string_value(one) or ""
        ):
            return False
    return True


def goes_on_as_tensor(site: Site, node: cst.CSTNode) -> bool:
    """Whether a Tensor does what the value of an expression is used for.

    That holds for an expression that stands in arithmetic or in a call of TensorFlow, and for one bound to a name that
    is used so.
    """
    names = _bound_to(site.holder(node))
    if names is None:
        return takes_a_tensor(site, node)
    return all(name is not None and all(takes_a_tensor(site, use) for use in site.uses(name)) for name in names)


def computes_alike(site: Site, node: cst.CSTNode, *, is_float: bool = False, depth: int = 8) -> bool:
    """Whether a program gets the same numbers, bit for bit, where a value is a Tensor and no array of its dtype.

    That holds for what TensorFlow computes in both cases, and for what NumPy rounds as TensorFlow does: a sum, a
    difference, a product or a quotient with a number as it is written.

    Args:
        site: The program.
        node: The value.
        is_float: Whether it is a float of Python and no array: its arithmetic has a precision of its own.
        depth: How many names and operations are followed at most.
    """
    holder = site.holder(node)
    names = _bound_to(holder)
    if names is not None and depth:
        uses = [use for name in names for use in (site.uses(name) if name is not None else [None])]
        return all(use and computes_alike(site, use, is_float=is_float, depth=depth - 1) for use in uses)
    inner: cst.CSTNode | None = node
    while isinstance(holder, (cst.List, cst.Tuple, cst.StarredElement)):
        holder, inner = site.holder(holder), holder
    exact = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide)
    match holder:
        case cst.BinaryOperation() if inner is node and isinstance(holder.operator, exact):
            other = holder.right if holder.left is node else holder.left
            if is_tensor(site, other):
                return True
            return is_number(other) and not is_float and depth > 0 and computes_alike(site, holder, depth=depth - 1)
        case cst.UnaryOperation(operator=cst.Minus() | cst.Plus()):
            return depth > 0 and computes_alike(site, holder, is_float=is_float, depth=depth - 1)
        case cst.Call():
            return holder.func is not inner and _takes_tensors(site, holder, node)
        case cst.Attribute():
            return holder.attr.value in {"shape", "dtype"}
    return isinstance(holder, (cst.Comparison, cst.FormattedStringExpression, cst.Expr))


def is_tensor(site: Site, node: cst.CSTNode, depth: int = 4) -> bool:
    """Whether an expression is plainly a Tensor or a Variable: TensorFlow made it, or it was computed from one."""
    if isinstance(node, cst.Call):
        root = (dotted(node.func) or "").partition(".")
        return bool(root[1]) and root[0] == (site.tensorflow("identity", node) or "").partition(".")[0]
    if isinstance(node, cst.BinaryOperation):
        return is_tensor(site, node.left, depth) or is_tensor(site, node.right, depth)
    if isinstance(node, cst.UnaryOperation):
        return is_tensor(site, node.expression, depth)
    name = dotted(node)
    made = [] if name is None or not depth else [value for _, value in site.bindings(name, node)]
    return bool(made) and all(value is not None and is_tensor(site, value, depth - 1) for value in made)


def converted(node: cst.CSTNode | None) -> cst.BaseExpression | None:
    """What a conversion converts: ``x`` of ``x.numpy()`` and of ``float(x)``; None for what is none."""
    if not isinstance(node, cst.Call):
        return None
    if isinstance(node.func, cst.Attribute) and node.func.attr.value in METHODS and not node.args:
        return node.func.value
    owner, _, name = (dotted(node.func) or "").rpartition(".")
    given = only(node, 1)
    return given[0] if given and name in (READERS if owner else FUNCTIONS) else None


def computes_alike_without(site: Site, node: cst.BaseExpression) -> bool:
    """Whether a program gets the same numbers where a conversion is dropped, or is a function of TensorFlow."""
    attribute = site.parent(node)
    call = None if attribute is None else site.parent(attribute)
    if isinstance(attribute, cst.Attribute) and isinstance(call, cst.Call) and call.func is attribute:
        return computes_alike(site, call)
    is_array = isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and called(node) == "numpy"
    return computes_alike(site, node, is_float=not is_array)


def refuses_a_tensor(site: Site, node: cst.CSTNode) -> bool:
    """Whether what is done with the value of an expression fails where it is a Tensor and no array.

    That is an array's method or attribute, storing into it, or a function of Python's own modules.
    """
    holder = site.holder(node)
    if isinstance(holder, cst.Call) and holder.func is not node:
        return (site.canonical(holder.func) or "").partition(".")[0] in sys.stdlib_module_names
    if isinstance(holder, cst.Attribute):
        return holder.attr.value not in TENSOR
    if isinstance(holder, cst.Subscript) and holder.value is node:
        return _is_written(site, holder) or not all(_slices_a_tensor(one, len(holder.slice)) for one in holder.slice)
    names = _bound_to(holder) or []
    return any(name is not None and any(refuses_a_tensor(site, use) for use in site.uses(name)) for name in names)


def _bound_to(statement: cst.CSTNode | None) -> list[str | None] | None:
    """The names that an assignment binds; None for what is no assignment."""
    if isinstance(statement, cst.Assign):
        return [dotted(target.target) for target in statement.targets]
    return [dotted(statement.target)] if isinstance(statement, cst.AnnAssign) else None


def _is_written(site: Site, node: cst.CSTNode) -> bool:
    holder = site.parent(node)
    targets = (cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.Del)
    return isinstance(holder, targets) and holder.target is node


def _slices_a_tensor(element: cst.SubscriptElement, count: int) -> bool:
    """Whether one of so many indices may be an index of a Tensor: a slice, a constant, or a name by itself."""
    if not isinstance(element.slice, cst.Index):
        return True
    index = element.slice.value
    return is_constant(index) or isinstance(index, cst.UnaryOperation) or (count == 1 and isinstance(index, cst.Name))


def takes_a_tensor(site: Site, use: cst.CSTNode) -> bool:
    """Whether the place where a value is read takes a Tensor."""
    inner: cst.CSTNode | None = use
    holder = site.holder(use)
    while isinstance(holder, (cst.List, cst.Tuple, cst.StarredElement)):
        holder, inner = site.holder(holder), holder
    match holder:
        case cst.BinaryOperation() | cst.UnaryOperation() | cst.AugAssign() | cst.Comparison():
            return True
        case cst.FormattedStringExpression():
            return holder.format_spec is None
        case cst.Attribute():
            return holder.attr.value in {"numpy", "shape", "dtype"}
        case cst.Call():
            return holder.func is not inner and _takes_tensors(site, holder, use)
    return False


def _takes_tensors(site: Site, call: cst.Call, use: cst.CSTNode) -> bool:
    root, _, last = (dotted(call.func) or "").rpartition(".")
    if last in GRADIENTS or (not root and last in PLAIN_CALLS):
        return True
    return bool(root) and root.partition(".")[0] == (site.tensorflow("identity", use) or "").partition(".")[0]


def float_does(site: Site, use: cst.CSTNode, also: set[str]) -> bool | None:
    """Whether a float does where an integer is read: True, False, or None where one cannot tell.

    Args:
        site: The program.
        use: Where the integer is read.
        also: The names that become floats with it.
    """
    inner: cst.CSTNode | None = use
    holder = site.holder(use)
    while isinstance(holder, (cst.List, cst.Tuple, cst.StarredElement, cst.UnaryOperation)):
        holder, inner = site.holder(holder), holder
    match holder:
        case cst.Subscript():
            return None if holder.value is inner else False
        case cst.BinaryOperation():
            other = holder.right if holder.left is inner else holder.left
            bits = (cst.BitAnd, cst.BitOr, cst.BitXor, cst.LeftShift, cst.RightShift)
            if is_number(other):
                return not isinstance(holder.operator, bits)
            return True if dotted(other) in also else None
        case cst.Call():
            return _float_does_in(site, holder, use, also)
        case cst.FormattedStringExpression():
            return True
    return None


def _float_does_in(site: Site, call: cst.Call, use: cst.CSTNode, also: set[str]) -> bool | None:
    name, last = dotted(call.func) or "", called(call)
    if last in INDICES:
        return False
    first = call.args[0].value if call.args else None
    if last in GRADIENTS or name == "print" or (last == "cast" and first is use):
        return True
    entry = lookup(site.canonical(call.func) or "")
    if entry is not None and entry.effect is Effect.UNKNOWN:
        return None  # nothing was measured of it with floats
    of_tensorflow = "." in name and name.partition(".")[0] == (site.tensorflow("identity", use) or "").partition(".")[0]
    alone = all(
        one.keyword is None and (is_constant(one.value) or one.value is use or dotted(one.value) in also)
        for one in call.args
    )
    return True if of_tensorflow and alone else None
