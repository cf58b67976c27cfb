"""What following imports finds, and that TensorFlow says the same of each program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import programs
from gradlint.runner import run
from gradlint.settings import Settings
from tests.flow.projects import BROKEN, CLEAN, Program, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(scope="module")
def judged(asked: Callable[[str], list[Program]], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What TensorFlow gives for each program asked about: ``gradient``, ``none`` or the name of an exception."""
    return outcomes(asked("program"), tmp_path_factory)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, int, str]]]:
    """Lints a program in a folder of its own; gives each finding's code, line and the file of its cause."""

    def looked(program: Program, **settings: object) -> list[tuple[str, int, str]]:
        program.write(tmp_path)
        monkeypatch.chdir(tmp_path)
        (result,) = run([program.main], Settings().override(**settings), cache=False)
        assert not result.problems
        assert {finding.path for finding in result.findings} <= {program.main}
        return [
            (finding.code, finding.location.line, next((step.path for step in finding.flow if step.path), ""))
            for finding in result.findings
        ]

    return looked


def by_name(programs: list[Program]) -> list[object]:
    return [pytest.param(program, id=program.name.replace(" ", "-")) for program in programs]


@pytest.mark.sweep(every=6)
@pytest.mark.parametrize("program", by_name(BROKEN))
def test_a_loss_in_another_file_is_found(
    program: Program, look: Callable[..., list[tuple[str, int, str]]], judged: dict[str, str]
) -> None:
    assert judged[program.name] != "gradient"
    assert look(program) == program.claims


@pytest.mark.sweep(every=6)
@pytest.mark.parametrize("program", by_name(CLEAN))
def test_nothing_is_said_of_what_is_right(
    program: Program, look: Callable[..., list[tuple[str, int, str]]], judged: dict[str, str]
) -> None:
    assert judged[program.name] == "gradient"
    assert look(program) == []


@pytest.mark.parametrize("program", by_name([one for one in BROKEN if any(path for _, _, path in one.claims)]))
def test_nothing_in_another_file_is_found_without_following(
    program: Program, look: Callable[..., list[tuple[str, int, str]]]
) -> None:
    assert look(program, follow_imports=False) == []


@pytest.mark.sweep(every=8)
@pytest.mark.parametrize("folder", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_following_neither_loses_nor_moves_a_finding(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixtures import nothing of their own, so that it makes no difference to them."""
    monkeypatch.chdir(FIXTURES)
    followed, plain = (
        [(result.path, result.findings, result.problems) for result in run([folder], settings, cache=False)]
        for settings in (Settings(), Settings().override(follow_imports=False))
    )
    assert followed == plain


@pytest.mark.sweep(every=8)
@pytest.mark.parametrize("program", by_name([*BROKEN, *CLEAN]))
def test_what_a_file_loses_itself_is_found_beside_what_it_imports(
    program: Program, look: Callable[..., list[tuple[str, int, str]]]
) -> None:
    text = program.files[program.main].rstrip("\n")
    own = (
        "\nwith tf.GradientTape() as own_tape:\n    own_loss = tf.square(tf.constant(1.0))\nown_v = tf.Variable(1.0)\n"
    )
    more = Program(
        program.name, {**program.files, program.main: f"{text}{own}own_g = own_tape.gradient(own_loss, own_v)\n"}
    )
    line = text.count("\n") + 5
    assert look(more) == [*program.claims, ("GT307", line, "")]
    assert ("GT307", line, "") in look(more, follow_imports=False)


def test_what_imports_cost_is_bounded_and_costs_no_finding(look: Callable[..., list[tuple[str, int, str]]]) -> None:
    """A file that takes a third of the budget itself is looked at alone where its modules would take the rest."""
    own = "".join(
        f"def f{n}(a):\n    b = a * {n}.0\n    c = b + a\n    return c - b\nx = f{n}(x)\n" for n in range(900)
    )
    other = "".join(f"def h{n}(a):\n    b = a * {n}.0\n    return b + a\n" for n in range(3_000))
    other += "def total(a):\n" + "".join(f"    a = h{n}(a)\n" for n in range(3_000)) + "    return a\n"
    head = "import tensorflow as tf\nimport numpy as np\nfrom other import total\nx = 1.0\n"
    tail = (
        "total(x)\nw = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    loss = tf.abs(np.square(w))\n"
        "g = tape.gradient(loss, w)\n"
    )
    text = head + own + tail
    assert look(Program("costly", {"train.py": text, "other.py": other})) == [("GT201", text.count("\n") - 1, "")]


def test_what_was_found_before_the_budget_ended_stays_found(look: Callable[..., list[tuple[str, int, str]]]) -> None:
    """The model stands in another file, and so much follows the gradient that neither reading could take it all."""
    other = "import tensorflow as tf\nclass Model(tf.Module):\n    def __init__(self):\n"
    other += "        self.w = tf.Variable(1.0)\n    def __call__(self, x):\n        return tf.round(self.w * x)\n"
    text = "import tensorflow as tf\nfrom other import Model\nmodel = Model()\nwith tf.GradientTape() as tape:\n"
    text += "    loss = model(2.0)\ngradients = tape.gradient(loss, model.trainable_variables)\n"
    text += programs.chained(15_000)
    assert look(Program("late", {"train.py": text, "other.py": other})) == [("GT301", 5, "other.py")]


def test_many_modules_that_import_one_another(look: Callable[..., list[tuple[str, int, str]]]) -> None:
    """More modules than are followed: what lies beyond is unknown, and nothing is said of it."""
    files = {
        "train.py": "import tensorflow as tf\nfrom m0 import loss_of\nw = tf.Variable(1.0)\n"
        "with tf.GradientTape() as tape:\n    loss = tf.abs(loss_of(w))\ng = tape.gradient(loss, w)\n"
    }
    for number in range(200):
        files[f"m{number}.py"] = f"from m{number + 1} import loss_of\n"
    files["m200.py"] = "import numpy as np\ndef loss_of(w):\n    return np.square(w)\n"
    assert look(Program("many", files)) == []
