"""A changed text written to its file: whole or not at all, with the mode and the encoding that the file has."""

from __future__ import annotations

import codecs
import io
import os
import stat
import tempfile
import tokenize
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.sources.inside import leads_out

if TYPE_CHECKING:
    from gradlint.sources.source import Source

_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class WriteError(Exception):
    """A file was left as it is; the message says why."""


def write(path: str | os.PathLike[str], before: Source, after: Source) -> None:
    """Put a source's new text into its file.

    The text goes to a new file in the same folder, which then takes the file's name: whoever reads meanwhile sees
    the old text or the new one. A symbolic link stays one; the file that it leads to is written, unless it leads out of
    the working directory, or of the folder that the path is in where that is elsewhere.

    Args:
        path: The file.
        before: The source that was read from it.
        after: The source that it is to hold.

    Raises:
        WriteError: If the file is read-only, is a link that leads elsewhere, has vanished or changed since it was read,
            is no regular file, cannot hold the new text in its encoding, or if the folder cannot be written. The file
            is then untouched.
    """
    if leads_out(os.fspath(path)) or leads_out(os.fspath(path), os.path.dirname(os.path.abspath(path))):
        raise WriteError("it is a link to another place; name the file itself")
    try:
        target = Path(path).resolve(strict=True)
        status = target.stat()
        if not stat.S_ISREG(status.st_mode):
            raise WriteError("it is not a regular file")
        if not status.st_mode & _WRITABLE or not os.access(target, os.W_OK):
            raise WriteError("it is read-only")
        data = target.read_bytes()
    except FileNotFoundError:
        raise WriteError("it no longer exists") from None
    except OSError as error:
        raise WriteError(_reason(error)) from error
    _replace(target, status, encode(data, before, after))


def encode(data: bytes, before: Source, after: Source) -> bytes:
    """The bytes of a new text, in the encoding of the file that held the old one.

    Args:
        data: What the file holds now.
        before: The source that was read from it.
        after: The source that it is to hold.

    Raises:
        WriteError: If the file no longer holds ``before``, or if its encoding cannot hold ``after``.
    """
    mark, encoding = _encoding(data, before.kind)
    try:
        held = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        raise WriteError("it has changed since it was read") from None
    if held != before.text.removeprefix("\ufeff"):
        raise WriteError("it has changed since it was read")
    try:
        return mark + after.text.removeprefix("\ufeff").encode(encoding)
    except UnicodeEncodeError as error:
        character = error.object[error.start : error.end]
        raise WriteError(f"its encoding, {encoding}, has no {character!r}") from None


def _encoding(data: bytes, kind: str) -> tuple[bytes, str]:
    """The byte order mark and the encoding of a file: PEP 263 for Python, UTF-8 for the others."""
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    if kind != "python":
        return mark, "utf-8"
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError:
        raise WriteError("it has changed since it was read") from None
    return mark, "utf-8" if encoding == "utf-8-sig" else encoding


def _replace(target: Path, status: os.stat_result, data: bytes) -> None:
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, stat.S_IMODE(status.st_mode))
        if hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(temporary, status.st_uid, status.st_gid)
        _copy_attributes(target, temporary)
        now = target.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (status.st_mtime_ns, status.st_size, status.st_ino):
            raise WriteError("it has changed since it was read")
        os.replace(temporary, target)
        temporary = None
    except FileNotFoundError:
        raise WriteError("it no longer exists") from None
    except OSError as error:
        raise WriteError(_reason(error)) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)


def _copy_attributes(source: Path, target: str) -> None:
    """Give a file the extended attributes of another one, where the system has such and lets us."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            with suppress(OSError):
                os.setxattr(target, name, os.getxattr(source, name))


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
