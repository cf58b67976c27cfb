"""``--changed-since REF``: what the changed lines bring about, and that git runs nothing of the repository's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gradlint import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

OLD = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.square(w))

print(tape.gradient(y, w))
"""
ADDED = """
with tf.GradientTape() as tape:
    z = tf.reduce_mean(np.abs(w))

print(tape.gradient(z, w))
"""
WATCHED = """\
import tensorflow as tf

x = tf.constant(2.0)

with tf.GradientTape() as tape:
    tape.watch(x)
    y = x * x

print(tape.gradient(y, x))
"""


def git(folder: Path, *arguments: str) -> None:
    identity = {
        f"GIT_{who}_{what}": "somebody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    environment = os.environ | identity | {"GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(folder), *arguments], env=environment, check=True, capture_output=True)


def commit(folder: Path, message: str = "more") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "train.py").write_text(OLD)
    (folder / "watched.py").write_text(WATCHED)
    (folder / ".gitignore").write_text(".gradlint_cache\n")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def found(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Runs the command with JSON out; what was found, as ``path:line``."""

    def found(*arguments: str) -> list[str]:
        status = cli.run(["-f", "json", "--no-cache", *arguments])
        captured = capsys.readouterr()
        assert captured.err == ""
        findings = json.loads(captured.out)
        assert status == bool(findings)
        return [f"{finding['path']}:{finding['location']['line']}" for finding in findings]

    return found


def test_only_what_changed_lines_bring_about_is_reported(project: Path, found: Callable[..., list[str]]) -> None:
    assert found() == ["train.py:7"]
    assert found("--changed-since", "main") == []
    (project / "train.py").write_text("# Above all.\n" + OLD + ADDED)
    assert found() == ["train.py:8", "train.py:13"]
    assert found("--changed-since", "main") == ["train.py:13"]
    (project / "new.py").write_text(OLD)
    assert found("--changed-since", "HEAD") == ["new.py:7", "train.py:13"]
    commit(project)
    assert found("--changed-since", "HEAD") == []
    assert found("--changed-since", "HEAD~1") == ["new.py:7", "train.py:13"]


def test_a_line_of_the_story_counts(project: Path, found: Callable[..., list[str]]) -> None:
    (project / "train.py").write_text(OLD.replace("print(tape.gradient(y, w))", "print(tape.gradient(y, [w]))"))
    assert found("--changed-since", "main") == ["train.py:7"]


def test_a_line_that_is_gone_counts(project: Path, found: Callable[..., list[str]]) -> None:
    (project / "watched.py").write_text(WATCHED.replace("    tape.watch(x)\n", ""))
    assert found("--changed-since", "main") == ["watched.py:3"]


def test_what_others_did_meanwhile_is_no_change(project: Path, found: Callable[..., list[str]]) -> None:
    git(project, "checkout", "-q", "-b", "mine")
    (project / "train.py").write_text(OLD + ADDED)
    commit(project)
    git(project, "checkout", "-q", "main")
    (project / "train.py").write_text(OLD.replace("np.square", "np.sqrt"))
    commit(project)
    git(project, "checkout", "-q", "mine")
    assert found("--changed-since", "main") == ["train.py:12"]


def test_a_folder_below_and_a_path_elsewhere(
    project: Path, found: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "a.py").write_text(OLD)
    commit(project)
    (project / "sub" / "a.py").write_text(OLD + ADDED)
    monkeypatch.chdir(project / "sub")
    assert found("--changed-since", "main") == ["a.py:12"]
    monkeypatch.chdir(project.parent)
    assert found("--changed-since", "main", "project/sub") == ["project/sub/a.py:12"]
    monkeypatch.setenv("GIT_DIR", "nowhere")
    assert found("--changed-since", "main", "project/sub") == ["project/sub/a.py:12"]


def test_a_notebook_counts_by_its_cells(project: Path, found: Callable[..., list[str]]) -> None:
    def notebook(*cells: str) -> str:
        made = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": one}
            for one in cells
        ]
        return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

    (project / "study.ipynb").write_text(notebook(OLD))
    commit(project)
    (project / "study.ipynb").write_text(notebook("# First.", OLD, ADDED))
    assert found("--changed-since", "main") == ["study.ipynb:3"]


def test_standard_input(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import io
    import sys

    class Stdin:
        buffer = io.BytesIO((OLD + ADDED).encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    cli.run(["-", "--stdin-filename", "train.py", "--changed-since", "main", "-f", "concise"])
    assert [line.split(": ")[0] for line in capsys.readouterr().out.splitlines()] == ["train.py:12:24"]


def test_only_what_changed_is_fixed(project: Path) -> None:
    (project / "train.py").write_text(OLD + ADDED)
    assert cli.run(["--fix", "--changed-since", "main", "-q"]) == 0
    assert (project / "train.py").read_text() == OLD + ADDED.replace("np.abs", "tf.abs")


def test_many_equal_lines_take_no_time(project: Path, found: Callable[..., list[str]]) -> None:
    many = "x = 1\ny = 2\n" * 20_000
    (project / "long.py").write_text(many + OLD)
    commit(project)
    (project / "long.py").write_text("z = 3\n" + many + "z = 4\n" + OLD.replace("square", "sqrt"))
    assert found("--changed-since", "main") == ["long.py:40009"]


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("nowhere", "--changed-since: git finds no commit `nowhere` here"),
        ("HEAD~99", "--changed-since: git finds no commit `HEAD~99` here"),
        ("--help", "--changed-since: `--help` is not the name of a commit"),
        ("--upload-pack=touch x", "--changed-since: `--upload-pack=touch x` is not the name of a commit"),
        ("", "--changed-since: `` is not the name of a commit"),
        ("a\nb", "--changed-since: `a\\nb` is not the name of a commit"),
    ],
)
def test_what_is_no_commit_is_told(project: Path, ref: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([f"--changed-since={ref}"]) == 2
    assert tuple(capsys.readouterr()) == ("", f"gradlint: {said}\n")


def test_outside_of_git_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["--changed-since", "main"]) == 2
    assert capsys.readouterr().err == "gradlint: --changed-since: . is not in a git repository\n"
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    assert cli.run(["--changed-since", "main"]) == 2
    assert capsys.readouterr().err.startswith("gradlint: --changed-since: git: fatal: not a git repository")
    monkeypatch.setenv("PATH", "")
    assert cli.run(["--changed-since", "main"]) == 2
    assert capsys.readouterr().err == "gradlint: --changed-since needs git, which is not on the PATH\n"


def test_nothing_of_a_hostile_repository_is_run(
    project: Path, found: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every program that a repository's configuration can name leaves a mark where it is run."""
    mark = tmp_path / "mark"
    mark.mkdir()
    script = project / "evil"
    script.write_text(f'#!/bin/sh\n: > "{mark}/$(basename "$0")-$$"\nexit 1\n')
    script.chmod(0o755)
    hooks = project / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "fsmonitor-watchman"):
        for folder in (project / ".git" / "hooks", hooks):
            shutil.copy(script, folder / hook)
    (project / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    (project / ".git" / "info").mkdir(exist_ok=True)
    (project / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    (project / ".git" / "config").write_text(
        "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
        + "".join(
            f"\t{key} = {script}\n" for key in ("fsmonitor", "pager", "editor", "sshCommand", "askPass", "gitProxy")
        )
        + f"\thooksPath = {hooks}\n[include]\n\tpath = {project / 'more'}\n[sequence]\n\teditor = {script}\n"
        + f"\talternateRefsCommand = {script}\n[diff]\n\texternal = {script}\n"
        + f'[diff "evil"]\n\tcommand = {script}\n\ttextconv = {script}\n'
        + f'[filter "evil"]\n\tclean = {script}\n\tsmudge = {script}\n\tprocess = {script}\n\trequired = true\n'
        + f"[gpg]\n\tprogram = {script}\n[credential]\n\thelper = {script}\n[log]\n\tshowSignature = true\n"
        + f"[pager]\n\tcat-file = {script}\n\trev-parse = {script}\n"
        + f"[alias]\n\tcat-file = !{script}\n\tmerge-base = !{script}\n"
        + "[extensions]\n\tpartialClone = origin\n"
        + f'[remote "origin"]\n\turl = ext::{script}\n\tpromisor = true\n\tuploadpack = {script}\n\tvcs = evil\n'
        + '[protocol "ext"]\n\tallow = always\n[protocol]\n\tallow = always\n'
    )
    for name in ("git", "less", "ssh"):
        shutil.copy(script, project / name)
    (project / "more").write_text(f"[core]\n\tfsmonitor = {script}\n[trace2]\n\teventTarget = {mark / 'config'}\n")
    for name in ("EXTERNAL_DIFF", "PAGER", "EDITOR", "SEQUENCE_EDITOR", "ASKPASS", "SSH", "SSH_COMMAND"):
        monkeypatch.setenv(f"GIT_{name}", str(script))
    monkeypatch.setenv("PAGER", str(script))
    for name in ("TRACE", "TRACE2_EVENT", "TRACE_SETUP", "TRACE_PACKET"):
        monkeypatch.setenv(f"GIT_{name}", str(mark / name))
    for name in ("DIR", "WORK_TREE", "OBJECT_DIRECTORY", "COMMON_DIR", "NAMESPACE", "EXEC_PATH", "TEMPLATE_DIR"):
        monkeypatch.setenv(f"GIT_{name}", str(hooks))
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", os.environ["PATH"]]))
    (project / "train.py").write_text(OLD + ADDED)
    assert found("--changed-since", "main") == ["train.py:12"]
    (project / ".git" / "packed-refs").write_text(f"{'ab' * 20} refs/heads/missing\n")
    assert cli.run(["--changed-since", "missing"]) == 2, "it is not fetched"
    assert [one.name for one in mark.iterdir()] == []
