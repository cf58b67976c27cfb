"""Programs whose gradients are lost on purpose: their texts, their edits, the places in them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Edit:
    """A piece of a file's text that is replaced."""

    path: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """One gradient, lost on purpose.

    Attributes:
        operator: What loses it.
        distance: Where that stands, as seen from the gradient call.
        edits: What is changed.
        call: The line of the gradient call in the mutant.
        blamed: The files and lines that are to blame; any place counts where there are none.
    """

    operator: str
    distance: str
    edits: tuple[Edit, ...]
    call: int
    blamed: frozenset[tuple[str, int]]


@dataclass
class File:
    """A program, its tree and its places."""

    path: str
    text: str
    tree: ast.Module = field(init=False)
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def at(self, line: int, column: int) -> int:
        """The place in the text of a line and a column in UTF-8 bytes."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Where a node stands in the text."""
        return self.at(node.lineno, node.col_offset), self.at(node.end_lineno or 0, node.end_col_offset or 0)

    def source(self, node: ast.stmt | ast.expr) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def alias(self, module: str) -> str | None:
        """What the program calls a library's module; None where it does not import it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    if one.name == module:
                        return one.asname or one.name
        return None

    def modules(self) -> dict[str, str]:
        """By name, the module that an import binds it to."""
        imports = [node for node in ast.walk(self.tree) if isinstance(node, ast.Import)]
        return {one.asname or one.name: one.name for node in imports for one in node.names}

    def imported(self) -> dict[str, tuple[str, int, str]]:
        """By name, the module, the dots before it and the name there that an import takes it from."""
        return {
            one.asname or one.name: (node.module or "", node.level, one.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for one in node.names
        }


def moved(edits: tuple[Edit, ...], file: File, line: int) -> int:
    """The line at which a line of a file stands once edits are made."""
    at = file.starts[line - 1]
    before = [edit for edit in edits if edit.path == file.path and edit.start <= at]
    return line + sum(edit.text.count("\n") - file.text[edit.start : edit.end].count("\n") for edit in before)
