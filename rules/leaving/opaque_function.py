"""GT206 opaque-function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.nodes.numpy_calls import applied
from gradlint.nodes.reading import bound_in, called, dotted, keywords, only, parameters, positional
from gradlint.nodes.uses import takes_a_tensor
from gradlint.nodes.walking import walk
from gradlint.rule import Message, Replace, Rule, cst, expression, safe, unsafe

from .._wording import effect, named
from ._conversions import call_of_model

if TYPE_CHECKING:
    from gradlint.flow.causes import Opaque
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


WHAT = {
    "numpy-function": (
        "runs NumPy, which no tape records",
        "write it with TensorFlow, or with `tf.custom_gradient`",
    ),
    "py-function-captures": ("sees only what is in `inp`, and this is captured", "pass it in `inp`"),
    "py-function-converts": ("converts its Tensor in the body", "keep to TensorFlow's functions in the body"),
    "predict": ("returns a NumPy array", "call the model itself"),
    "evaluate": ("returns Python numbers", "call the model and compute the loss on its output"),
    "weights": ("returns copies of the weights as NumPy arrays", "use the variables themselves"),
    "dataset": ("runs apart from the tape", "compute it on the batch, inside the tape"),
    "library": ("computes outside TensorFlow", "write it with TensorFlow, or with `tf.custom_gradient`"),
}

MODEL_METHODS = {
    "evaluate": "evaluate",
    "get_weights": "weights",
    "test_on_batch": "evaluate",
    "train_on_batch": "evaluate",
    "fit": "evaluate",
}


class OpaqueFunction(Rule):
    """A value on the way to the target went through a function that the tape cannot see into.

    ## What it does
    Reports functions whose result the tape cannot trace: `tf.numpy_function`, a `tf.py_function` that captures or
    converts its Tensors, `model.predict`, `predict_on_batch`, `evaluate`, `get_weights`, a `tf.data` pipeline,
    serialization, and libraries that compute outside TensorFlow.

    ## Why the gradient is lost
    `tf.numpy_function` has no gradient and gives None; `tf.py_function` has one for the Tensors in `inp` but for
    nothing that its body captures, and gives zeros if its body calls `.numpy()`. `predict` and its kin return NumPy
    arrays and Python numbers. None of them gives a warning.

    Observed with TensorFlow 2.21 and Keras 3.15.

    ## How to get it back
    Call the model itself (`model(x)`) inside the tape. Write the function with TensorFlow operations, or give it a
    derivative with `tf.custom_gradient`.

    ## References
    - `tf.numpy_function`: https://www.tensorflow.org/api_docs/python/tf/numpy_function
    - `tf.py_function`: https://www.tensorflow.org/api_docs/python/tf/py_function
    - Advanced automatic differentiation, *Custom gradients*: https://www.tensorflow.org/guide/advanced_autodiff#custom_gradients
    """

    code = "GT206"
    name = "opaque-function"
    kinds = (Kind.OPAQUE,)

    def message(self, claim: Claim[Opaque]) -> Message:
        """Names the function and what it does."""
        what: str = claim.cause.how
        if what == "model-method":
            what = MODEL_METHODS.get(claim.cause.canonical.rpartition(".")[2], "predict")
        why, cure = WHAT[what]
        return Message(f"{named(claim.cause.callee, 'This function')} {why}", effect(claim), cure)

    def fix(self, claim: Claim[Opaque], site: Site) -> Proposal | None:
        """The model called, the variables themselves: unsafe, since a batch size, callbacks and types may differ.

        What a ``tf.py_function`` captures is passed to it: safe, since it gets the same values.
        """
        node = site.node
        if isinstance(node, cst.Call) and claim.cause.how == "py-function-captures":
            return _passed(site, node)
        if isinstance(node, cst.Call) and claim.cause.how == "numpy-function":
            new = applied(site, node)
            return None if new is None else unsafe("Call it with TensorFlow", Replace(node, new))
        if isinstance(node, cst.Call) and called(node) == "from_tensor_slices":
            return _unstacked(site, node)
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute):
            return None
        called_itself = call_of_model(node)
        if called_itself is not None:
            return unsafe("Call the model itself", Replace(node, called_itself))
        if node.func.attr.value == "evaluate" and len(positional(node) or ()) == 2:
            plain = {"m": node.func.value, "x": node.args[0].value, "y": node.args[1].value}
            computed = expression("{m}.compute_loss(y={y}, y_pred={m}({x}))", **plain)
            return unsafe("Compute the model's loss", Replace(node, computed))
        if node.func.attr.value == "get_weights" and not node.args:
            variables = node.func.with_changes(attr=cst.Name("trainable_variables"))
            return unsafe("Use the variables themselves", Replace(node, variables))
        return None


def _unstacked(site: Site, node: cst.Call) -> Proposal | None:
    """The rows of a Tensor for a dataset of them that a loop goes through at once."""
    given, unstack, loop = only(node, 1), site.tensorflow("unstack", node), site.parent(node)
    if given is None or unstack is None or dotted(given[0]) is None or not isinstance(loop, cst.For):
        return None
    return unsafe("Go through its rows", Replace(node.func, expression(unstack)))


def _passed(site: Site, node: cst.Call) -> Proposal | None:
    """The sources that a function captures as parameters of its own, given in ``inp``."""
    parts = dict(zip(("func", "inp"), (one.value for one in node.args if one.keyword is None), strict=False))
    parts |= {name: value for name, value in keywords(node).items() if name in ("func", "inp")}
    func, inp = parts.get("func"), parts.get("inp")
    captured = {dotted(site.source(lost)) or "." for lost, _ in site.calls}
    if isinstance(func, cst.Lambda) and isinstance(inp, cst.List):
        return _passed_to_lambda(site, func, inp, captured)
    if not isinstance(func, cst.Name) or not isinstance(inp, cst.List) or not inp.elements or not captured:
        return None
    made = [one for one, _ in site.bindings(func.value, node)]
    function = made[0] if len(made) == 1 and len(site.uses(func.value)) == 1 else None
    if not isinstance(function, cst.FunctionDef) or not _takes_plain_arguments(function):
        return None
    if captured & (bound_in(function.body) | parameters(function)) or any("." in name for name in captured):
        return None
    inside = [one for one in walk(function.body) if isinstance(one, cst.Name) and one.value in captured]
    if {one.value for one in inside} != captured or not all(takes_a_tensor(site, one) for one in inside):
        return None
    given = function.params
    added = [cst.Param(cst.Name(name)) for name in sorted(captured)]
    new = given.with_changes(params=[*given.params, *added])
    listed = inp.with_changes(elements=[*inp.elements, *(cst.Element(cst.Name(name)) for name in sorted(captured))])
    return safe("Pass it in `inp`", Replace(given, new), Replace(inp, listed))


def _passed_to_lambda(site: Site, func: cst.Lambda, inp: cst.List, captured: set[str]) -> Proposal | None:
    """The sources that a lambda captures as parameters of its own."""
    inside = [one for one in walk(func.body) if isinstance(one, cst.Name) and one.value in captured]
    if func.params != cst.Parameters(params=func.params.params) and func.params.params:
        return None
    if not captured or {one.value for one in inside} != captured or captured & parameters(func):
        return None
    if not all(takes_a_tensor(site, one) for one in inside):
        return None
    added = ", ".join([site.text(one.name) for one in func.params.params] + sorted(captured))
    new = expression(f"lambda {added}: {site.text(func.body)}")
    listed = inp.with_changes(elements=[*inp.elements, *(cst.Element(cst.Name(name)) for name in sorted(captured))])
    return safe("Pass it in `inp`", Replace(func, new), Replace(inp, listed))


def _takes_plain_arguments(function: cst.FunctionDef) -> bool:
    given = function.params
    plain = not (isinstance(given.star_arg, cst.Param) or given.star_kwarg or given.kwonly_params)
    defaults = any(one.default is not None for one in given.params)
    return plain and bool(given.params) and not defaults and not function.decorators
