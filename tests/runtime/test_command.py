"""``gradlint run`` as its user meets it: the program's own output and status, and what is said beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LOSES = """\
import sys
import numpy as np
import tensorflow as tf

table = {"np": np.tanh, "tf": tf.tanh}
w = tf.Variable([1.0, 2.0])
for step in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(table[sys.argv[1]](w * 2.0))
    gradient = tape.gradient(loss, w)
print("the program's own", sys.argv[1:], __name__, __file__)
sys.exit(7)
"""


def run(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``gradlint run`` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "gradlint", "run", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"},
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a program that loses a gradient where its argument says so."""
    (tmp_path / "train.py").write_text(LOSES, encoding="utf-8")
    return tmp_path


def test_a_loss_is_named_and_the_program_keeps_its_output_and_status(folder: Path) -> None:
    done = run(folder, "train.py", "np", "--epochs", "3")
    assert done.returncode == 7
    assert done.stdout == "the program's own ['np', '--epochs', '3'] __main__ train.py\n"
    assert "error[GT201] numpy-call" in done.stderr
    assert "3 gradient calls watched" in done.stderr
    assert "train.py:9: GT201 numpy-call: `w`, 3 times" in done.stderr


def test_nothing_is_said_where_nothing_is_lost(folder: Path) -> None:
    done = run(folder, "train.py", "tf")
    assert done.returncode == 7
    assert done.stderr.splitlines()[-1] == "gradlint: 3 gradient calls watched, no gradient was seen to be lost"
    assert "GT" not in done.stderr


@pytest.mark.sweep(every=4)
def test_findings_are_written_in_any_format(folder: Path) -> None:
    run(folder, "--output-format", "json", "--output-file", "seen.json", "train.py", "np")
    (finding,) = json.loads((folder / "seen.json").read_text(encoding="utf-8"))
    assert (finding["code"], finding["path"], finding["location"]["line"]) == ("GT201", "train.py", 9)
    assert finding["confirmation"]["status"] == "confirmed"


def test_modules_and_what_ends_a_program(folder: Path) -> None:
    package = folder / "package"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "job.py").write_text("from . import helper\nraise KeyError('lost')\n", encoding="utf-8")
    (package / "helper.py").write_text("print('imported')\n", encoding="utf-8")
    done = run(folder, "-m", "package.job")
    assert (done.returncode, done.stdout) == (1, "imported\n")
    assert "KeyError: 'lost'" in done.stderr
    assert "gradlint/" not in done.stderr.partition("KeyError")[0].replace(str(folder), "")
    assert "the program did not import TensorFlow" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("none.py",), "none.py: No such file or directory"), (("-m", "no.module"), "no module named no.module")],
)
def test_a_program_that_is_not_there(arguments: tuple[str, ...], says: str, folder: Path) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert f"gradlint: {says}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.sweep(every=4)
def test_tests_are_watched(folder: Path) -> None:
    write_test(folder)
    done = run(folder, "--pytest", "-q", "test_loss.py")
    assert done.returncode == 0
    assert "test_loss.py:8" in done.stderr


@pytest.mark.sweep(every=4)
def test_pytest_itself_watches_with_an_option(folder: Path) -> None:
    write_test(folder)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "gradlint.runtime.pytest_plugin", "--gradlint", "test_loss.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "1 gradient call watched" in done.stdout
    assert "test_loss.py:8: GT" in done.stdout


def write_test(folder: Path) -> None:
    """Write a test that loses a gradient."""
    (folder / "test_loss.py").write_text(
        "import tensorflow as tf\n"
        "import numpy as np\n\n\n"
        "def test_loss():\n"
        "    w = tf.Variable(1.0)\n"
        "    with tf.GradientTape() as tape:\n"
        "        loss = tf.square(np.float32(w.numpy()))\n"
        "    assert tape.gradient(loss, w) is None\n",
        encoding="utf-8",
    )


def test_a_script_from_standard_input_and_what_interrupts_it(folder: Path) -> None:
    done = run(folder, "-", "a", stdin="import sys\nprint(sys.argv, __name__)\nraise KeyboardInterrupt\n")
    assert done.stdout == "['-', 'a'] __main__\n"
    assert done.returncode == -signal.SIGINT
    assert done.stderr.startswith("Traceback")
    assert done.stderr.splitlines()[-2] == "KeyboardInterrupt"


AWKWARD = """\
import argparse
import multiprocessing
import os
import sys
import threading


def lose():
    import tensorflow as tf

    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        loss = tf.square(float(w))
    assert tape.gradient(loss, w) is None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--times", type=int)
    times = parser.parse_args().times
    child = multiprocessing.get_context("spawn").Process(target=print, args=("from a child",))
    child.start()
    child.join()
    os.remove(__file__)
    os.chdir(os.sep)
    for _ in range(times):
        thread = threading.Thread(target=lose)
        thread.start()
        thread.join()
    print("given", sys.stdin.read())
    sys.exit("the end")
"""


@pytest.mark.sweep(every=4)
def test_a_program_that_makes_it_hard(folder: Path) -> None:
    (folder / "awkward.py").write_text(AWKWARD, encoding="utf-8")
    done = run(folder, "awkward.py", "--times", "2", stdin="data")
    assert (done.returncode, done.stdout) == (1, "from a child\ngiven data\n")
    assert "\nthe end\n" in done.stderr
    assert "awkward.py:13: GT202 python-conversion: `w`, 2 times" in done.stderr


SPAWNED = """\
import multiprocessing
import sys

def lose(times):
    import tensorflow as tf

    w = tf.Variable(2.0)
    for _ in range(times):
        with tf.GradientTape() as tape:
            loss = tf.square(float(w))
        assert tape.gradient(loss, w) is None
    return times

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    context.Process(target=lose, args=(2,)).start()
    with context.Pool(1) as pool:
        print(pool.map(lose, [1, 3]), flush=True)
    sys.exit(3)
"""


@pytest.mark.sweep(every=4)
def test_processes_that_the_program_starts_are_watched(folder: Path) -> None:
    (folder / "spawned.py").write_text(SPAWNED, encoding="utf-8")
    done = run(folder, "spawned.py", "spawn")
    assert (done.returncode, done.stdout) == (3, "[1, 3]\n")
    assert done.stderr.count("error[GT202] python-conversion") == 1
    assert "spawned.py:10: GT202 python-conversion: `w`, " in done.stderr


@pytest.mark.sweep(every=4)
def test_workers_of_xdist_hand_over_what_they_saw(folder: Path) -> None:
    write_test(folder)
    done = run(folder, "--pytest", "-q", "-n", "1", "-p", "no:cacheprovider", "test_loss.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gradlint: 1 gradient call watched\n  test_loss.py:8: GT202 python-conversion: `w`, once" in done.stderr


NAN = """\
import tensorflow as tf

w = tf.Variable([0.0, 1.0])

@tf.function
def step():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sqrt(w))
    return tape.gradient(loss, w)

step()
"""


@pytest.mark.sweep(every=4)
def test_nan_inside_a_function_is_named_where_functions_run_eagerly(folder: Path) -> None:
    (folder / "nan.py").write_text(NAN, encoding="utf-8")
    done = run(folder, "--eager", "nan.py")
    assert done.returncode == 0
    assert "nan.py:8: GT602 infinite-slope-at-zero: `w`, once" in done.stderr
