"""The public functions."""

import inspect
import json
import os
import pickle
from pathlib import Path

import pytest

import gradlint
from gradlint.api import InternalError, Settings, SettingsError, SourceError, check_paths, check_source

MARKER = os.path.join(os.path.dirname(__file__), "marker")
SETTINGS = Settings(rules=(MARKER,))
NEEDLE = "from tensorflow import GradientTape\n"


def test_the_package_offers_them() -> None:
    assert gradlint.check_source is check_source
    assert gradlint.check_paths is check_paths
    assert gradlint.Finding.__module__ == "gradlint.finding"
    assert set(gradlint.__all__) == {"Finding", "__version__", "check_paths", "check_source", "explain", "watching"}
    assert not hasattr(gradlint, "check_everything")


def test_findings_of_a_text() -> None:
    findings = check_source(NEEDLE + "lost()\nlost()  # noqa\n", "train.py", SETTINGS)
    (finding,) = findings
    assert isinstance(finding, gradlint.Finding)
    assert (finding.path, finding.location.line, finding.code) == ("train.py", 2, "XX101")
    assert pickle.loads(pickle.dumps(findings)) == findings
    assert type(finding).from_json(json.loads(json.dumps(finding.to_json()))) == finding


def test_defaults() -> None:
    assert check_source("x = 1") == []
    assert check_source("") == []
    assert list(inspect.signature(check_source).parameters) == ["text", "path", "settings"]


def test_texts_of_other_kinds() -> None:
    book = json.dumps(
        {"cells": [{"cell_type": "code", "source": NEEDLE + "lost()"}, {"cell_type": "code", "source": "("}]}
    )
    assert [finding.cell for finding in check_source(book, "a.ipynb", SETTINGS)] == [0]
    page = f"```python\n{NEEDLE}lost()\n```\n```python\nfragment(\n```\n"
    assert [finding.location.line for finding in check_source(page, "a.md", SETTINGS)] == [3]


def test_what_is_raised() -> None:
    with pytest.raises(SyntaxError) as caught:
        check_source(NEEDLE + "print x", "a.py")
    assert (caught.value.filename, caught.value.lineno, caught.value.offset) == ("a.py", 2, 1)
    assert check_source("print x") == []
    with pytest.raises(SourceError, match="not a notebook"):
        check_source(NEEDLE, "a.ipynb")
    with pytest.raises(SettingsError, match="unknown rule `NOPE1`"):
        check_source(NEEDLE, settings=Settings(select=("NOPE1",)))
    with pytest.raises(InternalError, match=r"a\.py: internal error.*the marker rule fails here"):
        check_source(NEEDLE + "boom()", "a.py", SETTINGS)


def test_findings_of_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.py").write_text(NEEDLE + "lost()\n")
    (tmp_path / "a.py").write_text(NEEDLE + "other()\nlost()\n")
    (tmp_path / "c.py").write_text(NEEDLE + "print x\n")
    places = [(f.path, f.location.line) for f in check_paths(["."], SETTINGS)]
    assert places == [("a.py", 2), ("a.py", 3), ("b.py", 2)]
    assert [f.path for f in check_paths([tmp_path / "b.py", "a.py"], SETTINGS)] == ["b.py", "a.py", "a.py"]
    assert check_paths([], SETTINGS) == []
    assert not (tmp_path / ".gradlint_cache").exists()
    (tmp_path / "gradlint.toml").write_text(f'rules = [{json.dumps(MARKER)}]\nselect = ["XX102"]\n')
    assert [(f.path, f.location.line) for f in check_paths(["."], trust=True)] == [("a.py", 2)]
    with pytest.warns(UserWarning, match=r"gradlint\.toml sets `rules`, .* ignored without trust=True"):
        assert check_paths(["."]) == []


def test_what_paths_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"nope\.py: no such file or folder"):
        check_paths(["nope.py"])
    (tmp_path / "a.py").write_bytes(NEEDLE.encode() + b"'\xe9'")
    with pytest.raises(SourceError, match=r"a\.py: cannot be decoded as utf-8"):
        check_paths(["."])
    (tmp_path / "a.py").write_text(NEEDLE + "boom()")
    with pytest.raises(InternalError, match="marker rule fails"):
        check_paths(["."], SETTINGS)
    (tmp_path / "gradlint.toml").write_text("nope = 1\n")
    with pytest.raises(SettingsError, match="unknown key"):
        check_paths(["."])
