"""A file's bytes, and the text that they are: nothing is opened but regular files, up to a bound."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from stat import S_ISDIR, S_ISREG
from typing import Literal

Kind = Literal["python", "notebook", "markdown"]

SUFFIXES: dict[str, Kind] = {
    ".py": "python",
    ".pyi": "python",
    ".ipynb": "notebook",
    ".md": "markdown",
    ".markdown": "markdown",
}
"""The kind of text that a file's suffix tells; any other suffix is taken for Python."""

LARGEST = 128 << 20
"""How many bytes a file may have to be read; none in a git repository that a forge takes has more."""

_UNFIT = frozenset({"punycode", "idna", "undefined"})
"""Encodings that a program may declare and none is written in; to decode the first takes time that grows squared."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
)


class SourceError(ValueError):
    """A text cannot be had or is not what its suffix says; the message says why, without the path."""


def kind_of(path: str) -> Kind:
    """The kind of text that a path's suffix tells."""
    return SUFFIXES.get(os.path.splitext(path)[1].lower(), "python")


def read_bytes(path: str | os.PathLike[str], most: int = LARGEST, *, follow: bool = True) -> bytes:
    """A regular file's bytes; nothing else is opened, so a device is left alone and a pipe is not waited for.

    Args:
        path: The file.
        most: How many bytes it may have.
        follow: Whether it may be a symbolic link to a file.

    Raises:
        SourceError: If the file cannot be read, is not a regular one, or is larger than that.
    """
    try:
        _refuse_others(os.stat(path, follow_symlinks=follow).st_mode)
        descriptor = os.open(path, _FLAGS if follow else _FLAGS | getattr(os, "O_NOFOLLOW", 0))
        try:
            return _read(descriptor, most)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise error if isinstance(error, SourceError) else SourceError(f"cannot be read: {error}") from None


def _read(descriptor: int, most: int) -> bytes:
    """What an open file holds; its size is looked at again, since it may have become another file meanwhile."""
    status = os.fstat(descriptor)
    _refuse_others(status.st_mode)
    if status.st_size > most:
        raise SourceError(_too_large(most))
    data = os.read(descriptor, status.st_size + 1)
    if len(data) == status.st_size and data:
        return data
    parts, size = [data], len(data)
    while parts[-1]:
        parts.append(os.read(descriptor, 1 << 20))
        size += len(parts[-1])
        if size > most:
            raise SourceError(_too_large(most))
    return b"".join(parts)


def _refuse_others(mode: int) -> None:
    if not S_ISREG(mode):
        raise SourceError(f"cannot be read: it is {'a folder' if S_ISDIR(mode) else 'not a regular file'}")


def _too_large(most: int) -> str:
    size = f"{most >> 20} MB" if most >> 20 else f"{most >> 10} kB"
    return f"cannot be read: it is larger than {size}"


def decode(data: bytes, kind: Kind) -> tuple[str, str]:
    """Decode a file's bytes, lines' ends kept as they are.

    Args:
        data: The bytes.
        kind: What the text is; only Python has encoding declarations (PEP 263), the others are UTF-8.

    Returns:
        The text without a byte order mark, and the codec that turns it back into the bytes.

    Raises:
        SourceError: If the bytes are not of the encoding, or the encoding is unknown.
    """
    import io
    import tokenize

    encoding = "utf-8-sig" if data.startswith(BOM_UTF8) else "utf-8"
    if kind == "python":
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError as error:
            raise SourceError(f"cannot be decoded: {error.msg or error}") from None
    try:
        if encoding.replace("_", "-").lower() in _UNFIT:
            raise SourceError(f"cannot be decoded: {encoding} is not an encoding for programs")
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"cannot be decoded as {error.encoding}: {error.reason} (line {line})") from None
    except UnicodeError as error:
        raise SourceError(f"cannot be decoded as {encoding}: {error}") from None
    except LookupError:
        raise SourceError(f"cannot be decoded: {encoding} is not a text encoding") from None
    return text, encoding
