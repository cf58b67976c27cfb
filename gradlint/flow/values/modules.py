"""Modules of the program's own project, as values: found by a finder, run when something of them is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gradlint.flow.values.program import Frame
from gradlint.flow.values.values import Value

if TYPE_CHECKING:
    from gradlint.flow.facts import Span
    from gradlint.sources.project import Found


class Finder(Protocol):
    """Finds the modules of a project, as Python's import would from one of its files."""

    def find(self, name: str, level: int, importer: str | None) -> Found | None:
        """The module that an import names, or None where the project has none of that name.

        Args:
            name: The dotted name; empty for ``from . import``.
            level: How many dots stand before it.
            importer: The path of the module that imports; None for the program itself.
        """

    def importers(self, names: frozenset[str], of: str | None = None) -> list[Found]:
        """The modules of the project that import a module and name something of it, those that name most first.

        Args:
            names: What they have to name one of.
            of: The module's path; None for the program itself.
        """

    def takes_over(self, other: Finder) -> bool:
        """Take what another finder for the same program has found; False where any of it may be other by now."""


class ModuleValue(Value):
    """A module of the program's own project.

    Attributes:
        found: Its text.
        frame: Its names, once it has run.
        begun: Whether it has run, or is running: modules may import one another.
        first: Its names as they were when it had run; None until then.
        ran: When that was.
        imported: When the program imported it; None where it is not known.
        changed: When its names were set from outside, by name.
        submodules: The modules below it, and what stands for names that it does not bind, by name.
    """

    __slots__ = ("begun", "changed", "first", "found", "frame", "imported", "ran", "submodules")

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found
        self.frame = Frame(None)
        self.begun = False
        self.first: dict[Any, Any] | None = None
        self.ran = 0
        self.imported: int | None = None
        self.changed: dict[str, int] = {}
        self.submodules: dict[str, Value | None] = {}


class Imported(Value):
    """What an import binds before anything has used it.

    Attributes:
        importer: The path of the module that imports; None for the program itself.
        module: The dotted name of the module.
        level: How many dots stand before it.
        name: The name that is taken from the module; None for the module itself.
        value: What it turned out to be, once it was used.
    """

    __slots__ = ("importer", "level", "module", "name", "value")

    def __init__(self, importer: str | None, module: str, level: int, name: str | None, span: Span | None) -> None:
        super().__init__(span)
        self.importer = importer
        self.module = module
        self.level = level
        self.name = name
        self.value: Value | None = None
