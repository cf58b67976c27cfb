"""Files are written whole or not at all, in their own encoding."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from gradlint.fixing import WriteError, write
from gradlint.sources.read import from_bytes, from_text

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.sources.source import Source


def changed(path: Path) -> tuple[Source, Source]:
    """A file's source, and the same with another text."""
    before = from_bytes(path.read_bytes(), path.name)
    return before, from_text(before.text.replace("mean", "sum"), path.name)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"x = mean\n", "a.py"),
        (b"x = mean\r\ny = 1\nz = 2\r", "a.py"),
        (b"\xef\xbb\xbfx = mean  # \xc3\xa4\n", "a.py"),
        (b"# -*- coding: latin-1 -*-\nx = mean  # \xe4\n", "a.py"),
        (b"# vim: set fileencoding=cp1252 :\r\nx = mean  # \x80\r\n", "a.py"),
        (b"\xef\xbb\xbf```python\nx = mean\n```\n", "a.md"),
        (b'{"cells": [{"cell_type": "code", "source": "x = mean"}], "nbformat": 4, "metadata": {}}', "a.ipynb"),
        (b"x = mean", "a.py"),
    ],
)
def test_encoding_and_line_ends_stay(tmp_path: Path, data: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    write(path, *changed(path))
    assert path.read_bytes() == data.replace(b"mean", b"sum")
    assert os.listdir(tmp_path) == [name]


def test_the_mode_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = mean\n")
    path.chmod(0o754)
    write(path, *changed(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o754


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path, link = tmp_path / "real" / "a.py", tmp_path / "link.py"
    path.write_bytes(b"x = mean\n")
    link.symlink_to(path)
    write(link, *changed(link))
    assert link.is_symlink()
    assert path.read_bytes() == b"x = sum\n"


def refused(path: Path, sources: tuple[Source, Source]) -> str:
    with pytest.raises(WriteError) as caught:
        write(path, *sources)
    return str(caught.value)


def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = mean\n")
    path.chmod(0o444)
    assert refused(path, changed(path)) == "it is read-only"
    assert path.read_bytes() == b"x = mean\n"


def test_a_vanished_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = mean\n")
    sources = changed(path)
    path.unlink()
    assert refused(path, sources) == "it no longer exists"
    assert not path.exists()


@pytest.mark.parametrize("data", [b"x = mean  # later\n", b"x = \xff\n"])
def test_a_file_that_has_changed_is_left(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = mean\n")
    sources = changed(path)
    path.write_bytes(data)
    assert refused(path, sources) == "it has changed since it was read"
    assert path.read_bytes() == data


def test_what_the_encoding_does_not_have_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    data = b"# coding: latin-1\nx = mean\n"
    path.write_bytes(data)
    before = from_bytes(data, "a.py")
    after = from_text(before.text + "# \u2192\n", "a.py")
    assert refused(path, (before, after)) == "its encoding, iso-8859-1, has no '\u2192'"
    assert path.read_bytes() == data


def test_a_folder_is_not_written(tmp_path: Path) -> None:
    source = from_text("", "a.py")
    assert refused(tmp_path, (source, source)) == "it is not a regular file"


def test_nothing_is_left_behind_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = mean\n")
    sources = changed(path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert refused(path, sources) == "no space left on device"
    assert path.read_bytes() == b"x = mean\n"
    assert os.listdir(tmp_path) == ["a.py"]
