"""``gradlint demo``: one small program that loses a gradient, and what gradlint reports."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError

if TYPE_CHECKING:
    from gradlint.commands.terminal import Color

NAME = "decay.py"
PROGRAM = """\
import numpy as np
import tensorflow as tf

time = np.linspace(0.0, 4.0, 50, dtype=np.float32)
observed = 3.0 * np.exp(-0.7 * time)

amplitude = tf.Variable(1.0)
rate = tf.Variable(0.1)
optimizer = tf.keras.optimizers.Adam(0.05)

for step in range(500):
    with tf.GradientTape() as tape:
        curve = amplitude * np.exp(-rate * time)
        loss = tf.reduce_mean((curve - observed) ** 2)
    gradients = tape.gradient(loss, [amplitude, rate])
    optimizer.apply_gradients(zip(gradients, [amplitude, rate]))

print(f"{amplitude.numpy():.2f}, {rate.numpy():.2f}")  # 1.32, 0.10
"""
"""Fits a decay curve; the figures at its end were printed with TensorFlow 2.21."""

_BEFORE = """\
This program fits a decay curve. It runs, the loss falls, and the rate never
moves:

"""
_AFTER = f"""
`gradlint demo --write` writes the program to {NAME}, so that you can try:

  gradlint {NAME}                          report what you see here
  gradlint --diff --unsafe-fixes {NAME}    show what a fix would change
  gradlint --fix --unsafe-fixes {NAME}     fix it
  gradlint --confirm {NAME}                let TensorFlow judge it, if present
"""


@click.command("demo")
@click.option("--write", is_flag=True, help=f"Write the program to {NAME} in the working directory instead.")
@terminal.color_option
def command(write: bool, color: Color) -> int:
    """Show a program that loses a gradient and what gradlint reports. Nothing is run."""
    if write:
        _write()
    else:
        terminal.write(f"{_BEFORE}{_numbered()}\n{_said(color)}{_AFTER}")
    return 0


def _numbered() -> str:
    lines = PROGRAM.splitlines()
    return "".join(f"{number:>3} {line}".rstrip() + "\n" for number, line in enumerate(lines, start=1))


def _said(color: Color) -> str:
    from gradlint.checking import check
    from gradlint.reporting import FORMATS
    from gradlint.reporting.report import Report
    from gradlint.settings import Settings
    from gradlint.sources.read import from_text

    checked = check(from_text(PROGRAM, NAME), Settings())
    report = Report(checked.findings, files=1, tapes=checked.tapes, lines=lambda path, cell: PROGRAM.splitlines())
    return FORMATS["full"].render(report, terminal.style(color, sys.stdout))


def _write() -> None:
    """Write the program, never over another file.

    Raises:
        CommandError: If the file exists or cannot be written.
    """
    try:
        with open(NAME, "x", encoding="utf-8", newline="\n") as file:
            file.write(PROGRAM)
    except FileExistsError:
        raise CommandError(f"{NAME} already exists; it was left alone") from None
    except OSError as error:
        raise CommandError(f"{NAME} cannot be written: {os.strerror(error.errno or 0)}") from None
    terminal.write(f"{NAME} written; now try `gradlint {NAME}`\n")
