"""What a keystroke costs in an editor: ``python -m benchmarks.editor``.

Starts the real language server over standard input and output, opens a file with tapes, types in it character by
character, and measures the processor's time from each change to the next, in all threads of the server, and the time
until the diagnostics of that very version arrive, debounce apart (it is set to 0). With ``--documents N`` it opens so
many files of one project instead, and measures what each further one costs. The processor's time is Linux' own account.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HEAD = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

with tf.GradientTape() as tape:
    loss = tf.square(np.mean(w))

gradient = tape.gradient(loss, w)


"""
STEP = """\
class Trainer{n}:
    def __init__(self, model, optimizer):
        self.model = model
        self.optimizer = optimizer
        self.scale = tf.Variable({n}.5)

    def step(self, batch, labels):
        with tf.GradientTape() as tape:
            scores = self.model(batch, training=True)
            error = tf.reduce_mean(tf.square(scores - labels))
            loss = error * self.scale + 0.1 * tf.reduce_sum(tf.abs(scores))
        gradients = tape.gradient(loss, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables))
        return loss


def summary_{n}(history):
    best = min(history)
    return {{"best": best, "last": history[-1], "mean": sum(history) / len(history)}}


"""
MODULE = """\
import tensorflow as tf
from helpers import squared
from train_{other} import train_{other} as another

w = tf.Variable([1.0, 2.0])


def train_{n}(model, batch):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(squared(model(batch)))
    return tape.gradient(loss, model.trainable_variables), another(model, batch)
"""
URI = "file:///benchmark/train.py"
INSIDE = "            loss = error * self.scale"
"""The line below which a name is typed: inside a tape's block, in a method."""


class Session:
    """A conversation with the server."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "gradlint", "server"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, method: str, params: Any, identity: int | None = None) -> None:
        """Send a notification, or a request where it has an identity."""
        message = {"jsonrpc": "2.0", "method": method, "params": params} | (
            {} if identity is None else {"id": identity}
        )
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def processor(self) -> float:
        """The processor's time that the server has taken so far, in seconds."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def begin(self, root: str | None = None) -> None:
        """Shake hands."""
        options = {"debounce": 0}
        literals = {"codeActionKind": {"valueSet": ["quickfix", "source.fixAll"]}}
        actions = {"codeActionLiteralSupport": literals, "resolveSupport": {"properties": ["edit"]}}
        abilities = {"textDocument": {"codeAction": actions}}
        folder = {"capabilities": abilities, "processId": None, "rootUri": root, "initializationOptions": options}
        self.send("initialize", folder, 1)
        self.answer(1)
        self.send("initialized", {})

    def end(self) -> None:
        """Say goodbye."""
        self.send("shutdown", None, 2)
        self.send("exit", None)
        self.process.wait(30)

    def answer(self, identity: int) -> Any:
        """Wait for the answer to a request."""
        while (message := self.read()).get("id") != identity:
            pass
        return message["result"]

    def open(self, uri: str, text: str) -> None:
        """Open a file."""
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": item})

    def read(self) -> dict[str, Any]:
        """The next message."""
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if not length:
            raise SystemExit("the server has ended")
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def diagnostics(self, version: int) -> list[Any]:
        """Wait for the diagnostics of a version."""
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["version"] == version:
                found: list[Any] = message["params"]["diagnostics"]
                return found


@dataclass
class Typing:
    """A way to type into the file, and what it cost.

    Attributes:
        what: What it is, as the table says it.
        line: The line that is typed into, from 0.
        typed: What is typed there, again and again.
        indent: How far from the line's beginning.
        actions: Whether the code actions of the line that loses a gradient are asked for after each keystroke.
    """

    what: str
    line: int
    typed: str
    indent: int = 0
    actions: bool = False
    processor: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def change(self, stroke: int) -> dict[str, Any]:
        """The change that a keystroke makes; what was typed is replaced by its first character in the end."""
        column = stroke % len(self.typed)
        start = end = self.indent + column
        if column == 0 and stroke and len(self.typed) > 1:
            end = self.indent + len(self.typed)
        place = {
            "start": {"line": self.line, "character": start},
            "end": {"line": self.line, "character": end},
        }
        return {"range": place, "text": self.typed[column]}


