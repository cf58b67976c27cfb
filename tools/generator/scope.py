"""What is asked: the public callables of TensorFlow, Keras and NumPy, each with all of its names."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.util import tf_decorator, tf_export

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_SKIPPED_MODULES = {
    *("compat", "raw_ops", "test", "testing", "lite", "applications", "datasets", "tools", "python", "core", "types"),
    *("_typing", "char", "rec", "ma", "ctypeslib", "f2py", "lib", "polynomial", "matlib", "distutils", "emath"),
    "typing",
}

_STATEFUL = re.compile(
    r"""^(?:
    (?:tensorflow|keras)\.(?:config|summary|saved_model|saving|distribute|distribution|tpu|mlir|profiler|sysconfig
        |autograph|feature_column|train|lookup|estimator|xla|visualization|dtensor|tree|wrappers|export|legacy)\.
    |tensorflow\.(?:data|debugging\.experimental|experimental\.(?:dtensor|async\w*|function_executor_type
        |dispatch\w*|register\w*|unregister\w*|ShapeInference|tensorrt|extension_type\w*|numpy\.experimental\w*))\b
    |tensorflow\.io\.(?:gfile|write_\w+|read_file|matching_files|parse_\w+|match_filenames_once)\b
    |tensorflow\.(?:queue|__\w+__|nest|type_spec_from_value|load_\w+|import_graph_def|register_\w+|inside_function
        |get_current_name_scope|get_logger|init_scope|control_dependencies|device|name_scope|variable_creator_scope
        |no_gradient|executing_eagerly|graph_util|print|Assert|create_state|types|audio\.decode_wav)\b
    |keras\.utils\.(?!to_categorical|normalize|img_to_array|array_to_img|pad_sequences)
    |keras\.(?:Input|Model|Sequential|StatelessScope|RematScope|SymbolicScope|device|remat|version|preprocessing
        |src|models|dtype_policies)\b
    |keras\.backend\.(?:clear_session|set_\w+|manual_\w+|learning_phase\w*|reset_uids|get_uid
        |floatx|epsilon|backend|image_data_format|is_\w+|placeholder|function|result_type|standardize_dtype)$
    |numpy\.(?:strings|dtypes|random\.bit_generator|random\.mtrand)\.
    |numpy\.(?:set\w+|seterr\w*|show_\w+|save\w*|load\w*|fromfile|memmap|test|info|typename|get\w+|print\w*
        |random\.(?:seed|set_state|get_state|set_bit_generator|get_bit_generator)|errstate|nditer|lookfor|source|who
        |frompyfunc|may_share_memory|shares_memory|array2string|array_repr|array_str|array_equiv|format_\w+
        |mintypecode|byte_bounds|issubdtype|isdtype|iterable|isfortran|put\w*|place|copyto|fill_diagonal|genfromtxt
        |fromregex|frombuffer|fromstring|fromiter|from_dlpack|require|loadtxt|bmat|asmatrix|promote_types|result_type
        |min_scalar_type|can_cast|common_type|base_repr|binary_repr|nested_iters|busday\w+|is_busday|datetime\w+
        |einsum_path|broadcast_shapes|ndindex|deprecate\w*|add_docstring|add_newdoc\w*|safe_eval|byte\w*)\b
    |.*\.(?:set_\w+|enable_\w+|disable_\w+|experimental_\w+|deserialize\w*|serialize|get|clear_session|is_keras_tensor
        |get_config|from_config|shape_equal|export\w*|initialize_\w+)$
    )""",
    re.VERBOSE,
)
"""What changes the state of the process, reads or writes files, makes graphs or modules of programs, or has no place in
a computation: it is not called, and the table has no line for it."""


@dataclass(slots=True)
class Subject:
    """One callable of the public API.

    Attributes:
        value: The callable itself.
        name: Its canonical name.
        names: All of its names, sorted.
        kind: What sort of thing it is.
    """

    value: Callable[..., Any]
    name: str
    names: list[str] = field(default_factory=list)
    kind: str = "function"


def subjects() -> list[Subject]:
    """Every callable in scope, sorted by name."""
    found: dict[int, tuple[Any, list[str]]] = {}
    for module, name in ((keras, "keras"), (tf, "tensorflow"), (tf.keras, "tensorflow.keras"), (np, "numpy")):
        for dotted, value in _walk(module, name, set()):
            found.setdefault(id(value), (value, []))[1].append(dotted)
    result = []
    for value, names in found.values():
        every = sorted(set(names))
        name = canonical(value, every)
        if all(_STATEFUL.match(one.replace("tensorflow.keras.", "keras.", 1)) for one in every) or any(
            part.startswith("_") for part in name.split(".")
        ):
            continue
        result.append(Subject(value, name, every, kind_of(value)))
        if kind_of(value) == "function":
            result += _others_in_compat(value, every)
    return sorted(result, key=lambda subject: subject.name)


def _others_in_compat(value: Any, names: list[str]) -> list[Subject]:
    """The functions of TensorFlow 1 that have the names of one of TensorFlow 2, but are others."""
    found: dict[int, Subject] = {}
    for name in names:
        other = compat_of(name)
        if callable(other) and not inspect.isclass(other) and not is_same(other, value):
            old = name.replace("tensorflow.", "tensorflow.compat.v1.", 1)
            found.setdefault(id(other), Subject(other, old)).names.append(old)
    return list(found.values())


def compat_of(name: str) -> Any:
    """What ``tensorflow.compat.v1`` has under a name of TensorFlow, or None."""
    head, _, rest = name.partition(".")
    if head != "tensorflow" or rest.startswith(("keras.", "compat.")):
        return None
    value = tf.compat.v1
    for part in rest.split("."):
        value = getattr(value, part, None)
    return value


def is_same(first: Any, second: Any) -> bool:
    """Whether two functions are one, but for what decorates them."""
    return first is second or tf_decorator.unwrap(first)[1] is tf_decorator.unwrap(second)[1]


def resolve(name: str) -> Any:
    """The object of a dotted name.

    Args:
        name: With the head ``tensorflow``, ``keras`` or ``numpy``.

    Raises:
        AttributeError: If there is none.
    """
    head, *rest = name.split(".")
    value: Any = {"tensorflow": tf, "keras": keras, "numpy": np}[head]
    for part in rest:
        value = getattr(value, part)
    return value


def canonical(value: Any, names: list[str]) -> str:
    """The name that an object goes by: what its library calls canonical, else the shortest that it has."""
    exported = getattr(value, "_api_export_path", None)
    paths = [exported] if isinstance(exported, str) else list(exported or ())
    if not paths and any(name.startswith("tensorflow") for name in names):
        known = tf_export.get_canonical_name_for_symbol(value)
        paths = [f"tensorflow.{known}"] if known else []
    if not paths:
        paths = [f"numpy.{getattr(value, '__name__', '')}"]
    for path in paths:
        if path in names:
            return str(path)
    return min(names, key=lambda name: (name.startswith("tensorflow.keras."), name.count("."), len(name), name))


_KINDS = (
    ("layer", keras.layers.Layer),
    ("loss", keras.losses.Loss),
    ("metric", keras.metrics.Metric),
    ("optimizer", keras.optimizers.Optimizer),
    ("initializer", keras.initializers.Initializer),
    ("regularizer", keras.regularizers.Regularizer),
    ("constraint", keras.constraints.Constraint),
    ("schedule", keras.optimizers.schedules.LearningRateSchedule),
)


def kind_of(value: Any) -> str:
    """What sort of thing a callable is."""
    if not inspect.isclass(value):
        return "function"
    if issubclass(value, keras.Model):
        return "model"
    return next((kind for kind, base in _KINDS if issubclass(value, base)), "class")


def _walk(module: ModuleType, prefix: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The callables of a module and of its public submodules."""
    if id(module) in seen:
        return
    seen = seen | {id(module)}
    for name in sorted(set(dir(module))):
        if name.startswith("_") or name in _SKIPPED_MODULES:
            continue
        try:
            value = getattr(module, name)
        except Exception:
            continue
        if inspect.ismodule(value):
            if _belongs(value, prefix):
                yield from _walk(value, f"{prefix}.{name}", seen)
        elif callable(value) and not _is_type(value):
            yield f"{prefix}.{name}", value


def _belongs(module: ModuleType, prefix: str) -> bool:
    """Whether a module is part of the public API below a prefix, not one that the API's code imports."""
    name = module.__name__
    if prefix.startswith("numpy"):
        return name.startswith("numpy.") and not name.startswith("numpy._")
    return name.startswith(("tensorflow.", "keras.")) and not {"src", "python"} & set(name.split("."))


def _is_type(value: Any) -> bool:
    """Whether a class is a scalar type or an exception, which no gradient passes."""
    return inspect.isclass(value) and (issubclass(value, BaseException | np.generic))
