"""How long after a keystroke the diagnostics arrive: ``python -m benchmarks.editor``.

Starts the real language server over standard input and output, opens a file with tapes, types in it character by
character, and measures from each change to the diagnostics of that very version, debounce apart (it is set to 0).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
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
URI = "file:///benchmark/train.py"


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


def program(lines: int) -> str:
    """A file of about so many lines: training classes with tapes, and functions without."""
    return HEAD + "".join(STEP.format(n=number) for number in range((lines - HEAD.count("\n")) // STEP.count("\n")))


def measure(lines: int, keystrokes: int) -> list[float]:
    """Seconds from each keystroke to its diagnostics."""
    session = Session()
    options = {"debounce": 0}
    session.send(
        "initialize", {"capabilities": {}, "processId": None, "rootUri": None, "initializationOptions": options}, 1
    )
    while session.read().get("id") != 1:
        pass
    session.send("initialized", {})
    text = program(lines)
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    session.send("textDocument/didOpen", {"textDocument": item})
    assert len(session.diagnostics(1)) == 1, "the one lost gradient was not found"
    line = text.count("\n") // 2
    while text.split("\n")[line].strip():
        line += 1
    typed = "# the loss of this step is weighed by its scale "
    times = []
    for stroke in range(keystrokes):
        column = stroke % len(typed)
        start, end = {"line": line, "character": column}, {"line": line, "character": column}
        character = typed[column]
        if column == 0 and stroke:
            start, end, character = {"line": line, "character": 0}, {"line": line, "character": len(typed)}, typed[0]
        change = {"range": {"start": start, "end": end}, "text": character}
        began = time.perf_counter()
        identifier = {"uri": URI, "version": stroke + 2}
        session.send("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        assert len(session.diagnostics(stroke + 2)) == 1
        times.append(time.perf_counter() - began)
    session.send("shutdown", None, 2)
    session.send("exit", None)
    session.process.wait(30)
    return times


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.editor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="+", default=[100, 300, 1000, 3000], help="lengths of file to try")
    parser.add_argument("--keystrokes", type=int, default=50, help="how many to measure in each file")
    arguments = parser.parse_args()
    print(f"{'lines':>6} {'median':>9} {'90 %':>9} {'worst':>9}   from a keystroke to its diagnostics, debounce apart")
    for lines in arguments.lines:
        times = [1000 * seconds for seconds in measure(lines, arguments.keystrokes)]
        ninth = statistics.quantiles(times, n=10)[-1]
        print(f"{lines:>6} {statistics.median(times):>6.0f} ms {ninth:>6.0f} ms {max(times):>6.0f} ms", flush=True)


if __name__ == "__main__":
    main()
