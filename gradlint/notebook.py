"""gradlint inside IPython and Jupyter: ``%load_ext gradlint`` checks each executed cell against the ones before.

What is found in the cell that was just run, or by a gradient call in it, is shown under it. ``%gradlint`` checks every
cell that was run, or a file; ``%gradlint off`` and ``%gradlint on`` stop and start the checks after each cell.
``%%gradlint run`` watches a cell as it runs.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any, Protocol

from gradlint.checking import check
from gradlint.reporting import FORMATS
from gradlint.reporting.report import FileError, Report
from gradlint.reporting.style import Style
from gradlint.settings import Resolver, SettingsError
from gradlint.sources import notebook, read
from gradlint.sources.ipython import split_lines
from gradlint.trust import VARIABLE, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gradlint.finding import Finding
    from gradlint.settings import Settings
    from gradlint.sources.source import Problem, Source

NAME = "notebook"
"""What findings in executed cells show for a path: the file that the cells come from, if any, is not known."""


class Shell(Protocol):
    """What is used of IPython's ``InteractiveShell``."""

    events: Any

    def register_magic_function(self, func: Callable[..., Any], magic_kind: str, magic_name: str) -> None:
        """Make a function a magic."""

    def run_cell(self, raw_cell: str) -> Any:
        """Run a cell."""


