"""The texts of the checked files, read again only when a finding needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gradlint.sources.source import Source


class Texts:
    """Sources and their lines by path."""

    def __init__(self) -> None:
        self._given: dict[str, bytes] = {}
        self._sources: dict[str, Source] = {}
        self._lines: dict[str, dict[int | None, list[str]]] = {}

    def give(self, path: str, data: bytes) -> None:
        """Take the bytes of a text that is not in a file, under its displayed path."""
        self._given[path] = data

    def source(self, path: str) -> Source:
        """The source of a path.

        Raises:
            SourceError: If it can no longer be read.
        """
        from gradlint.sources.project import Project
        from gradlint.sources.read import from_bytes, read_path

        if path not in self._sources:
            given = self._given.get(path)
            if given is None:
                self._sources[path] = read_path(path, path)
            else:
                self._sources[path] = from_bytes(given, path, Project(path))
        return self._sources[path]

    def replace(self, source: Source) -> None:
        """Replace the source of a path."""
        self._sources[source.path] = source
        self._lines.pop(source.path, None)

    def lines(self, path: str, cell: int | None) -> Sequence[str]:
        """The lines of a file or of a notebook's cell; none if the text can no longer be read."""
        return self._of(path).get(cell, ())

    def cells(self, path: str) -> Sequence[int | None]:
        """The indices of a notebook's code cells; only None for any other file."""
        own = self._of(path)
        if None in own or not own:
            return list(own)
        code = {segment.cell for segment in self.source(path).segments}
        return [cell for cell in own if cell in code]

    def _of(self, path: str) -> Mapping[int | None, Sequence[str]]:
        from gradlint.fixing.text import texts
        from gradlint.sources.files import SourceError

        if path not in self._lines:
            try:
                source = self.source(path)
            except SourceError:
                self._lines[path] = {}
            else:
                self._lines[path] = {
                    index: text.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
                    for index, text in texts(source).items()
                }
        return self._lines[path]
