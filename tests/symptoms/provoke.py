"""Runs the programs that make TensorFlow and Keras say something, and prints as JSON what each of them said."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}

import tensorflow as tf


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(1)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.levelname}:{record.name}:{record.getMessage()}")


def said_by(program: Path, kept: Kept) -> list[str]:
    kept.said.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(program.read_text(), str(program), "exec"), {"__name__": "__main__"})
        except Exception as error:
            kept.said.append(f"{type(error).__name__}: {error}")
    return [*(str(one.message) for one in caught), *kept.said]


def main() -> None:
    kept = Kept()
    tf.get_logger().setLevel(1)
    tf.get_logger().handlers[:] = [kept]
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in json.load(sys.stdin).items():
            program = Path(folder, "program.py")
            program.write_text(text)
            told[name] = said_by(program, kept)
    json.dump(told, sys.stdout)


main()
