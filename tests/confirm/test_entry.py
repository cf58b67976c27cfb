"""The entry: many files through one worker, bounds, what is written out, and what happens without TensorFlow."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from gradlint.confirm import Confirmer, ConfirmUnavailable, Options
from gradlint.finding import Finding, Gradient, Position
from gradlint.sources.read import from_text
from tests.confirm.claims import claim, source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BROKEN = """\
import numpy as np
import tensorflow as tf
x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = np.mean(x ** 2) * tf.constant(2.0)
g = tape.gradient(y, x)
"""
FIXED = BROKEN.replace("np.mean", "tf.reduce_mean")


def test_verdicts_of_many_files_come_with_their_places(confirmer: Confirmer) -> None:
    work = [
        (source_of(code, f"{number}.py"), [claim(code), claim(code, flagged=code.splitlines()[4].strip())])
        for number, code in enumerate((BROKEN, FIXED, BROKEN))
    ]
    verdicts = {(file, index): verdict.status for file, index, verdict in confirmer.confirm_all(work)}
    again = [verdict.status for _, verdict in confirmer.confirm(*work[0])]
    assert verdicts == {
        (file, index): "refuted" if file == 1 else "confirmed" for file in range(3) for index in range(2)
    }
    assert again == ["confirmed", "confirmed"]


def test_a_finding_takes_its_verdict_along(confirmer: Confirmer) -> None:
    finding = claim(BROKEN)
    ((index, confirmation),) = confirmer.confirm(source_of(BROKEN), [finding])
    record = finding.with_confirmation(confirmation).to_json()
    assert index == 0
    assert record["confirmation"]["status"] == "confirmed"
    assert record["confirmation"]["tensorflow"].count(".") == 2


def test_no_findings_import_nothing() -> None:
    with Confirmer() as confirmer:
        assert list(confirmer.confirm(source_of(FIXED), [])) == []


def test_the_cells_of_a_notebook_are_one_program(confirmer: Confirmer) -> None:
    cells = [
        "import tensorflow as tf\nx = tf.constant(1.0)",
        "%matplotlib inline\nwith tf.GradientTape() as tape:\n    y = x * x",
    ]
    cells.append("g = tape.gradient(y, x)")
    quoted = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": cell} for cell in cells
    ]
    import json

    text = json.dumps({"cells": quoted, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    source = from_text(text, "book.ipynb")
    place, end = Position(1, 5), Position(1, 24)
    lost = Gradient(2, 1, 5, "gradient", "y", "x", "none")
    finding = Finding("GT102", "unwatched-tensor", "error", "message", "book.ipynb", 2, place, end, (lost,))
    ((_, verdict),) = confirmer.confirm(source, [finding])
    assert verdict.status == "confirmed", verdict


def test_a_call_that_is_not_there_is_inconclusive(confirmer: Confirmer) -> None:
    lost = Gradient(None, 99, 1, "gradient", "y", "x", "none")
    finding = Finding("GT102", "n", "error", "m", "program.py", None, Position(99, 1), Position(99, 2), (lost,))
    ((_, verdict),) = confirmer.confirm(source_of(BROKEN), [finding])
    assert verdict.status == "inconclusive"
    assert "the gradient call was not found" in verdict.detail


def test_a_program_that_is_not_python_is_inconclusive(confirmer: Confirmer) -> None:
    ((_, verdict),) = confirmer.confirm(source_of("with tf.GradientTape( as tape:"), [claim(BROKEN)])
    assert verdict.status == "inconclusive"
    assert "cannot be parsed" in verdict.detail


def test_stopping_early_keeps_what_is_known(confirmer: Confirmer) -> None:
    verdicts = confirmer.confirm(source_of(BROKEN), [claim(BROKEN)] * 50)
    first = next(verdicts)
    verdicts.close()  # type: ignore[attr-defined]
    assert first[1].status == "confirmed"


@pytest.mark.parametrize("fork", [True, False])
def test_closing_from_another_thread_ends_the_verdicts(fork: bool) -> None:
    endless = BROKEN.replace("tf.Variable([1.0, 2.0])", "tf.Variable(float([1 for _ in iter(int, 1)]))")
    with Confirmer(Options(timeout=100, fork=fork, jobs=1)) as confirmer:
        timer = threading.Timer(1.0, confirmer.close)
        timer.start()
        started = time.monotonic()
        assert list(confirmer.confirm(source_of(endless), [claim(endless)])) == []
        assert time.monotonic() - started < 60
        timer.join()


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str, Finding], Path]]:
    """Confirms a finding of a program by its path; gives the program that is written out."""
    folder = tmp_path_factory.mktemp("written") / "repro"

    def written(code: str, path: str, finding: Finding) -> Path:
        before = set(folder.glob("*"))
        list(confirmer.confirm(source_of(code, path), [finding]))
        (made,) = set(folder.iterdir()) - before
        return made

    with Confirmer(Options(repro=folder)) as confirmer:
        yield written


@pytest.mark.sweep(every=3)
def test_the_program_that_is_written_out_shows_the_none(writing: Callable[[str, str, Finding], Path]) -> None:
    code = BROKEN + "print('shown')\nfor step in range(100):\n    print(step)\n"
    path = writing(code, "src/train.py", claim(code, flagged="np.mean(x ** 2)"))
    text = path.read_text()
    assert path.name.startswith("src_train_line5")
    assert "gradlint" not in text
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        check=True,
        timeout=120,
    )
    assert "y by x: None" in done.stdout


def test_what_was_invented_is_written_out_too(writing: Callable[[str, str, Finding], Path]) -> None:
    code = (
        "import tensorflow as tf\n\ndef slope(steps, x):\n    for _ in range(steps):\n"
        "        with tf.GradientTape() as tape:\n            y = tf.round(x)\n        g = tape.gradient(y, x)\n"
    )
    path = writing(code, "invented.py", claim(code))
    assert "\nslope(2, " in path.read_text()
    ast.parse(path.read_text())


def test_without_tensorflow_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfirmUnavailable, match=r'pip install "tf-gradlint\[confirm\]"'), Confirmer():
        pass


@pytest.mark.parametrize("fork", [True, False])
def test_a_tensorflow_that_cannot_be_imported_says_why(
    fork: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('a broken wheel')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ConfirmUnavailable, match="a broken wheel"), Confirmer(Options(fork=fork)) as confirmer:
        list(confirmer.confirm(source_of(BROKEN), [claim(BROKEN)]))


@pytest.mark.sweep(every=3)
def test_confirming_imports_no_tensorflow_here() -> None:
    code = (
        "import sys; from gradlint.confirm import confirm; from tests.confirm.claims import claim, source_of;"
        f"code = {BROKEN!r}; print(list(confirm(source_of(code), [claim(code)])));"
        "print('tensorflow' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "status='confirmed'" in done.stdout
    assert done.stdout.strip().endswith("False False")


@pytest.mark.parametrize(("arguments", "message"), [({"timeout": 0.0}, "time limit"), ({"jobs": 0}, "at least 1")])
def test_options_out_of_range_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options(**arguments)  # type: ignore[arg-type]


@pytest.mark.sweep(every=3)
def test_fresh_processes_reach_the_same_verdicts() -> None:
    work = [(source_of(BROKEN), [claim(BROKEN)]), (source_of(FIXED), [claim(FIXED)])]
    with Confirmer(Options(fork=False, jobs=1, timeout=60)) as confirmer:
        verdicts = {file: verdict.status for file, _, verdict in confirmer.confirm_all(work)}
    assert verdicts == {0: "confirmed", 1: "refuted"}


def test_fork_is_used_where_there_is_one() -> None:
    assert Options().forks == hasattr(os, "fork")
    assert Options(fork=False).forks is False


WITHOUT_NAMESPACES = """\
import sys
from gradlint.confirm import seccomp
seccomp.restrict()
from gradlint.__main__ import main
sys.exit(main())
"""


@pytest.mark.sweep(every=3)
def test_where_no_sandbox_can_be_had_trust_is_asked_for(tmp_path: Path) -> None:
    """On Linux the call that leaves a namespace is refused to the command, as in some containers; elsewhere none is."""
    program = tmp_path / "program.py"
    program.write_text(BROKEN)

    def gradlint(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", WITHOUT_NAMESPACES, "--confirm", "--output-format", "concise", *arguments]
        return subprocess.run([*command, str(program)], capture_output=True, text=True, check=False, cwd=tmp_path)

    asked = gradlint()
    assert asked.returncode == 2
    (told,) = [line for line in asked.stderr.splitlines() if "sandbox" in line]
    assert "native code is not kept from files, sockets and other processes" in told
    assert "--trust" in told
    trusted = gradlint("--trust")
    assert trusted.returncode == 1
    assert "confirmed" in trusted.stdout


def test_what_the_worker_leaves_out_is_there_for_the_program_that_uses_it(confirmer: Confirmer) -> None:
    """Keras's wrappers for scikit-learn are imported by the programs that name them alone."""
    code = """\
import inspect, sys
import tensorflow as tf
inspect.getmodule(tf.add)
x = tf.constant(3.0)
with tf.GradientTape() as tape:
    y = x * x
g = tape.gradient(y, x)
assert "keras.src.wrappers" not in sys.modules
assert callable(tf.keras.wrappers.SKLearnClassifier)
from keras.wrappers import SKLearnRegressor
assert "keras.src.wrappers" in sys.modules
tape.gradient(y, x)
"""
    finding = claim(code, source="x", flagged="tf.constant(3.0)", code_of_rule="GT102")
    after = claim(code, source="x", outcome="error", exception="RuntimeError", nth=1, code_of_rule="GT401")
    verdicts = {
        index: verdict.status for _, index, verdict in confirmer.confirm_all([(source_of(code), [finding, after])])
    }
    assert verdicts == {0: "confirmed", 1: "confirmed"}
