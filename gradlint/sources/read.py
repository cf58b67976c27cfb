"""From a path or a text to a :class:`~gradlint.sources.source.Source`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from gradlint.sources.files import SourceError, decode, kind_of, read_bytes

if TYPE_CHECKING:
    from gradlint.sources.files import Kind
    from gradlint.sources.project import Project
    from gradlint.sources.source import Source

TAPE = b"GradientTape"
COMPILE = b".compile("
NEEDLES = (
    (TAPE,),
    (b"ForwardAccumulator",),
    *((trains, COMPILE, of) for trains in (b".fit(", b".train_on_batch(") for of in (b"loss", b"keras")),
    (b".minimize(", b"tensorflow"),
    (b"value_and_gradient", b"tensorflow_probability"),
)
"""What a file's bytes must contain for gradlint to have anything to say about it, all parts of one of these, the rarest
first; other files are never decoded."""
_RAREST = tuple(dict.fromkeys(needle[0] for needle in NEEDLES))
_COMPILED = re.compile(rb"(?<!\bre)\.compile\(")
"""What compiles something else than a regular expression."""


def matters(data: bytes) -> bool:
    """Whether a file's bytes name anything that gradlint looks at."""
    if not any(rarest in data for rarest in _RAREST):
        return False
    named = [needle for needle in NEEDLES if all(part in data for part in needle)]
    return any(COMPILE not in needle for needle in named) or (bool(named) and _COMPILED.search(data) is not None)


def code_matters(code: str) -> bool:
    """Whether a program names anything that gradlint looks at."""
    return matters(code.encode(errors="surrogatepass"))


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
