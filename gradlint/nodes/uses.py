"""What else a program does with a value: whether one of another kind would do there as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.nodes.lazy import cst
from gradlint.nodes.reading import called, dotted, is_constant, is_number, string_value
from gradlint.nodes.walking import walk

if TYPE_CHECKING:
    from gradlint.nodes.site import Site

GRADIENTS = frozenset({"gradient", "jacobian", "batch_jacobian", "watch"})
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


def refuses_a_tensor(site: Site, node: cst.CSTNode) -> bool:
    """Whether what is done with the value of an expression fails where it is a Tensor and no array.

    That is an array's method or attribute, or storing into it.
    """
    holder = site.holder(node)
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
    of_tensorflow = "." in name and name.partition(".")[0] == (site.tensorflow("identity", use) or "").partition(".")[0]
    alone = all(
        one.keyword is None and (is_constant(one.value) or one.value is use or dotted(one.value) in also)
        for one in call.args
    )
    return True if of_tensorflow and alone else None
