"""Texts as they lie on disk: encodings, marks, bytes that are no text."""

import os
import socket
from pathlib import Path

import pytest

from gradlint.sources.files import SourceError, kind_of, read_bytes
from gradlint.sources.read import from_bytes, from_text, matters, read_path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.py", "python"), ("a.pyi", "python"), ("a.ipynb", "notebook"), ("A.IPYNB", "notebook"), ("a.md", "markdown"),
        ("a.markdown", "markdown"), ("a", "python"), ("a.txt", "python"), ("<string>", "python"), ("-", "python"),
    ],
)  # fmt: skip
def test_the_suffix_tells_the_kind(path: str, kind: str) -> None:
    assert kind_of(path) == kind


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("x = 'é'\n", "utf-8"),
        ("# -*- coding: latin-1 -*-\nx = 'é'\n", "iso-8859-1"),
        ("#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '€'\n", "cp1252"),
        ("# coding: utf-8\r\nx = 1\r\n", "utf-8"),
        ("# coding: shift_jis\nx = '日本'\n", "shift_jis"),
        ("x = 1\rz = 2\r", "utf-8"),
        ("", "utf-8"),
    ],
)
def test_encodings_come_back_byte_for_byte(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    source = from_bytes(data, "a.py")
    assert source.text == source.code == text
    assert source.text.encode(source.encoding) == data


def test_a_byte_order_mark_is_kept_in_the_encoding_only() -> None:
    source = from_bytes(b"\xef\xbb\xbfx = 1\n", "a.py")
    assert source.text == "x = 1\n"
    assert source.text.encode(source.encoding) == b"\xef\xbb\xbfx = 1\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x = 1\ny = '\xe9'\n", "cannot be decoded as utf-8: .* \\(line 2\\)"),
        (b"# coding: nonsense\n", "unknown encoding: nonsense"),
        (b"# coding: rot13\n", "not a text encoding|unknown encoding"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "encoding problem"),
        (b"\xff\xfex\x00=\x001\x00", "cannot be decoded"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        from_bytes(data, "a.py")


def test_markdown_and_notebooks_have_no_encoding_declaration() -> None:
    assert from_bytes("# coding: latin-1\né".encode(), "a.md").text == "# coding: latin-1\né"
    with pytest.raises(SourceError, match="utf-8"):
        from_bytes(b'{"cells": [], "x": "\xe9"}', "a.ipynb")


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\n")
    assert read_path(path).path == path.as_posix()
    assert read_path(path, "shown.py").path == "shown.py"
    assert read_bytes(path) == b"x = 1\n"


def test_files_of_every_size_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    for size in (0, 1, 4096, 3_000_000):
        path.write_bytes(b"x" * size)
        assert len(read_bytes(path)) == size


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A device without an end, a pipe that nobody writes to, a socket: none is opened, so none can hold up or hang."""
    pipe, link = tmp_path / "pipe.py", tmp_path / "zero.py"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    listening = socket.socket(socket.AF_UNIX)
    bound = tmp_path / "socket.py"
    listening.bind(str(bound))
    try:
        for path in (pipe, link, bound, "/dev/zero", "/dev/null"):
            with pytest.raises(SourceError, match="not a regular file"):
                read_bytes(path)
    finally:
        listening.close()


def test_no_more_is_read_than_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x" * 2049)
    assert len(read_bytes(path, 2049)) == 2049
    with pytest.raises(SourceError, match="larger than 2 kB"):
        read_bytes(path, 2048)
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(SourceError, match="larger than 128 MB"):
        read_bytes(path)


def test_files_that_do_not_tell_their_size_are_read_to_the_bound() -> None:
    assert len(read_bytes("/proc/self/status")) > 0
    with pytest.raises(SourceError, match="larger than 1 kB"):
        read_bytes("/proc/self/smaps", 1024)


def test_a_link_is_followed_only_where_asked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "b.py").symlink_to("a.py")
    assert read_bytes(tmp_path / "b.py") == b"x"
    with pytest.raises(SourceError):
        read_bytes(tmp_path / "b.py", follow=False)


@pytest.mark.parametrize("path", ["missing.py", "nul\0.py", "."])
def test_what_cannot_be_read(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        read_path(path)


def test_only_files_that_name_a_tape_matter() -> None:
    assert matters(b"with tf.autodiff.ForwardAccumulator(x, v) as acc:")
    assert matters(b"with tf.GradientTape() as tape:")
    assert matters(b"from tensorflow import GradientTape as GT")
    assert not matters(b"import tensorflow as tf")


def test_a_loss_that_is_given_by_position_matters_too() -> None:
    assert matters(b"import keras\nm.compile('adam', 'mse')\nm.fit(x, y)\n")
    assert matters(b"from models import m\nm.compile(loss=f)\nm.fit(x, y)\n")
    assert not matters(b"import sklearn\nm.compile()\nm.fit(x, y)\n")


def test_a_regular_expression_is_no_model_that_is_compiled() -> None:
    fitted = b"loss = 1\nmodel.fit(x)\n"
    assert not matters(b"p = re.compile('a')\n" + fitted)
    assert matters(b"p = re.compile('a')\nmodel.compile(loss=f)\n" + fitted)
    assert matters(b"core.compile(loss=f)\n" + fitted)


def test_a_path_that_is_no_file_s_is_python() -> None:
    assert from_text("x = 1", "<string>").kind == "python"
