"""The extension in a real IPython shell and in a real Jupyter kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from IPython.core.interactiveshell import InteractiveShell

from gradlint.sources.notebook import of_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent

# What the cells import: names enough for them to run without TensorFlow, under its name.
TENSORFLOW = """
class Variable:
    def __init__(self, value): self.value = value
    def __array__(self, dtype=None, copy=None):
        import numpy
        return numpy.asarray(self.value)

class GradientTape:
    def __enter__(self): return self
    def __exit__(self, *details): pass
    def gradient(self, target, sources): return None

def square(value): return value
def sqrt(value): return value
"""
IMPORTS = "import numpy as np\nimport tensorflow as tf"
VARIABLE = "w = tf.Variable([1.0, 2.0])"
BROKEN = "with tf.GradientTape() as tape:\n    loss = tf.square(np.sqrt(w))"
ASK = "gradient = tape.gradient(loss, w)"


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    (tmp_path / "tensorflow.py").write_text(TENSORFLOW)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    made = InteractiveShell()
    yield made
    made.run_cell("%unload_ext gradlint")
    made.history_manager.end_session()
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)


def run(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str) -> str:
    """Run a cell; gives what stands under it."""
    capsys.readouterr()
    shell.run_cell(cell, store_history=True)
    return capsys.readouterr().out


def test_the_finding_stands_under_the_cell_that_asks(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shell, capsys, "%load_ext gradlint") == ""
    for cell in (IMPORTS, VARIABLE, BROKEN):
        assert run(shell, capsys, cell) == ""
    said = run(shell, capsys, ASK)
    assert "GT201" in said
    assert "`np.sqrt` returns a NumPy array" in said
    assert "loss = tf.square(np.sqrt(w))" in said
    assert "gradient = tape.gradient(loss, w)" in said
    assert run(shell, capsys, "1 + 1") == "Out[6]: 2\n"


def test_the_message_has_three_parts(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """The headline, the lines with what happens to the gradient, and the help."""
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    said = run(shell, capsys, ASK)
    assert (
        said
        == """\
notebook:In [4]:2:22: error[GT201] numpy-call
`np.sqrt` returns a NumPy array
  | In [3]
1 | w = tf.Variable([1.0, 2.0])
  |     ----------------------- connected to `w`
  | In [4]
2 |     loss = tf.square(np.sqrt(w))
  |                      ^^^^^^^^^^ the gradient is lost here
  | In [5]
1 | gradient = tape.gradient(loss, w)
  |            ---------------------- `w` gets None
  |
  = so: the gradient of `loss` with respect to `w` (line 1 of In [5]) is None
  = help: use `tf.sqrt`
  = fix: Compute it with TensorFlow (`%gradlint fix`)
  |
2 -     loss = tf.square(np.sqrt(w))
2 +     loss = tf.square(tf.sqrt(w))

