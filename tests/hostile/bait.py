"""Code that must not run: it leaves a mark where it does."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MARK = "HOSTILE_MARK"
"""The variable that names the folder in which code that runs leaves its name; it is made for each test."""

BROKEN = """\
import numpy as np
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.square(x))
gradient = tape.gradient(y, x)
"""
"""A program with one finding, GT201 in line 6."""

RULE = '''
from gradlint.rule import Rule

class Stranger(Rule):
    """Does what a stranger likes."""

    code = "EVIL001"
    name = "stranger"
    kinds = ()
'''


def bait(name: str) -> str:
    """A line of Python that tells that it was run."""
    return (
        "import os as _os\n"
        f"_mark = _os.environ.get({MARK!r})\n"
        f"_mark and open(_os.path.join(_mark, {name!r}), 'w').close()\n"
    )


def shadow(folder: Path, names: Iterable[str]) -> None:
    """Modules of a stranger's under the names of others."""
    for name in names:
        (folder / f"{name}.py").write_text(bait(name))


def ran(mark: Path) -> list[str]:
    """The names of what was run."""
    return sorted(path.name for path in mark.iterdir())


def environment(mark: Path, **more: str) -> dict[str, str]:
    """The variables of a process that looks at a stranger's tree; nothing in them trusts anybody."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    kept.pop("GRADLINT_TRUST", None)
    home = mark.parent / "home"
    home.mkdir(exist_ok=True)
    return {**kept, MARK: str(mark), "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), **more}


def tree(folder: Path) -> None:
    """A project that names code in every setting that can, with a program that loses its gradient."""
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(BROKEN)
    (folder / "lint").mkdir()
    (folder / "lint" / "stranger.py").write_text(bait("rule") + RULE)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\n: > "${MARK}/python"\nexec \'{sys.executable}\' "$@"\n')
    python.chmod(0o755)
    settings = (
        'rules = ["lint"]\nplugins = ["stranger"]\nselect = ["GT", "EVIL001"]\nseverity = { EVIL = "error" }\n'
        f"[confirm]\npython = {json.dumps(str(python))}\n"
    )
    (folder / "gradlint.toml").write_text(settings)
    entry = folder / "stranger-1.0.dist-info"
    entry.mkdir()
    (entry / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (entry / "entry_points.txt").write_text("[gradlint.rules]\nstranger = stranger_plugin\n")
    (folder / "stranger_plugin.py").write_text(bait("plugin") + RULE)
