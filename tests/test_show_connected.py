"""``gradlint check --show-connected``: each gradient call, each source, and what it gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gradlint import cli
from tests.picture.programs import DECAY, UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "decay.py").write_text(DECAY)
    (tmp_path / "slope.py").write_text(UNKNOWN)
    (tmp_path / "plain.py").write_text("import tensorflow as tf\nprint(tf.Variable(1.0))\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    cli.run(["check", "--show-connected", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_each_source_of_each_call_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    out = check(capsys, "--output-format", "grouped")
    assert (
        out.partition("\n\n")[2]
        == """\
decay.py:14:17: gradient of `loss`
  connected         `amplitude`
  lost              `rate`: gets None, lost on line 12 (GT201 numpy-call)

slope.py:7:12: gradient of `y`
  connected         `u`
  unknown           `model.trainable_variables`: `trainable_variables` may be
                    anything

Found 1 error in 1 file (2 tapes checked)
2 gradient calls, 2 of 4 sources connected, 1 lost, 1 unknown
1 fixable with `--fix --unsafe-fixes`
"""
    )


def test_full_lists_them_after_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    out = check(capsys)
    assert out.index("error[GT201]") < out.index("connected         `amplitude`") < out.index("Found 1 error")


def test_concise_has_one_line_for_each_source(capsys: pytest.CaptureFixture[str]) -> None:
    rows = check(capsys, "--output-format", "concise").splitlines()
    assert [row.partition(": ")[2] for row in rows[1:]] == [
        "connected: `amplitude` in the gradient of `loss`",
        "lost: `rate` in the gradient of `loss`: gets None, lost on line 12 (GT201 numpy-call)",
        "connected: `u` in the gradient of `y`",
        "unknown: `model.trainable_variables` in the gradient of `y`: `trainable_variables` may be anything",
    ]


def test_json_holds_them_beside_the_findings(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(check(capsys, "--output-format", "json"))
    assert [finding["code"] for finding in document["findings"]] == ["GT201"]
    first, _ = document["gradients"]
    assert (first["path"], first["line"], first["column"], first["target"]) == ("decay.py", 14, 17, "loss")
    assert [(one["source"], one["answer"]) for one in first["sources"]] == [
        ("amplitude", "connected"),
        ("rate", "lost"),
    ]
    assert first["sources"][1]["lost_at"] == {"path": "decay.py", "cell": None, "line": 12, "code": "GT201"}
    rows = [json.loads(row) for row in check(capsys, "--output-format", "jsonl").splitlines()]
    assert [row for row in rows if "sources" in row] == document["gradients"]


def test_after_a_fix_they_are_those_of_the_new_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = check(capsys, "--fix", "--unsafe-fixes", "decay.py")
    assert "1 gradient call, 2 of 2 sources connected" in out


def test_without_the_option_nothing_of_it_is_imported(folder: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom gradlint.cli import run\nrun(['check', '--no-cache', '.'])\n"
        "print([name for name in sys.modules if name.startswith(('gradlint.picture', 'gradlint.flow.trails'))])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
