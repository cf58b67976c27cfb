"""Gradient flow as LibCST metadata: what is said of expressions, calls and tapes, and the documentation's examples."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import FullRepoManager, MetadataWrapper

from gradlint.metadata import GradientFlow, GradientFlowProvider, ProjectGradientFlowProvider

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "docs/examples/metadata"
PROGRAM = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
x = tf.constant([1.0, 2.0])


def loss_of(w):
    h = np.square(w)
    return tf.reduce_sum(h) + tf.reduce_sum(w * x)


with tf.GradientTape() as tape, open("log") as log:
    loss = tf.reduce_mean(np.exp(w))
    other = loss_of(w)
    mixed = (loss, w * 2.0)
    told = helper(w)

g = tape.gradient(loss, w)
late = w * 3.0
"""


def flows(code: str) -> dict[str, GradientFlow]:
    """What is said of each expression and item, by its text; of texts that occur twice, the last."""
    found: dict[str, GradientFlow] = {}

    class Collecting(cst.CSTVisitor):
        METADATA_DEPENDENCIES = (GradientFlowProvider,)

        def on_visit(self, node: cst.CSTNode) -> bool:
            if isinstance(node, (cst.BaseExpression, cst.WithItem)):
                found[text(node)] = self.get_metadata(GradientFlowProvider, node)
            return True

    MetadataWrapper(cst.parse_module(code)).visit(Collecting())
    return found


def text(node: cst.CSTNode) -> str:
    return cst.Module(body=()).code_for_node(node).strip(", ")


@pytest.fixture(scope="module")
def known() -> dict[str, GradientFlow]:
    return flows(PROGRAM)


@pytest.mark.parametrize("expression", ["w * x", "tf.reduce_sum(w * x)", "w * 2.0"])
def test_connected(known: dict[str, GradientFlow], expression: str) -> None:
    assert known[expression].connected == ("w",)


@pytest.mark.parametrize(
    ("expression", "where"),
    [
        ("np.square(w)", "np.square(w)"),
        ("tf.reduce_sum(h)", "np.square(w)"),
        ("np.exp(w)", "np.exp(w)"),
        ("tf.reduce_mean(np.exp(w))", "np.exp(w)"),
    ],
)
def test_lost_and_where(known: dict[str, GradientFlow], expression: str, where: str) -> None:
    (lost,) = known[expression].lost
    assert (lost.source, lost.answer, lost.why) == ("w", "lost", "numpy")
    assert lost.lost_at is not None
    assert text(lost.lost_at) == where
    assert lost.message is not None
    assert lost.message.startswith(f"`{where.partition('(')[0]}` returns a NumPy array")


def test_partly_lost(known: dict[str, GradientFlow]) -> None:
    for expression in ("loss_of(w)", "(loss, w * 2.0)"):
        (lost,) = known[expression].lost
        assert (lost.answer, lost.why) == ("partial", "numpy")


def test_what_is_not_computed_from_a_source_has_lost_nothing(known: dict[str, GradientFlow]) -> None:
    (one,) = known["tf.constant([1.0, 2.0])"].connections
    assert (one.answer, one.why, one.lost_at) == ("unconnected", None, None)


@pytest.mark.parametrize("expression", ["helper(w)", "w * 3.0", "np.square", "tf", "helper"])
def test_unknown(known: dict[str, GradientFlow], expression: str) -> None:
    """A function that cannot be followed, what runs after the last call, and what holds no numbers."""
    assert known[expression].is_unknown


def test_a_gradient_call(known: dict[str, GradientFlow]) -> None:
    call = known["tape.gradient(loss, w)"].call
    assert call is not None
    assert (call.method, call.target) == ("gradient", "loss")
    (answer,) = call.answers
    assert (answer.source, answer.answer, answer.why, answer.call) == ("w", "lost", "numpy", call.node)


def test_a_with_item(known: dict[str, GradientFlow]) -> None:
    tape = known["tf.GradientTape() as tape"].tape
    assert tape is not None
    assert tape.name == "tape"
    assert [text(call.node) for call in tape.calls] == ["tape.gradient(loss, w)"]
    assert known['open("log") as log'].tape is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_layouts_do_not_move_the_answers(end: str) -> None:
    code = PROGRAM.replace("np.exp(w)", "( np.exp(\n\t w,  # größe\n) )").replace("\n", end)
    (lost,) = flows(code)["loss"].lost
    assert lost.lost_at is not None
    assert text(lost.lost_at).startswith("( np.exp(")


def test_a_module_without_a_tape() -> None:
    assert all(flow.is_unknown for flow in flows("import tensorflow as tf\ny = tf.exp(1.0)\n").values())


def test_it_is_the_same_as_what_gradlint_finds() -> None:
    import gradlint

    (finding,) = [one for one in gradlint.check_source(PROGRAM) if one.code == "GT201"]
    call = flows(PROGRAM)["tape.gradient(loss, w)"].call
    assert call is not None
    assert [answer.message for answer in call.answers] == [finding.message]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file in EXAMPLES.glob("*.py"):
        shutil.copy(file, tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.fixit]\nroot = true\nenable = [".gradients"]\ndisable = ["fixit.rules"]\n'
    )
    return tmp_path


def ran(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    command = (sys.executable, *command)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def documented(start: str) -> str:
    """What the documentation shows below a command."""
    page = (ROOT / "docs/metadata.md").read_text(encoding="utf-8")
    return page.partition(f"$ {start}\n")[2].partition("```")[0]


def test_the_visitor(project: Path) -> None:
    done = ran(project, "visitor.py", "train.py")
    assert (done.stdout, done.stderr) == (documented("python visitor.py train.py"), "")


def test_the_fixit_rule(project: Path) -> None:
    done = ran(project, "-m", "fixit", "lint", "train.py")
    assert done.stdout == documented("fixit lint train.py")
    assert done.returncode == 1
    assert ran(project, "-m", "fixit", "test", ".gradients").returncode == 0


def test_the_codemod(project: Path) -> None:
    before = (project / "train.py").read_text()
    ran(project, "-m", "libcst.tool", "codemod", "--no-format", "-x", "codemods.ExplainLosses", "train.py")
    line = "    loss = tf.reduce_mean(np.square(w)) + b"
    assert (project / "train.py").read_text() == before.replace(line, f"{line}  # loses w: numpy")


def test_the_project_provider_follows_imports(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text("import numpy as np\n\n\ndef loss_of(w):\n    return np.square(w)\n")
    code = (
        "import tensorflow as tf\nfrom losses import loss_of\n\nw = tf.Variable(2.0)\n"
        "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(loss_of(w))\ng = tape.gradient(loss, w)\n"
    )
    (tmp_path / "train.py").write_text(code)
    manager = FullRepoManager(str(tmp_path), ["train.py"], [ProjectGradientFlowProvider])
    wrapper = manager.get_metadata_wrapper_for_path("train.py")
    followed = wrapper.resolve(ProjectGradientFlowProvider)
    (answer,) = next(one.call.answers for one in followed.values() if one.call is not None)
    assert (answer.answer, answer.why) == ("lost", "numpy")
    assert answer.lost_at is not None
    assert text(answer.lost_at) == "loss_of(w)"
    assert answer.message is not None
    assert "losses.py, line 5" in answer.message
    alone = MetadataWrapper(cst.parse_module(code)).resolve(GradientFlowProvider)
    (unseen,) = next(one.call.answers for one in alone.values() if one.call is not None)
    assert unseen.answer != "lost"
