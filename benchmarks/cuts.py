"""Whether the watcher names a cut put into training scripts at random: ``python -m benchmarks.cuts SCRIPT...``.

Each script is run as it is first: nothing may be said of it. Then, at a place that the seed picks among the values that
the run has shown, one cut is put into a copy: ``tf.stop_gradient``, a round trip through integers or NumPy, a rounding.
A place counts where TensorFlow then gives None to a source. The watcher, without what reading the code knows, has to
name a line of the changed statement. Keras' data sets are replaced by small made ones, ``fit`` trains one epoch, and a
script is ended after ``--seconds`` of processor time. The scripts are read, and copies of them run in other folders.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

CUTS = {
    "stop": '__import__("tensorflow").stop_gradient({0})',
    "cast": '__import__("tensorflow").cast(__import__("tensorflow").cast({0}, "int32"), "float32")',
    "round": '__import__("tensorflow").round({0})',
    "numpy": '__import__("tensorflow").constant(({0}).numpy())',
}
TRIES = 8
"""How many places of a script are tried until one loses a gradient."""


def make_data() -> None:
    """Put small random arrays in place of Keras' data sets, and let ``fit`` train one epoch."""
    import numpy as np
    import tensorflow as tf

    keras = tf.keras
    generator = np.random.default_rng(3)

    def images(shape: tuple[int, ...], classes: int, column: bool) -> Any:
        def load_data(*_: Any, **__: Any) -> Any:
            return tuple(
                (
                    generator.integers(0, 256, (count, *shape)).astype("uint8"),
                    generator.integers(0, classes, (count, 1) if column else count).astype("int64"),
                )
                for count in (256, 64)
            )

        return load_data

    def texts(*_: Any, **__: Any) -> Any:
        def some(count: int) -> Any:
            rows = np.empty(count, dtype=object)
            rows[:] = [list(map(int, generator.integers(1, 200, 20))) for _ in range(count)]
            return rows, generator.integers(0, 2, count).astype("int64")

        return some(256), some(64)

    keras.datasets.mnist.load_data = images((28, 28), 10, False)
    keras.datasets.fashion_mnist.load_data = images((28, 28), 10, False)
    keras.datasets.cifar10.load_data = images((32, 32, 3), 10, True)
    keras.datasets.cifar100.load_data = images((32, 32, 3), 100, True)
    keras.datasets.imdb.load_data = texts
    sys.modules["keras_core"] = sys.modules[keras.Model.__module__.partition(".")[0]]
    for name in [one for one in sys.modules if one.startswith("keras.")]:
        sys.modules.setdefault("keras_core" + name.removeprefix("keras"), sys.modules[name])
    fit = keras.Model.fit

    def shortened(model: Any, *arguments: Any, **options: Any) -> Any:
        return fit(model, *arguments, **(options | {"epochs": 1, "verbose": 0}))

    keras.Model.fit = shortened


