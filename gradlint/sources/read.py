"""From a path or a text to a :class:`~gradlint.sources.source.Source`."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from dataclasses import replace
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradlint.sources.project import Project
    from gradlint.sources.source import Kind, Source

TAPE = b"GradientTape"
NEEDLES = (
    (TAPE,),
    (b".compile(", b"loss", b".fit("),
    (b".compile(", b"loss", b".train_on_batch("),
    (b"tensorflow", b".minimize("),
)
"""What a file's bytes must contain for gradlint to have anything to say about it, all parts of one of these; other
files are never decoded."""

_WORDS = tuple(tuple(part.decode() for part in needle) for needle in NEEDLES)

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


def matters(data: bytes) -> bool:
    """Whether a file's bytes name anything that gradlint looks at."""
    return any(all(part in data for part in needle) for needle in NEEDLES)


def code_matters(code: str) -> bool:
    """Whether a program names anything that gradlint looks at."""
    return any(all(part in code for part in needle) for needle in _WORDS)


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


def read_path(path: str | os.PathLike[str], display: str | None = None) -> Source:
    """Read a file as what its suffix says, as a part of the project that it lies in.

    Args:
        path: The file.
        display: The path that findings show; the file's own, with ``/``, where None.

    Raises:
        SourceError: If the file cannot be read or decoded, or is a notebook that is none.
    """
    shown = os.fspath(path).replace(os.sep, "/") if display is None else display
    from gradlint.sources.project import Project

    return from_bytes(read_bytes(path), shown, Project(os.fspath(path)))


def from_bytes(data: bytes, path: str, project: Project | None = None) -> Source:
    """Decode a file's bytes as what the path's suffix says.

    Args:
        data: The bytes.
        path: The path that findings show.
        project: Where the modules that the program imports are looked for; None where they are unknown.

    Raises:
        SourceError: If the bytes cannot be decoded, or are a notebook that is none.
    """
    text, encoding = decode(data, kind_of(path))
    return from_text(text, path, encoding, project)


def from_text(text: str, path: str, encoding: str = "utf-8", project: Project | None = None) -> Source:
    """A source from a text, as standard input and editors have it.

    Args:
        text: The text, without a byte order mark.
        path: The path that findings show; its suffix tells the kind.
        encoding: The codec that turns the text back into bytes.
        project: Where the modules that the program imports are looked for; None where they are unknown.

    Raises:
        SourceError: If the path is a notebook's and the text is none.
    """
    return _made(kind_of(path), text, path, encoding, project)


def _made(kind: Kind, text: str, path: str, encoding: str, project: Project | None) -> Source:
    from gradlint.sources.source import Source

    if kind == "notebook":
        from gradlint.sources import notebook

        try:
            made = notebook.program(text, path, encoding)
        except notebook.NotebookError as error:
            raise SourceError(str(error)) from None
    elif kind == "markdown":
        from gradlint.sources import markdown

        made = markdown.program(text, path, encoding)
    else:
        return Source(path, "python", text, text, encoding=encoding, project=project)
    return made if project is None else replace(made, project=project)


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
            raise SourceError(f"cannot be decoded: {encoding} is no encoding for a program")
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(f"cannot be decoded as {error.encoding}: {error.reason} (line {line})") from None
    except UnicodeError as error:
        raise SourceError(f"cannot be decoded as {encoding}: {error}") from None
    except LookupError:
        raise SourceError(f"cannot be decoded: {encoding} is not a text encoding") from None
    return text, encoding


def with_text(source: Source, text: str) -> Source:
    """The same source with another text: of the same kind, whatever the path's suffix says.

    Args:
        source: The source.
        text: What it is to hold.

    Raises:
        SourceError: If it is a notebook and the text is none.
    """
    if source.kind == "python":
        return replace(source, text=text, code=text, segments=(), problems=())
    return _made(source.kind, text, source.path, source.encoding, source.project)