class CellSession:
    """The cells that a shell has run, and the checks on them.

    Args:
        shell: IPython's shell.
        show: Takes what is to be shown under the cell.
    """

    def __init__(self, shell: Shell, show: Callable[[str], object] = print) -> None:
        self.shell = shell
        self.automatic = True
        self._show = show
        self._cells: dict[str, str] = {}
        self._complaint: str | None = None
        self._told: set[str] = set()
        self._wanted = False
        self._nested = False

    def start(self) -> None:
        """Watch the shell's cells, those that were run already among them, and offer the magics."""
        history = getattr(getattr(self.shell, "history_manager", None), "input_hist_raw", [])
        for code in history[1:]:
            self.remember(code)
        self.shell.events.register("post_run_cell", self.after)
        self.shell.register_magic_function(self.magic, "line", "gradlint")
        self.shell.register_magic_function(self.cell_magic, "cell", "gradlint")

    def stop(self) -> None:
        """Watch no longer."""
        self.shell.events.unregister("post_run_cell", self.after)

    def after(self, result: Any) -> None:
        """Check the cell that was just run; IPython's ``post_run_cell`` event.

        Args:
            result: IPython's ``ExecutionResult``; one without a syntax error joins the cells that count.
        """
        info = getattr(result, "info", None)
        code = getattr(info, "raw_cell", None)
        syntax_error = isinstance(getattr(result, "error_before_exec", None), SyntaxError)
        if not isinstance(code, str) or syntax_error or self._nested:
            return
        self.remember(code, getattr(info, "cell_id", None))
        wanted, self._wanted = self._wanted, False
        if self.automatic or wanted:
            self._quietly(self.check_last)

    def remember(self, code: str, identity: str | None = None) -> None:
        """Let a cell be the last one; the same cell's earlier text no longer counts.

        Args:
            code: The cell's text.
            identity: The front end's name for the cell; the text itself where it gives none.
        """
        self._cells.pop(code, None)
        self._cells.pop(identity or code, None)
        self._cells[identity or code] = code

    def check_last(self) -> None:
        """Show what is found in the last cell, or lost by a gradient call in it."""
        last = len(self._cells) - 1
        source = self._source()
        found = check(source, self._settings()).findings
        self._report(source, [finding for finding in found if _concerns(finding, last)])

    def magic(self, line: str) -> None:
        """``%gradlint`` checks every cell that was run; ``%gradlint PATH ...`` files; ``on`` and ``off`` the rest."""
        words = shlex.split(line)
        if words in (["on"], ["off"]):
            self.automatic = words == ["on"]
            self._show(f"gradlint: cells are {'checked when they have run' if self.automatic else 'no longer checked'}")
        elif words:
            self._quietly(lambda: self._files(words))
        else:
            self._quietly(self._everything)

    def cell_magic(self, line: str, cell: str) -> None:
        """``%%gradlint`` has the cell checked, also after ``%gradlint off``; ``%%gradlint run`` watches it run."""
        if shlex.split(line) == ["run"]:
            self._watch(cell)
            return
        self._wanted = True
        self._nested = True
        try:
            self.shell.run_cell(cell)
        finally:
            self._nested = False

    def _watch(self, cell: str) -> None:
        """Run a cell and show where its gradients are lost as it runs."""
        from gradlint.runtime.public import watching

        self._nested = True
        try:
            with watching(show=False) as watched:
                self.shell.run_cell(cell)
        finally:
            self._nested = False
        for finding in watched.findings:
            self._show(f"line {finding.location.line}: {finding.code} {finding.message}")
        if not watched.findings:
            self._show("gradlint: no gradient was lost")

    def _everything(self) -> None:
        source = self._source()
        checked = check(source, self._settings())
        self._report(source, checked.findings, checked.problems, tapes=checked.tapes, summary=True)

    def _files(self, paths: Iterable[str]) -> None:
        for path in paths:
            try:
                source = read.read_path(os.path.expanduser(path))
            except read.SourceError as error:
                self._show(f"gradlint: {path}: {error}")
                continue
            checked = check(source, self._settings(path))
            self._report(source, checked.findings, checked.problems, tapes=checked.tapes, summary=True)

    def _source(self) -> Source:
        return notebook.program(notebook.of_cells(self._cells.values()), NAME)

    def _settings(self, path: str | None = None) -> Settings:
        """The settings of a file, or of the working directory; what they name and nobody trusts is told once."""
        resolver = Resolver()
        settings = resolver.for_folder(os.getcwd()) if path is None else resolver.for_file(path)
        if resolver.withheld:
            told = f"gradlint: {sentence(resolver.withheld, f'the environment variable {VARIABLE}')}"
            if told not in self._told:
                self._told.add(told)
                self._show(told)
        return settings

    def _report(
        self,
        source: Source,
        findings: Sequence[Finding],
        problems: Sequence[Problem] = (),
        *,
        tapes: int = 0,
        summary: bool = False,
    ) -> None:
        if not findings and not summary:
            return
        texts = [cell.source for cell in notebook.cells(source.text)] if source.kind == "notebook" else [source.text]
        report = Report(
            findings=tuple(findings),
            errors=tuple(FileError(source.path, one.message, one.cell, one.location) for one in problems),
            paths=(source.path,),
            files=1,
            tapes=tapes,
            lines=lambda _, cell: split_lines(texts[cell or 0]),
        )
        self._show(FORMATS["full"].render(report, Style(quiet=not summary)).rstrip("\n"))

    def _quietly(self, work: Callable[[], None]) -> None:
        """Run a check whose failure must not stand in the way of the notebook; each complaint is shown once."""
        try:
            work()
            self._complaint = None
        except (SettingsError, read.SourceError, notebook.NotebookError) as error:
            self._complain(f"gradlint: {error}")
        except Exception as error:
            self._complain(f"gradlint failed on these cells: {type(error).__name__}: {error}")

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            self._show(complaint)


def _concerns(finding: Finding, cell: int) -> bool:
    """Whether a finding is in a cell, or names a gradient call in it."""
    return finding.cell == cell or any(gradient.cell == cell for gradient in finding.gradients)


_sessions: dict[int, CellSession] = {}


def load(shell: Shell) -> None:
    """Start checking a shell's cells; what ``%load_ext gradlint`` does."""
    if id(shell) not in _sessions:
        session = _sessions[id(shell)] = CellSession(shell)
        session.start()


def unload(shell: Shell) -> None:
    """Stop checking a shell's cells; what ``%unload_ext gradlint`` does."""
    session = _sessions.pop(id(shell), None)
    if session is not None:
        session.stop()
