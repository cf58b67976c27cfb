"""Stubs: how they are read, what is refused, and what the analysis makes of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradlint.api import Settings, SettingsError, check_source
from gradlint.knowledge.stubs import StubError, parse, shipped, shipped_packages
from gradlint.knowledge.table import Effect

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
PROGRAM = """\
import acme
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    value = acme.{call}
    loss = tf.reduce_sum(value)
tape.gradient(loss, w)
"""


def found(stub: str, call: str, tmp_path: Path) -> list[str]:
    """The codes of what is found in a call of a package of which a stub speaks."""
    path = tmp_path / "acme.pyi"
    path.write_text(stub, encoding="utf-8")
    return [one.code for one in check_source(PROGRAM.format(call=call), settings=Settings(models=(str(path),)))]


LAMP = "class A:\n    def at(self: Lost) -> Tensor: ...\n"
AT_OF = '    def at(self: Of["of"]) -> Tensor: ...'


@pytest.mark.parametrize(
    ("stub", "call", "codes"),
    [
        ("def f(x: Passes) -> Tensor: ...", "f(w)", []),
        ("def f(x: Lost) -> Tensor: ...", "f(w)", ["GT301"]),
        ("def f(x: Lost, y: Passes) -> Tensor: ...", "f(w, 2.0)", ["GT301"]),
        ("def f(x: Lost, y: Passes) -> Tensor: ...", "f(2.0, y=w)", []),
        ("def f(x: Unknown) -> Tensor: ...", "f(w)", []),
        ("def f(x) -> Tensor: ...", "f(w)", []),
        ('def f(x: Lookup["Ray"]) -> Tensor: ...', "f(w)", ["GT302"]),
        ("def f(x: Passes) -> Array: ...", "f(w)", ["GT206"]),
        ("def f(x: Passes) -> Unknown: ...", "f(w)", []),
        ('def f(x: Passes, how: When["hard", Lost]) -> Tensor: ...', "f(w, how='hard')", ["GT301"]),
        ('def f(x: Passes, how: When["hard", Lost]) -> Tensor: ...', "f(w, 'hard')", ["GT301"]),
        ('def f(x: Passes, how: When["hard", Lost]) -> Tensor: ...', "f(w, how='soft')", []),
        ('def f(fn: Called["x"], x: Passes) -> Tensor: ...', "f(lambda v: v * 2.0, w)", []),
        ("def __getattr__(name) -> Array: ...", "inner.g(w)", ["GT206"]),
        ("class A:\n    def at(self: Passes, x: Passes) -> Tensor: ...", "A(w).at(1.0)", []),
        ("class A:\n    def at(self: Lost, x: Passes) -> Tensor: ...", "A(w).at(1.0)", ["GT301"]),
        ("class A:\n    def at(self: Lost, x: Passes) -> Tensor: ...", "A(1.0).at(w)", []),
        ("class B:\n    def at(self: Lost) -> Tensor: ...\nclass A(B): ...", "A(w).at()", ["GT301"]),
        (
            "class A:\n    @property\n    def at(self: Lost) -> Tensor: ...",
            "A(w).at",
            ["GT301"],
        ),
        (
            "class A:\n    def then(self) -> Self: ...\n    def at(self: Lost) -> Tensor: ...",
            "A(w).then().at()",
            ["GT301"],
        ),
        ("class A:\n    def __call__(self, x: Lost) -> Tensor: ...", "A()(w)", ["GT301"]),
        ("class A:\n    def at(self: Lost) -> Tensor: ...", "A(w).other()", []),
        (f"{LAMP}class B:\n    def __init__(self, of: Passes): ...\n{AT_OF}", "B(acme.A(w)).at()", ["GT301"]),
        (
            f"{LAMP}class B:\n    def __init__(self, size, of: Passes): ...\n{AT_OF}",
            "B(2, of=acme.A(w)).at()",
            ["GT301"],
        ),
        (f"{LAMP}class B:\n    def __init__(self, of: Passes): ...\n{AT_OF}", "B(w).at()", []),
        ("def f(x: Lost) -> Tensor: ...\ng = f", "g(w)", ["GT301"]),
        ("def f(x: Lost) -> Tensor: ...", "other(w)", []),
    ],
)
def test_a_stub_decides(stub: str, call: str, codes: list[str], tmp_path: Path) -> None:
    assert found(stub, call, tmp_path) == codes


def test_without_a_stub_nothing_is_said() -> None:
    assert check_source(PROGRAM.format(call="f(w)")) == []


@pytest.mark.parametrize(
    ("stub", "line", "says"),
    [
        ("def f(x: Pases): ...", 1, "expected one of Passes, Lost"),
        ("\n\ndef f(x) -> Tensr: ...", 3, "expected one of Tensor, Array"),
        ("def f(x: Called): ...", 1, "needs its argument in brackets"),
        ('def f(x: When["a"]): ...', 1, "takes values and effects alternately"),
        ("def f(:", 1, "not Python"),
        ("def f(x): ...\nfor x in y: pass", 2, "a stub may contain only functions"),
        ("def f(x): ...\ndef f(y): ...", 2, "is defined twice"),
        ("g = f", 1, "`f` is not known here"),
        ("class A(Layer, trainable=1): ...", 1, "expected `trainable=True` or `trainable=False`"),
        ("class A(Layer, metaclass=B): ...", 1, "`metaclass=B`: expected"),
        ("class A(trainable=True): ...", 1, "with one of Layer, Model, Module as its base"),
    ],
)
def test_what_a_stub_cannot_say_is_refused_with_its_line(stub: str, line: int, says: str) -> None:
    with pytest.raises(StubError, match=re.escape(f"acme.pyi:{line}:")) as refused:
        parse(stub, "acme", "acme.pyi")
    assert says in str(refused.value)


def test_a_class_says_what_it_descends_from() -> None:
    stubs = parse(
        "import tensorflow as tf\nfrom keras import layers\n"
        "class A(Layer, trainable=False): ...\nclass B(A): ...\nclass C(tf.Module): ...\n"
        "class D(layers.Dense, trainable=True): ...\nclass E: ...\nclass Model(Model): ...\n",
        "acme",
        "acme.pyi",
    )
    said = {name: (stubs.library(f"acme.{name}"), stubs.trainable(f"acme.{name}")) for name in "ABCDE"}
    assert said == {
        "A": ("keras.Layer", False),
        "B": ("keras.Layer", False),
        "C": ("tensorflow.Module", None),
        "D": ("keras.layers.Dense", True),
        "E": ("", None),
    }
    assert stubs.library("acme.Model") == ""


def test_a_stub_that_cannot_be_used_is_a_matter_of_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such file"):
        check_source(PROGRAM.format(call="f(w)"), settings=Settings(models=(str(tmp_path / "none.pyi"),)))


def test_a_stub_is_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "run"
    stub = f"def f(x: Passes, y=open({str(trap)!r}, 'w').close()) -> Tensor: ..."
    assert found(stub, "f(w)", tmp_path) == []
    assert not trap.exists()


def test_every_shipped_stub_is_read() -> None:
    assert {"scipy", "tensorflow_probability", "torch", "jax"} <= shipped_packages()
    for package in shipped_packages():
        assert shipped(package).packages == {package}


def test_the_users_stub_comes_before_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "scipy.pyi"
    path.write_text("def __getattr__(name) -> Unknown: ...", encoding="utf-8")
    program = PROGRAM.replace("import acme", "import scipy.special as acme").format(call="erf(w)")
    assert [one.code for one in check_source(program)] == ["GT206"]
    assert check_source(program, settings=Settings(models=(str(path),))) == []


def test_the_page_of_stubs_shows_what_happens(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    stub, program, layers = blocks
    path = tmp_path / "acme.pyi"
    path.write_text(stub, encoding="utf-8")
    (finding,) = check_source(program, settings=Settings(models=(str(path),)))
    assert [one.source for one in finding.gradients] == ["lights"]
    assert parse(layers, "acme.layers", "layers.pyi").library("acme.layers.Film") == "keras.Layer"
    assert check_source(program) == []
    entry = parse(stub, "acme", "acme.pyi").functions["acme.nearest"].entry
    assert entry.argument("points") is Effect.NOTFLOAT


def test_the_command_says_where_knowledge_comes_from(tmp_path: Path) -> None:
    (tmp_path / "acme.pyi").write_text("def f(x: Lost) -> Tensor: ...", encoding="utf-8")
    (tmp_path / "gradlint.toml").write_text('models = ["acme.pyi"]', encoding="utf-8")

    def said(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gradlint", "models", name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "your stub: " in said("acme.f").stdout
    assert "measured under TensorFlow" in said("tf.math.erf").stdout
    assert "gradlint's stub" in said("tfp.distributions.Normal.sample").stdout
    unknown = said("acme.g")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "counts as unknown" in unknown.stderr