def watched(path: Path, seconds: float) -> dict[str, Any]:
    """Run one script under a watcher in this process, which ends with it."""
    import tensorflow as tf

    from gradlint.runtime import values
    from gradlint.runtime.program import run_script
    from gradlint.runtime.session import Session

    make_data()
    lost: list[bool] = []
    original = tf.GradientTape.gradient

    def gradient(tape: Any, *arguments: Any, **options: Any) -> Any:
        result = original(tape, *arguments, **options)
        lost.append(any(one is None for one in tf.nest.flatten(result)))
        return result

    tf.GradientTape.gradient = gradient
    failures: list[str] = []
    session = Session(lambda finding: None, failures.append)
    session.read = lambda path: []
    raised = None
    signal.signal(signal.SIGPROF, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    session.start()
    try:
        run_script(str(path), [])
    except SystemExit:
        pass
    except BaseException as error:
        raised = f"{type(error).__name__}: {error}"[:300]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        session.stop()
    places = values.by_place(session.watcher.record, {}).get(str(path), {})
    return {
        "calls": session.watcher.calls,
        "lost": any(lost),
        "raised": raised,
        "failed": failures,
        "findings": [(one.path, one.location.line, one.code, one.message) for one in session.findings.values()],
        "places": sorted(line for line, found in places.items() if any("float" in str(one) for one in found)),
    }


def apart(path: Path, seconds: float) -> dict[str, Any]:
    """Run one script in a child of this process, which has imported TensorFlow already."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        try:
            os.chdir(path.parent)
            record = watched(path, seconds)
        except BaseException as error:
            record = {"calls": 0, "raised": f"{type(error).__name__}: {error}", "findings": [], "places": []}
        with open(writing, "w") as pipe:
            json.dump(record, pipe)
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(text)) if text else {"calls": 0, "raised": "died", "findings": [], "places": []}


def places(text: str, lines: set[int]) -> list[ast.Assign | ast.Return]:
    """The statements whose value can be cut: assignments of one name and returns that the run has passed."""
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Assign, ast.Return))
        and node.value is not None
        and lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        and (isinstance(node, ast.Return) or (len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)))
        and not isinstance(node.value, (ast.Tuple, ast.Constant))
    ]


def cut(text: str, node: ast.Assign | ast.Return, kind: str) -> str:
    """The script with the statement's value cut; its lines stay where they are."""
    value = node.value
    assert value is not None
    lines = text.encode().splitlines(keepends=True)
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line))
    start = begins[value.lineno - 1] + value.col_offset
    end = begins[(value.end_lineno or value.lineno) - 1] + (value.end_col_offset or 0)
    whole = text.encode()
    return (whole[:start] + CUTS[kind].format("(" + whole[start:end].decode() + ")").encode() + whole[end:]).decode()


def measure(script: Path, seed: int, seconds: float) -> str:
    """Run a script uncut and cut; the verdict in a word, with what to look at behind it."""
    chance = random.Random(f"{seed} {script.name}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "program")
        shutil.copytree(script.parent, folder, ignore=shutil.ignore_patterns(".git", "*.png", "*.gif", "*.jpg"))
        copy = folder / script.name
        text = copy.read_text(encoding="utf-8")
        whole = apart(copy, seconds)
        if not whole["calls"] or not whole["places"]:
            return f"unusable {whole['raised']}"
        said = "" if not whole["findings"] else f"  UNCUT: {whole['findings']}"
        candidates = places(text, set(whole["places"]))
        chance.shuffle(candidates)
        for node in candidates[:TRIES]:
            kind = chance.choice(sorted(CUTS))
            copy.write_text(cut(text, node, kind), encoding="utf-8")
            seen = apart(copy, seconds)
            if not seen.get("lost"):
                continue
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            right = any(Path(path).name == script.name and line in lines for path, line, *_ in seen["findings"])
            verdict = "named" if right else "MISSED"
            extra = "" if right else f"  {seen['findings']} {seen['raised']} {seen['failed']}"
            return f"{verdict} {kind} at {lines[0]}{said}{extra}"
        return f"no place among {len(candidates)}{said}"


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scripts", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument(
        "--keras-2", action="store_true", help="let tf.keras be Keras 2, for scripts that were written for it"
    )
    arguments = parser.parse_args()
    os.environ.update({"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": "Agg"})
    if arguments.keras_2:
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    # Each script is run in a child of this process, which is to have all of this already.
    importlib.import_module("gradlint.runtime.watcher")
    assert importlib.import_module("tensorflow").keras.Model is not None
    named = total = loud = 0
    for script in arguments.scripts:
        verdict = "failed"
        with contextlib.suppress(SyntaxError, UnicodeDecodeError):
            verdict = measure(script.resolve(), arguments.seed, arguments.seconds)
        named += verdict.startswith("named")
        total += verdict.startswith(("named", "MISSED"))
        loud += "UNCUT" in verdict
        print(f"{script.parent.name}/{script.name}: {verdict}", flush=True)
    print(f"named {named} of {total}, said something of {loud} uncut")


if __name__ == "__main__":
    main()