`%gradlint fix` adds a fixed cell below
"""
    )
    headline = said.splitlines()[1]
    assert len(headline) <= 80


def test_the_fixed_cell_is_silent(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    assert "GT201" in run(shell, capsys, ASK)
    assert run(shell, capsys, BROKEN.replace("np.sqrt", "tf.sqrt")) == ""
    assert run(shell, capsys, ASK) == ""


def test_cells_that_ran_before_it_was_loaded_count(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in (IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    run(shell, capsys, "%load_ext gradlint")
    assert "GT201" in run(shell, capsys, ASK)


def test_the_whole_notebook(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN, ASK, "1 + 1"):
        run(shell, capsys, cell)
    said = run(shell, capsys, "%gradlint")
    assert "GT201" in said
    assert "Found 1 error" in said
    assert "1 fixable with `%gradlint fix`" in said
    assert "`--fix`" not in said


def test_off_on_and_one_cell(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    assert "no longer checked" in run(shell, capsys, "%gradlint off")
    assert run(shell, capsys, ASK) == ""
    run(shell, capsys, BROKEN)
    assert run(shell, capsys, f"%%gradlint\n{ASK}").count("error[GT201]") == 1
    assert shell.user_ns["gradient"] is None
    assert "checked after they run" in run(shell, capsys, "%gradlint on")
    run(shell, capsys, BROKEN)
    assert "GT201" in run(shell, capsys, ASK)


def test_files(shell: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "my study.ipynb").write_text(of_cells([IMPORTS, VARIABLE, BROKEN, ASK]))
    run(shell, capsys, "%load_ext gradlint")
    assert "GT201" in run(shell, capsys, "%gradlint 'my study.ipynb'")
    assert "cannot be read" in run(shell, capsys, "%gradlint nowhere.ipynb")


def test_cells_that_fail(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """A cell that is not Python is no part of the program; one that raises is, since a lost gradient may be why."""
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    assert "GT201" not in run(shell, capsys, "tape.gradient(loss, w")
    said = run(shell, capsys, ASK + "\nraise ValueError")
    assert "ValueError" in said
    assert "GT201" in said


def test_settings_count_and_wrong_ones_are_said_once(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    (tmp_path / "gradlint.toml").write_text('ignore = ["GT201"]\n')
    assert run(shell, capsys, ASK) == ""
    (tmp_path / "gradlint.toml").write_text('ignored = ["GT201"]\n')
    assert "did you mean `ignore`" in run(shell, capsys, ASK)
    assert run(shell, capsys, ASK) == ""


def test_cells_are_called_by_the_numbers_they_ran_under(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, "1 + 1", VARIABLE, BROKEN):
        run(shell, capsys, cell)
    said = run(shell, capsys, ASK)
    assert "notebook:In [5]:2:22: error[GT201]" in said
    assert "  | In [6]\n" in said
    assert "(line 1 of In [6]) is None" in " ".join(said.split())


def test_fix_puts_the_mended_cell_below(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN):
        run(shell, capsys, cell)
    assert "`%gradlint fix` adds a fixed cell below" in run(shell, capsys, ASK)
    assert "In [4] is below, fixed" in run(shell, capsys, "%gradlint fix")
    mended = BROKEN.replace("np.sqrt", "tf.sqrt")
    assert shell.rl_next_input == mended
    assert run(shell, capsys, mended) == ""
    assert run(shell, capsys, ASK) == ""
    assert "No lost gradients" in run(shell, capsys, "%gradlint")
    assert "no cell that was run has a fix" in run(shell, capsys, "%gradlint fix")


def test_graph_draws_the_gradient_calls(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, capsys, "%load_ext gradlint")
    assert run(shell, capsys, "%gradlint graph") == "gradlint: no cell asks for a gradient\n"
    for cell in (IMPORTS, VARIABLE, BROKEN, ASK):
        run(shell, capsys, cell)
    said = run(shell, capsys, "%gradlint graph")
    assert said.startswith("notebook:In [6]:1  tape.gradient(loss, w)")
    assert "✗ lost here: GT201 numpy-call" in said


def test_options_stand_where_paths_do(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "study.ipynb").write_text(of_cells([IMPORTS, VARIABLE, BROKEN, ASK]))
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN, ASK):
        run(shell, capsys, cell)
    assert "No lost gradients" in run(shell, capsys, "%gradlint --ignore GT201 study.ipynb")
    assert "No lost gradients" in run(shell, capsys, "%gradlint study.ipynb --select=GT1,GT3")
    assert "No lost gradients" in run(shell, capsys, "%gradlint --select GT1")
    assert "GT201" in run(shell, capsys, "%gradlint --select GT2")
    assert "no such option --slect" in run(shell, capsys, "%gradlint --slect GT2")
    assert "GT999" in run(shell, capsys, "%gradlint --select GT999")
    assert "--select takes rules" in run(shell, capsys, "%gradlint --select")
    assert "cannot be read" in run(shell, capsys, "%gradlint -- --select")
    assert "did you mean `%gradlint fix`?" in run(shell, capsys, "%gradlint fxi")
    assert "did you mean" not in run(shell, capsys, "%gradlint nothing.ipynb")
    assert "must be the only argument" in run(shell, capsys, "%gradlint on study.ipynb")
    assert "%gradlint fix" in run(shell, capsys, "%gradlint --help") == run(shell, capsys, "%gradlint help")


def test_unload(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("%load_ext gradlint", IMPORTS, VARIABLE, BROKEN, "%unload_ext gradlint"):
        run(shell, capsys, cell)
    assert run(shell, capsys, ASK) == ""
    assert "gradlint" not in shell.magics_manager.magics["line"]
    assert "gradlint" not in shell.magics_manager.magics["cell"]
    run(shell, capsys, "%load_ext gradlint")
    assert "GT201" in run(shell, capsys, ASK)


def test_a_real_kernel(tmp_path: Path) -> None:
    """Run a notebook in a Jupyter kernel: the finding is among the outputs of the right cell."""
    (tmp_path / "tensorflow.py").write_text(TENSORFLOW)
    notebook = json.loads(of_cells(["%load_ext gradlint", IMPORTS, VARIABLE, BROKEN, ASK]))
    for index, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell{index}"
    path = tmp_path / "study.ipynb"
    path.write_text(json.dumps(notebook))
    script = (
        "import sys, nbformat, nbclient\n"
        "from jupyter_client.manager import AsyncKernelManager\n"
        "from jupyter_client.kernelspec import KernelSpec\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "manager = AsyncKernelManager()\n"
        "argv = [sys.executable, '-m', 'ipykernel_launcher', '-f', '{connection_file}']\n"
        "manager._kernel_spec = KernelSpec(argv=argv, display_name='python', language='python')\n"
        "nbclient.NotebookClient(notebook, km=manager, timeout=60).execute()\n"
        "nbformat.write(notebook, sys.argv[1])\n"
    )
    environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    outputs = [cell["outputs"] for cell in json.loads(path.read_text())["cells"]]
    assert outputs[:4] == [[], [], [], []]
    (found,) = outputs[4]
    assert found["output_type"] == "display_data"
    assert "notebook:In [4]:2:22: error[GT201]" in "".join(found["data"]["text/plain"])
    shown = "".join(found["data"]["text/html"])
    assert "<h3 " in shown
    assert ">In [4]</h3>" in shown
    assert '<svg class="gl"' in shown
    assert '<span class="ins">   2 +     loss = tf.square(tf.sqrt(w))</span>' in shown
    assert "<code>%gradlint fix</code>" in shown
