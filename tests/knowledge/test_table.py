"""The reader of the table, and entries that are known from elsewhere than its generator."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gradlint.knowledge.table import TABLE, Effect, lookup, names

LOOKUP = """
image.adjust_contrast image.adjust_hue image.adjust_saturation image.random_contrast image.random_hue
image.random_saturation image.stateless_random_contrast image.stateless_random_hue image.stateless_random_saturation
image.draw_bounding_boxes image.extract_glimpse linalg.lu linalg.logm signal.rfft3d signal.irfft3d unique
unique_with_counts truncatemod bitcast random.poisson math.bincount sparse.reduce_max sparse.split
quantization.dequantize io.decode_csv image.combined_non_max_suppression
"""
NONE = """
math.floor math.ceil round math.rint math.floordiv truncatediv math.zero_fraction stop_gradient zeros_like ones_like
range random.shuffle edit_distance image.hsv_to_rgb image.adjust_jpeg_quality sparse.concat numpy_function one_hot
experimental.numpy.floor experimental.numpy.ceil experimental.numpy.fix experimental.numpy.floor_divide
keras.ops.floor keras.ops.ceil keras.ops.round keras.ops.trunc keras.ops.arange keras.ops.one_hot
keras.ops.convert_to_numpy
"""
NOTFLOAT = """
argmax argmin argsort equal greater less not_equal logical_and logical_or logical_not math.is_nan math.is_finite
math.is_inf reduce_any reduce_all shape size rank searchsorted histogram_fixed_width math.count_nonzero
math.confusion_matrix math.in_top_k image.non_max_suppression random.categorical random.stateless_categorical
as_string
"""
PASSES = """
abs add exp matmul reduce_sum reduce_mean concat stack reshape transpose gather cast identity convert_to_tensor where
clip_by_value nn.relu nn.softmax linalg.inv norm sigmoid py_function image.resize nn.conv2d while_loop cumsum square
keras.losses.MeanSquaredError keras.layers.Dense keras.layers.LSTM keras.layers.Conv2D keras.layers.BatchNormalization
keras.layers.Dropout keras.ops.mean keras.activations.relu experimental.numpy.sum keras.backend.mean math.floormod
"""


def words(text: str) -> list[str]:
    return [f"tensorflow.{word}" for word in text.split()]


@pytest.mark.parametrize("name", words(LOOKUP))
def test_knows_what_raises_lookup_error(name: str) -> None:
    entry = lookup(name)
    assert entry is not None
    found = [parameter for parameter in entry.parameters if parameter.effect is Effect.LOOKUP]
    assert found
    assert all(parameter.op for parameter in found)


@pytest.mark.parametrize("name", words(NONE))
def test_knows_what_loses_the_gradient_in_silence(name: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert entry.effect in (Effect.NONE, Effect.NOTFLOAT) or name == "tensorflow.one_hot"
    assert not entry.passes_input


@pytest.mark.parametrize("name", words(NOTFLOAT))
def test_knows_what_gives_no_float(name: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert not entry.passes_input or name.endswith("confusion_matrix")
    assert all(not output.dtype.startswith(("same", "float")) for output in entry.outputs)


@pytest.mark.parametrize("name", words(PASSES))
def test_knows_what_passes(name: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert entry.passes_input


@pytest.mark.parametrize(
    ("name", "argument", "effect"),
    [
        ("tensorflow.pad", "tensor", "passes"),
        ("tensorflow.pad", 0, "passes"),
        ("tensorflow.pad", "constant_values", "none"),
        ("tensorflow.nn.moments", "x", "passes"),
        ("tensorflow.nn.moments", "shift", "none"),
        ("tensorflow.linalg.diag", "padding_value", "none"),
        ("tensorflow.math.betainc", "a", "none"),
        ("tensorflow.math.betainc", 1, "none"),
        ("tensorflow.math.betainc", "x", "passes"),
        ("tensorflow.math.polygamma", "a", "none"),
        ("tensorflow.math.polygamma", "x", "passes"),
        ("tensorflow.math.zeta", "x", "none"),
        ("tensorflow.reduce_sum", "axis", "notensor"),
        ("tensorflow.one_hot", "on_value", "none"),
        ("tensorflow.where", "x", "passes"),
        ("tensorflow.where", 2, "passes"),
        ("tensorflow.math.sign", 0, "zero"),
        ("tensorflow.reduce_sum", "no_such_parameter", "unknown"),
        ("tensorflow.reduce_sum", 17, "unknown"),
    ],
)
def test_tells_arguments_apart(name: str, argument: int | str, effect: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert entry.argument(argument) == effect


@pytest.mark.parametrize(
    ("name", "argument", "output", "effect"),
    [
        ("tensorflow.linalg.slogdet", 0, 0, "zero"),
        ("tensorflow.linalg.slogdet", 0, 1, "passes"),
        ("tensorflow.math.top_k", "input", 0, "passes"),
        ("tensorflow.math.top_k", "input", 1, "notfloat"),
        ("tensorflow.nn.max_pool_with_argmax", "input", 1, "notfloat"),
        ("tensorflow.experimental.numpy.divmod", 0, 0, "none"),
        ("tensorflow.experimental.numpy.divmod", 0, 1, "passes"),
        ("tensorflow.nn.moments", "shift", 0, "none"),
    ],
)
def test_tells_outputs_apart(name: str, argument: int | str, output: int, effect: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert entry.way(argument, output) == effect


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("tensorflow.abs", "tensorflow.math.abs"),
        ("tensorflow.compat.v1.abs", "tensorflow.math.abs"),
        ("tensorflow.compat.v1.math.abs", "tensorflow.math.abs"),
        ("tensorflow.compat.v2.abs", "tensorflow.math.abs"),
        ("tensorflow.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.compat.v2.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.python.keras.layers.Dense", "keras.layers.Dense"),
        ("tensorflow.python.ops.math_ops.reduce_mean", "tensorflow.math.reduce_mean"),
        ("tensorflow.python.ops.math_ops.argmax", "tensorflow.math.argmax"),
        ("tensorflow.python.ops.array_ops.concat", "tensorflow.concat"),
        ("tensorflow.compat.v1.reduce_sum", "tensorflow.compat.v1.reduce_sum"),
        ("keras.backend.mean", "tensorflow.keras.backend.mean"),
        ("keras.ops.numpy.mean", "keras.ops.mean"),
        ("tensorflow.losses.MeanSquaredError", "keras.losses.MeanSquaredError"),
        ("tensorflow.linalg.matmul", "tensorflow.linalg.matmul"),
    ],
)
def test_knows_the_other_names(alias: str, name: str) -> None:
    entry = lookup(alias)
    assert entry is not None
    assert entry.name == name


@pytest.mark.parametrize(
    "name",
    [
        "tensorflow.no_such_function",
        "tensorflow_probability.distributions.Normal",
        "tensorflow_addons.losses.TripletSemiHardLoss",
        "torch.nn.functional.relu",
        "tensorflow",
        "",
    ],
)
def test_does_not_know_what_is_not_there(name: str) -> None:
    assert lookup(name) is None


@pytest.mark.parametrize("name", ["keras.layers.Embedding", "keras.layers.CategoryEncoding", "keras.layers.Hashing"])
def test_knows_the_layers_that_cut(name: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert entry.kind == "layer"
    assert not entry.passes_input


def test_knows_what_the_call_of_an_instance_does() -> None:
    loss = lookup("keras.losses.MeanSquaredError.__call__")
    assert loss is not None
    assert loss.kind == "method"
    assert loss.argument("y_pred") is Effect.PASSES
    metric = lookup("keras.metrics.MeanSquaredError.__call__")
    assert metric is not None
    assert metric.argument(1) is Effect.NONE
    dense = lookup("keras.layers.Dense")
    assert dense is not None
    assert "trainable" in dense.facts


@pytest.mark.parametrize(
    ("name", "asked", "default"),
    [
        ("tensorflow.reduce_mean", None, "same"),
        ("tensorflow.argmax", "output_type", "int64"),
        ("tensorflow.cast", "dtype", "?"),
        ("tensorflow.zeros_like", "dtype", "same"),
        ("tensorflow.constant", "dtype", "same"),
        ("tensorflow.equal", None, "bool"),
        ("tensorflow.signal.rfft", None, "complex"),
        ("tensorflow.math.real", None, "real"),
        ("numpy.zeros", "dtype", "float64"),
        ("numpy.array", "dtype", "same"),
        ("numpy.arange", "dtype", "?"),
        ("numpy.random.normal", None, "float64"),
    ],
)
def test_knows_the_dtype(name: str, asked: str | None, default: str) -> None:
    entry = lookup(name)
    assert entry is not None
    assert (entry.outputs[0].asked, entry.outputs[0].default) == (asked, default)


@pytest.mark.parametrize(
    ("name", "result", "count"),
    [
        ("tensorflow.reduce_mean", "tensor", 1),
        ("tensorflow.nn.moments", "tuple", 2),
        ("tensorflow.math.top_k", "namedtuple", 2),
        ("tensorflow.unstack", "list", 2),
        ("tensorflow.linalg.svd", "tuple", 3),
        ("tensorflow.sparse.reduce_sum", "tensor", 1),
        ("tensorflow.Variable", "variable", 0),
        ("tensorflow.keras.backend.update", "variable", 0),
        ("tensorflow.sparse.SparseTensor", "sparse", 1),
        ("tensorflow.RaggedTensor.from_row_lengths", "ragged", 1),
        ("tensorflow.debugging.assert_equal", "none", 0),
        ("numpy.mean", "number", 1),
        ("numpy.reshape", "ndarray", 1),
    ],
)
def test_knows_what_comes_back(name: str, result: str, count: int) -> None:
    entry = lookup(name)
    assert entry is not None
    assert (entry.result, len(entry.outputs)) == (result, count)


def test_no_metric_lets_a_gradient_through() -> None:
    for name in names():
        entry = lookup(name)
        assert entry is not None
        if entry.kind == "metric":
            assert entry.effect is Effect.STATE
            call = lookup(f"{name}.__call__")
            assert call is None or not call.passes_input


def test_numpy_gives_arrays_and_numbers() -> None:
    keeping = []
    for name in names():
        entry = lookup(name)
        assert entry is not None
        if name.startswith("numpy.") and entry.kind == "function" and entry.passes_input:
            keeping.append(name)
    scalars = {"numpy.fft.fftfreq", "numpy.fft.rfftfreq"}
    assert set(keeping) == {"numpy.flip", "numpy.rollaxis", "numpy.trim_zeros"} | scalars
    mean = lookup("numpy.mean")
    assert mean is not None
    assert (mean.result, mean.effect) == ("number", Effect.NONE)


def test_every_line_can_be_read() -> None:
    for name in names():
        entry = lookup(name)
        assert entry is not None
        assert entry.name == name


def test_the_file_is_sorted_and_no_name_stands_twice() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    assert [line.partition("\t")[0] for line in lines] == sorted(set(names()))
    every = [name for line in lines for name in (line.partition("\t")[0], *line.rpartition("\t")[2].split())]
    every = [name for name in every if name != "compat.v1"]
    assert len(every) == len(set(every))


def test_reading_needs_no_tensorflow() -> None:
    code = (
        "import sys; from gradlint.knowledge.table import lookup; lookup('tensorflow.abs');"
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras', 'numpy') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
