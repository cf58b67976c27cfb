"""The snapshot holds what was promised of public code, and the command tells what changed against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ecosystem import confirmed, run, snapshot
from tests.ecosystem.snapshot import Judged, Repository
from tools import published

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = """\
import numpy as np
import tensorflow as tf
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    loss = 2.0 * tf.constant(np.square(w))
print(tape.gradient(loss, w))
"""
MENDED = BROKEN.replace("np.square", "tf.square")


def test_every_finding_is_judged_and_nearly_all_are_true() -> None:
    judged = [one for repository in snapshot.load().values() for one in repository.findings]
    assert all(one.verdict in {"true", "arguable"} and one.reason for one in judged)
    assert sum(one.verdict == "true" for one in judged) >= 0.95 * len(judged)


def test_enough_public_code_is_in_it() -> None:
    repositories = snapshot.load().values()
    assert len(repositories) >= 25
    assert all(repository.revision not in {"", "unknown"} for repository in repositories)
    assert sum(repository.tapes for repository in repositories) >= 1000


def test_a_snapshot_comes_back_as_it_was_written(tmp_path: Path) -> None:
    finding = Judged("a.py", None, 3, "GT201", "error", "true", "leaves TensorFlow")
    before = {"one/two": Repository("one/two", "abc", 1, 1, 1, 1, [finding], ["b.py: not Python"])}
    snapshot.save(before, tmp_path / "s.jsonl")
    assert snapshot.load(tmp_path / "s.jsonl") == before


def test_a_verdict_that_there_is_not_is_refused(tmp_path: Path) -> None:
    finding = Judged("a.py", None, 3, "GT201", "error", "perhaps")
    snapshot.save({"one/two": Repository("one/two", "abc", findings=[finding])}, tmp_path / "s.jsonl")
    with pytest.raises(ValueError, match="perhaps"):
        snapshot.load(tmp_path / "s.jsonl")


def test_the_command_tells_new_same_and_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(snapshot, "PATH", tmp_path / "s.jsonl")
    folder = tmp_path / "one+two"
    folder.mkdir()
    (folder / "REVISION").write_text("abc\n")
    (folder / "a.py").write_text(BROKEN)
    assert run.main([str(folder), "--write"]) == 1
    assert "new       one/two: a.py:5: GT201" in capsys.readouterr().out
    known = snapshot.load(tmp_path / "s.jsonl")
    known["one/two"].findings = [
        Judged(one.path, one.cell, one.line, one.code, one.severity, "true", "NumPy")
        for one in known["one/two"].findings
    ]
    snapshot.save(known, tmp_path / "s.jsonl")
    assert run.main([str(folder)]) == 0
    assert "1 same" in capsys.readouterr().out
    (folder / "a.py").write_text(MENDED)
    assert run.main([str(folder)]) == 1
    assert "lost      one/two: a.py:5: GT201 error (true: NumPy)" in capsys.readouterr().out


@pytest.mark.sweep(every=4)
def test_tensorflow_s_word_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "PATH", tmp_path / "s.jsonl")
    folder = tmp_path / "one+two"
    folder.mkdir()
    (folder / "a.py").write_text(BROKEN)
    there, gone = (Judged("a.py", None, line, "GT201", "error", "true", "NumPy") for line in (5, 6))
    snapshot.save({"one/two": Repository("one/two", "abc", 1, 1, 1, 1, [there, gone])})
    assert confirmed.main([str(folder)]) == 0
    assert [one.confirmed for one in snapshot.load()["one/two"].findings] == ["confirmed", ""]


def test_pages_give_both_judgements() -> None:
    said = published.section("GT102")
    found = [one for known in snapshot.load().values() for one in known.findings if one.code == "GT102"]
    shares = sum(one.confirmed == "confirmed" for one in found), sum(one.confirmed != "" for one in found)
    assert f"{sum(one.verdict == 'true' for one in found)} true, 0 false" in said
    assert f"TensorFlow confirmed {shares[0]} of {shares[1]} and refuted 0" in said


def test_tensorflow_refutes_none_that_was_read_as_true() -> None:
    judged = [one for known in snapshot.load().values() for one in known.findings if one.confirmed]
    assert not [one for one in judged if one.confirmed == "refuted"]
    assert sum(one.confirmed == "confirmed" for one in judged) >= 0.7 * len(judged)


def test_a_folder_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        run.main([str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert "no such folder" in capsys.readouterr().err