def typings(text: str) -> list[Typing]:
    """The ways that are measured; the file has an empty line, indented, below one of its losses."""
    lines = text.split("\n")
    inside = next(number for number, line in enumerate(lines) if line and not line.strip())
    between = next(number for number in range(inside, len(lines)) if not lines[number])
    loss = next(number for number, line in enumerate(lines) if "np.mean" in line)
    return [
        Typing("a line is added: the whole is analysed", 0, "\n"),
        Typing("a name inside a function", inside, "everything_that_was_seen", len(lines[inside])),
        Typing("a comment between functions", between, "# the loss of this step is weighed by its scale "),
        Typing("a comment on a finding's line, its fix asked for", loss, "  # the mean ", len(lines[loss]), True),
    ]


def program(lines: int) -> str:
    """A file of about so many lines: training classes with tapes, and functions without."""
    text = HEAD + "".join(STEP.format(n=number) for number in range((lines - HEAD.count("\n")) // STEP.count("\n")))
    made = text.split("\n")
    losses = [number for number, line in enumerate(made) if line.startswith(INSIDE)]
    made.insert(losses[len(losses) // 2] + 1, " " * 12)
    return "\n".join(made)


def measure(lines: int, keystrokes: int) -> list[Typing]:
    """What keystrokes of each sort cost in a file of about so many lines."""
    session = Session()
    session.begin()
    text = program(lines)
    session.open(URI, text)
    assert len(session.diagnostics(1)) == 1, "the one lost gradient was not found"
    version = 1
    ways = typings(text)
    for way in [*ways[1:], ways[0]]:
        before = session.processor()
        for stroke in range(keystrokes + 1):
            version += 1
            began = time.perf_counter()
            identifier = {"uri": URI, "version": version}
            change = {"textDocument": identifier, "contentChanges": [way.change(stroke)]}
            session.send("textDocument/didChange", change)
            found = session.diagnostics(version)
            assert len(found) == 1, f"there are {len(found)} findings"
            waited = time.perf_counter() - began
            if way.actions:
                asked = {"textDocument": identifier, "range": found[0]["range"], "context": {"diagnostics": found}}
                session.send("textDocument/codeAction", asked, version + 10)
                assert session.answer(version + 10), "there are no code actions"
            now = session.processor()
            if stroke:  # The first comes upon what was remembered of another place.
                way.processor.append(now - before)
                way.waited.append(waited)
            before = now
    session.end()
    return ways


def documents(count: int) -> list[float]:
    """The seconds of the processor's time that each further file of a project costs that is opened."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").touch()
        (Path(folder) / "helpers.py").write_text(
            "import tensorflow as tf\n\n\ndef squared(x):\n    return tf.square(x)\n"
        )
        files = [Path(folder) / f"train_{number}.py" for number in range(count)]
        for number, file in enumerate(files):
            file.write_text(MODULE.format(n=number, other=7 * number % count))
        session = Session()
        session.begin(Path(folder).as_uri())
        costs = []
        before = session.processor()
        for file in files:
            session.open(file.as_uri(), file.read_text())
            session.diagnostics(1)
            now = session.processor()
            costs.append(now - before)
            before = now
        session.end()
        return costs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.editor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[100, 300, 1000, 3000], help="lengths of file to try")
    parser.add_argument("--keystrokes", type=int, default=50, help="how many of each sort to measure in each file")
    parser.add_argument("--documents", type=int, help="open so many files instead")
    arguments = parser.parse_args()
    if arguments.documents:
        costs = [1000 * cost for cost in documents(arguments.documents)]
        tenth = max(len(costs) // 10, 1)
        for first in range(0, len(costs), tenth):
            some = costs[first : first + tenth]
            print(
                f"files {first + 1:>4} to {first + len(some):>4}: {statistics.median(some):>6.1f} ms of processor each"
            )
        return
    print(f"{'lines':>6} {'processor':>10} {'90 %':>8} {'until shown':>12}   medians of a keystroke, debounce apart")
    for lines in arguments.lines:
        for way in measure(lines, arguments.keystrokes):
            middle, ninth = (
                1000 * statistics.median(way.processor),
                1000 * statistics.quantiles(way.processor, n=10)[-1],
            )
            waited = 1000 * statistics.median(way.waited)
            print(f"{lines:>6} {middle:>7.0f} ms {ninth:>5.0f} ms {waited:>9.0f} ms   {way.what}", flush=True)


if __name__ == "__main__":
    main()
