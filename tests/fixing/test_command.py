"""``gradlint --fix`` as a command: asked about, with a baseline, of files that several paths lead to."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from gradlint import cli

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "import tensorflow as tf\n\n"
UNWATCHED = """
x{0} = tf.constant({0}.0)
with tf.GradientTape() as tape:
    y = x{0} * x{0}
print(tape.gradient(y, x{0}))
"""
WATCH = "with tf.GradientTape() as tape:\n    tape.watch(x{0})\n    y = x{0} * x{0}"
BLOCK = "with tf.GradientTape() as tape:\n    y = x{0} * x{0}"
REBOUND = "v = tf.Variable(1.0)\nv += 1.0\nwith tf.GradientTape() as tape:\n    y = v * v\nprint(tape.gradient(y, v))\n"


class Done(NamedTuple):
    """What the command did."""

    returncode: int
    stdout: str
    stderr: str


def gradlint(folder: Path, *arguments: str, answers: str = "") -> Done:
    """Run the command in a folder, with answers on standard input."""
    held = [io.BytesIO(answers.encode()), io.BytesIO(), io.BytesIO()]
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        for name, stream in zip(("stdin", "stdout", "stderr"), held, strict=True):
            patch.setattr(sys, name, io.TextIOWrapper(stream, encoding="utf-8", write_through=True))
        status = cli.run(["--no-cache", "--output-format", "concise", *arguments])
        return Done(status, held[1].getvalue().decode(), held[2].getvalue().decode())


def program(*numbers: int) -> str:
    return HEADER + "".join(UNWATCHED.format(number) for number in numbers)


def watched(text: str, *numbers: int) -> str:
    for number in numbers:
        text = text.replace(BLOCK.format(number), WATCH.format(number))
    return text


@pytest.mark.parametrize(
    ("answers", "fixed"),
    [
        ("y\nn\ny\n", (1, 3)),
        ("n\na\n", (2, 3)),
        ("y\nq\n", (1,)),
        ("?\nmaybe\ny\n", (1,)),
        ("", ()),
    ],
    ids=["one by one", "all of this rule", "quit", "an answer that is none, then the end", "the end"],
)
def test_each_fix_is_asked_about(tmp_path: Path, answers: str, fixed: tuple[int, ...]) -> None:
    (tmp_path / "a.py").write_text(program(1, 2, 3))
    done = gradlint(tmp_path, "--fix", "--interactive", "a.py", answers=answers)
    assert (tmp_path / "a.py").read_text() == watched(program(1, 2, 3), *fixed)
    assert "+    tape.watch(x1)" in done.stderr
    assert "Apply it? [y, n, a, q, ?] " in done.stderr
    assert "\n  help: call `tape.watch(x1)` first in the block\n" in done.stderr
    assert done.returncode == (0 if len(fixed) == 3 else 1)
    assert ("y: apply it, n: skip it" in done.stderr) == answers.startswith("?")


def test_all_of_one_rule_is_not_all(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program(1, 2) + REBOUND)
    done = gradlint(tmp_path, "--fix", "--interactive", "--show-fixes", "a.py", answers="a\nn\n")
    assert (tmp_path / "a.py").read_text() == watched(program(1, 2), 1, 2) + REBOUND
    assert "not fixed: it was declined" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--interactive",), ("--interactive", "--diff"), ("--fix", "--interactive", "-")]
)
def test_there_is_nothing_to_ask_about(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = gradlint(tmp_path, *arguments)
    assert done.returncode == 2
    assert "--interactive asks about what --fix writes to files" in done.stderr


def test_what_a_baseline_knows_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program(1))
    gradlint(tmp_path, "--write-baseline", "--baseline", "known.json", "a.py")
    (tmp_path / "a.py").write_text(program(1, 2))
    done = gradlint(tmp_path, "--fix", "--baseline", "known.json", "a.py")
    assert (tmp_path / "a.py").read_text() == watched(program(1, 2), 2)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_link_and_its_target_are_one_file(tmp_path: Path, link: str) -> None:
    (tmp_path / "a.py").write_text(program(1))
    if link == "symbolic":
        (tmp_path / "b.py").symlink_to("a.py")
    else:
        os.link(tmp_path / "a.py", tmp_path / "b.py")
    done = gradlint(tmp_path, "--fix", "a.py", "b.py")
    assert (tmp_path / "a.py").read_text() == (tmp_path / "b.py").read_text() == watched(program(1), 1)
    assert "not fixed" not in done.stderr
    assert (done.stdout, done.returncode) == ("", 0)
    assert (tmp_path / "b.py").is_symlink() == (link == "symbolic")


def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(program(1))
    try:
        os.setxattr(file, "user.origin", b"here")
    except (OSError, AttributeError):
        return
    gradlint(tmp_path, "--fix", "a.py")
    assert file.read_text() == watched(program(1), 1)
    assert os.getxattr(file, "user.origin") == b"here"


def test_comments_that_may_be_stale_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(program(1).replace("x1))\n", "x1))  # gives None\n"))
    done = gradlint(tmp_path, "--diff", "a.py")
    assert "a.py: line 7: is the comment still true? # gives None" in done.stderr
    assert "a.py: line 7: is the comment still true? # gives None" in gradlint(tmp_path, "--fix", "a.py").stderr


def test_what_is_withheld_is_said_with_the_reason(tmp_path: Path) -> None:
    text = program(1).replace("    y =", "    tape.watch(x1)\n    if True:\n        tape.reset()\n    y =")
    (tmp_path / "a.py").write_text(text)
    done = gradlint(tmp_path, "--fix", "--show-fixes", "a.py")
    assert (tmp_path / "a.py").read_text() == text
    assert "GT102 not fixed: the finding remains after it" in done.stderr
    assert "fixable" not in done.stdout + done.stderr
