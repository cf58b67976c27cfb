"""What else a program does with a name: whether a value of another kind would do there as well."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .site import spelled

if TYPE_CHECKING:
    from .site import Site

GRADIENTS = frozenset({"gradient", "jacobian", "batch_jacobian", "watch"})
PLAIN_CALLS = frozenset({"print", "len", "isinstance", "type", "abs", "sum", "float", "str", "repr"})
INDICES = frozenset(
    [
        "range",
        "reshape",
        "gather",
        "gather_nd",
        "one_hot",
        "tile",
        "repeat",
        "zeros",
        "ones",
        "fill",
        "eye",
        "linspace",
        "sequence_mask",
        "embedding_lookup",
        "tensor_scatter_nd_update",
        "scatter_nd",
        "slice",
        "roll",
        "split",
        "bincount",
        "Embedding",
        "sparse_categorical_crossentropy",
        "sparse_softmax_cross_entropy_with_logits",
        "SparseCategoricalCrossentropy",
        "enumerate",
        "normal",
        "uniform",
        "broadcast_to",
        "expand_dims",
        "bitwise_and",
    ]
)


def computes(value: ast.expr) -> bool:
    """Whether an expression only computes: arithmetic, slices and functions of a module."""
    for one in ast.walk(value):
        if isinstance(one, ast.Call):
            name = spelled(one.func) or ""
            if not (name == "sum" or name.partition(".")[0] in {"tf", "tensorflow", "keras", "K"}):
                return False
        elif isinstance(one, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.Lambda, ast.JoinedStr)) or (
            isinstance(one, ast.Constant) and isinstance(one.value, str) and "\n" in one.value
        ):
            return False
    return True


def goes_on_as_tensor(site: Site, node: ast.expr) -> bool:
    """Whether a Tensor does what the value of an expression is used for.

    That holds for an expression that stands in arithmetic or in a call of TensorFlow, and for one bound to a name
    that is used so.
    """
    parent = site.index.parents.get(node)
    if isinstance(parent, (ast.Assign, ast.AnnAssign)):
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        names = [spelled(target) for target in targets]
        return all(name is not None and all(takes_a_tensor(site, use) for use in site.uses(name)) for name in names)
    return takes_a_tensor(site, node)


TENSOR = frozenset({"shape", "dtype", "ndim", "numpy", "device", "graph", "op", "name"})


def refuses_a_tensor(site: Site, node: ast.expr) -> bool:
    """Whether what is done with the value of an expression fails where it is a Tensor and no array.

    That is an array's method or attribute, or storing into it.
    """
    parent = site.index.parents.get(node)
    if isinstance(parent, ast.Attribute):
        return parent.attr not in TENSOR
    if isinstance(parent, ast.Subscript) and parent.value is node:
        several = isinstance(parent.slice, ast.Tuple)
        places = parent.slice.elts if isinstance(parent.slice, ast.Tuple) else [parent.slice]
        plain = (ast.Constant, ast.Slice, ast.UnaryOp) if several else (ast.Constant, ast.Slice, ast.UnaryOp, ast.Name)
        return not isinstance(parent.ctx, ast.Load) or not all(isinstance(one, plain) for one in places)
    if isinstance(parent, ast.Assign):
        names = [spelled(target) for target in parent.targets]
        return any(name is not None and any(refuses_a_tensor(site, use) for use in site.uses(name)) for name in names)
    return False


def takes_a_tensor(site: Site, use: ast.expr) -> bool:
    """Whether the place where a value is read takes a Tensor."""
    parent = site.index.parents.get(use)
    while isinstance(parent, (ast.List, ast.Tuple, ast.Starred, ast.keyword)):
        parent = site.index.parents.get(parent)
    if isinstance(parent, (ast.BinOp, ast.UnaryOp, ast.AugAssign, ast.Compare)):
        return True
    if isinstance(parent, ast.FormattedValue):
        return parent.format_spec is None
    if isinstance(parent, ast.Call):
        name = spelled(parent.func) or ""
        root, _, last = name.rpartition(".")
        if parent.func is use:
            return False
        if last in GRADIENTS or (not root and last in PLAIN_CALLS):
            return True
        function = site.tensorflow("identity", use) or ""
        return bool(root) and name.partition(".")[0] == function.partition(".")[0]
    return isinstance(parent, ast.Attribute) and parent.attr in {"numpy", "shape", "dtype"}


def float_does(site: Site, use: ast.expr, also: set[str]) -> bool | None:
    """Whether a float does where an integer is read: True, False, or None where one cannot tell.

    Args:
        site: The program.
        use: Where the integer is read.
        also: The names that become floats with it.
    """
    parent = site.index.parents.get(use)
    while isinstance(parent, (ast.List, ast.Tuple, ast.Starred, ast.keyword, ast.UnaryOp)):
        parent = site.index.parents.get(parent)
    if isinstance(parent, (ast.Subscript, ast.Slice)):
        return False if isinstance(parent, ast.Slice) or parent.slice is use or parent.value is not use else None
    if isinstance(parent, ast.BinOp):
        other = parent.right if parent.left is use else parent.left
        if isinstance(other, ast.Constant) and isinstance(other.value, (int, float)):
            return not isinstance(parent.op, (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift))
        return True if spelled(other) in also else None
    if isinstance(parent, ast.Call):
        name = spelled(parent.func) or ""
        last = name.rpartition(".")[2]
        if last in INDICES:
            return False
        if last in GRADIENTS or name == "print" or (last == "cast" and parent.args[:1] == [use]):
            return True
        function = site.tensorflow("identity", use) or ""
        of_tensorflow = "." in name and name.partition(".")[0] == function.partition(".")[0]
        alone = all(isinstance(one, ast.Constant) or one is use or spelled(one) in also for one in parent.args)
        return True if of_tensorflow and alone and not parent.keywords else None
    if isinstance(parent, ast.FormattedValue):
        return True
    return None
