"""gradlint inside IPython and Jupyter: ``%load_ext gradlint`` checks each executed cell against the ones before.

Findings in the cell that was just run, or by a gradient call in it, are shown below it. ``%gradlint`` checks every
cell that was run, or a file; ``%gradlint off`` and ``%gradlint on`` stop and start the checks after each cell.
``%gradlint fix`` adds a fixed cell below, ``%gradlint graph`` draws the gradient calls, and ``%%gradlint run`` watches
a cell as it runs.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

from gradlint import lines
from gradlint.checking import check, drawings_of, validate
from gradlint.reporting import FORMATS
from gradlint.reporting.report import FileError, Report
from gradlint.reporting.style import Style
from gradlint.settings import Resolver, SettingsError
from gradlint.sources import files, notebook, read
from gradlint.sources.ipython import split_lines
from gradlint.trust import VARIABLE, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from gradlint.finding import Finding
    from gradlint.settings import Settings
    from gradlint.sources.source import Problem, Source

NAME = "notebook"
"""The path that findings in executed cells show: the file that the cells come from, if any, is unknown."""


class Shell(Protocol):
    """The part of IPython's ``InteractiveShell`` that is used."""

    events: Any

    def register_magic_function(self, func: Callable[..., Any], magic_kind: str, magic_name: str) -> None:
        """Make a function a magic."""

    def run_cell(self, raw_cell: str) -> Any:
        """Run a cell."""

    def set_next_input(self, s: str, replace: bool = False) -> None:
        """Put a text into the next cell."""


USAGE = """\
%gradlint                      check every cell that was run
%gradlint study.ipynb train.py check files
%gradlint fix                  add a fixed copy of the last cell that has a fix below
%gradlint graph                draw the gradient calls of the cells that were run
%gradlint off, %gradlint on    stop and start the checks after each cell
%%gradlint                     run this cell and check it, even while the checks are stopped
%%gradlint run                 run this cell and watch its gradients
%unload_ext gradlint           unload the extension

--select RULES, --ignore RULES, --extend-select RULES choose the rules; --unsafe-fixes also applies fixes that may
change what a program does."""
_VERBS = ("on", "off", "fix", "graph", "help")
_LISTS = {"--select": "select", "--ignore": "ignore", "--extend-select": "extend_select"}


@dataclass(frozen=True)
class AskedOfCell:
    """What a line after ``%gradlint`` asks for.

    Attributes:
        verb: ``on``, ``off``, ``fix``, ``graph``, ``help``, or empty.
        paths: The files to check.
        overrides: The options that are settings.
        unsafe: Whether unsafe fixes are applied too.
        help: Whether it asks for help.
        wrong: What is wrong with it.
    """

    verb: str = ""
    paths: tuple[str, ...] = ()
    overrides: Mapping[str, Any] | None = None
    unsafe: bool = False
    help: bool = False
    wrong: str = ""

    @classmethod
    def of(cls, words: Sequence[str]) -> AskedOfCell:
        """Parse the words; options may be anywhere, and after ``--`` everything is a path."""
        rest: list[str] = []
        overrides: dict[str, Any] = {}
        flags: set[str] = set()
        waiting = list(words)
        while waiting:
            word = waiting.pop(0)
            name, equals, value = word.partition("=")
            if word == "--":
                return cls("", (*rest, *waiting), overrides, "--unsafe-fixes" in flags)
            if name in _LISTS:
                if not equals and not waiting:
                    return cls(wrong=f"{name} takes rules")
                given = value if equals else waiting.pop(0)
                chosen = tuple(one.strip() for one in given.split(",") if one.strip())
                overrides[_LISTS[name]] = (*overrides.get(_LISTS[name], ()), *chosen)
            elif word in ("--unsafe-fixes", "--help", "-h"):
                flags.add(word)
            elif word.startswith("-"):
                return cls(wrong=f"no such option {word}")
            else:
                rest.append(word)
        verb = rest.pop(0) if rest[:1] and rest[0] in _VERBS else ""
        if verb and rest:
            return cls(wrong=f"`{verb}` must be the only argument; for a file of that name, write ./{verb}")
        return cls(verb, tuple(rest), overrides, "--unsafe-fixes" in flags, bool(flags & {"--help", "-h"}))


class CellSession:
    """The cells that a shell has run, and the checks on them.

    Args:
        shell: IPython's shell.
        show: Takes what is to be shown below the cell as text; if None, it is shown as the front end shows it best.
    """

    def __init__(self, shell: Shell, show: Callable[[str], object] | None = None) -> None:
        self.shell = shell
        self.automatic = True
        self._show = show or print
        self._rich = show is None
        self._cells: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._fixed: dict[str, str] = {}
        self._complaint: str | None = None
        self._warned: set[str] = set()
        self._wanted = False
        self._nested = False

    def start(self) -> None:
        """Check the shell's cells, including those that were run already, and register the magics."""
        history = getattr(getattr(self.shell, "history_manager", None), "input_hist_raw", [])
        for count, code in enumerate(history[1:], start=1):
            self.remember(code, count=count)
        self.shell.events.register("post_run_cell", self.after)
        self.shell.register_magic_function(self.magic, "line", "gradlint")
        self.shell.register_magic_function(self.cell_magic, "cell", "gradlint")

    def stop(self) -> None:
        """Stop checking."""
        self.shell.events.unregister("post_run_cell", self.after)
        magics = getattr(getattr(self.shell, "magics_manager", None), "magics", {})
        for kind in ("line", "cell"):
            magics.get(kind, {}).pop("gradlint", None)

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
        self.remember(code, getattr(info, "cell_id", None), getattr(result, "execution_count", None))
        wanted, self._wanted = self._wanted, False
        if self.automatic or wanted:
            self._quietly(self.check_last)

    def remember(self, code: str, identity: str | None = None, count: int | None = None) -> None:
        """Make a cell the last one; the same cell's earlier text no longer counts.

        Args:
            code: The cell's text.
            identity: The front end's name for the cell; the text itself if it gives none.
            count: The number that the cell was run under.
        """
        key = identity or code
        for old in (code, key, self._fixed.pop(code, key)):
            self._cells.pop(old, None)
            self._counts.pop(old, None)
        self._cells[key] = code
        if count is not None:
            self._counts[key] = count

    def check_last(self) -> None:
        """Show the findings in the last cell, or by a gradient call in it."""
        last = len(self._cells) - 1
        source, settings = self._source(), self._settings()
        with lines.called(self._names()):
            found = check(source, settings).findings
            self._report(source, [finding for finding in found if _concerns(finding, last)], settings)

    def magic(self, line: str) -> None:
        """``%gradlint`` and its arguments: see :data:`USAGE`."""
        try:
            words = shlex.split(line)
        except ValueError as error:
            self._show(f"gradlint: {error}")
            return
        asked = AskedOfCell.of(words)
        if asked.wrong:
            self._show(f"gradlint: {asked.wrong}\n\n{USAGE}")
        elif asked.help or asked.verb == "help":
            self._show(USAGE)
        else:
            self._do(asked)

    def _do(self, asked: AskedOfCell) -> None:
        verb, rest = asked.verb, asked.paths
        if verb in ("on", "off"):
            self.automatic = verb == "on"
            self._show(f"gradlint: cells are {'checked after they run' if self.automatic else 'no longer checked'}")
        elif verb == "fix":
            self._quietly(lambda: self._fix(asked))
        elif verb == "graph":
            self._quietly(self._graph)
        elif rest:
            self._quietly(lambda: self._files(rest, asked))
        else:
            self._quietly(lambda: self._everything(asked))

    def cell_magic(self, line: str, cell: str) -> None:
        """``%%gradlint`` checks the cell, even after ``%gradlint off``; ``%%gradlint run`` watches it run."""
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
            self._show(f"line {finding.location.line}: {finding.code} {finding.text}")
        if not watched.findings:
            self._show("gradlint: no gradient was lost")

    def _everything(self, asked: AskedOfCell) -> None:
        source, settings = self._source(), self._settings(overrides=asked.overrides)
        with lines.called(self._names()):
            checked = check(source, settings)
            self._report(source, checked.findings, settings, checked.problems, tapes=checked.tapes, summary=True)

    def _files(self, paths: Iterable[str], asked: AskedOfCell) -> None:
        for path in paths:
            try:
                source = read.read_path(os.path.expanduser(path))
            except files.SourceError as error:
                near = [] if os.path.lexists(path) else get_close_matches(path, _VERBS, n=1, cutoff=0.6)
                hint = f"; did you mean `%gradlint {near[0]}`?" if near else ""
                self._show(f"gradlint: {path}: {error}{hint}")
                continue
            settings = self._settings(path, asked.overrides)
            checked = check(source, settings)
            self._report(source, checked.findings, settings, checked.problems, tapes=checked.tapes, summary=True)

    def _graph(self) -> None:
        """Draw the gradient calls of the cells that were run."""
        from gradlint.picture.text import plain
        from gradlint.reporting.html.output import pictures

        with lines.called(self._names()):
            drawn = drawings_of(self._source(), self._settings())
            if not drawn:
                self._show("gradlint: no cell asks for a gradient")
                return
            self._display("\n".join(plain(call) for call in drawn), lambda: pictures(drawn))

    def _fix(self, asked: AskedOfCell) -> None:
        """Add a fixed copy of the last cell that has a fix below."""
        from gradlint.fixing import fix_source

        source, settings = self._source(), self._settings(overrides=asked.overrides)
        wanted = self._fixable(source, settings, asked)
        if wanted is None:
            more = "" if asked.unsafe else "; `%gradlint fix --unsafe-fixes` also applies unsafe ones"
            self._show(f"gradlint: no cell that was run has a fix{more}")
            return

        def found(text: Source) -> list[Finding]:
            return [one if one.cell == wanted else replace(one, fix=None) for one in check(text, settings).findings]

        result = fix_source(source, found, lambda text: read.with_text(source, text), unsafe=asked.unsafe)
        fixed = notebook.cells(result.after.text)[wanted].source
        key = list(self._cells)[wanted]
        self._fixed[fixed] = key
        self.shell.set_next_input(fixed)
        with lines.called(self._names()):
            self._show(f"gradlint: {lines.cell(wanted)} is below, fixed; run it instead")

    def _fixable(self, source: Source, settings: Settings, asked: AskedOfCell) -> int | None:
        """The last cell that a finding's fix changes, and nothing else."""
        cells: list[int] = []
        for finding in check(source, settings).findings:
            fix = finding.fix
            if fix is not None and (asked.unsafe or fix.applicability == "safe"):
                within = {edit.cell for edit in fix.edits}
                cells += [cell for cell in within if cell is not None and cell == finding.cell and len(within) == 1]
        return max(cells, default=None)

    def _source(self) -> Source:
        return notebook.program(notebook.of_cells(self._cells.values()), NAME)

    def _names(self) -> dict[int, str]:
        """The names of the cells that were run: by the numbers beside them."""
        return {index: f"In [{self._counts[key]}]" for index, key in enumerate(self._cells) if key in self._counts}

    def _settings(self, path: str | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
        """The settings of a file, or of the working directory; untrusted settings are reported once."""
        resolver = Resolver(overrides=overrides)
        settings = resolver.for_folder(os.getcwd()) if path is None else resolver.for_file(path)
        if overrides:
            validate(settings)
        if resolver.withheld:
            warning = f"gradlint: {sentence(resolver.withheld, f'the environment variable {VARIABLE}')}"
            if warning not in self._warned:
                self._warned.add(warning)
                self._show(warning)
        return settings

    def _report(
        self,
        source: Source,
        findings: Sequence[Finding],
        settings: Settings,
        problems: Sequence[Problem] = (),
        *,
        tapes: int = 0,
        summary: bool = False,
    ) -> None:
        if not findings and not summary:
            return
        texts = [cell.source for cell in notebook.cells(source.text)] if source.kind == "notebook" else [source.text]
        runs = source.path == NAME
        report = Report(
            findings=tuple(findings),
            errors=tuple(FileError(source.path, one.message, one.cell, one.location) for one in problems),
            paths=(source.path,),
            files=1,
            tapes=tapes,
            lines=lambda _, cell: split_lines(texts[cell or 0]),
            fix_with="%gradlint fix" if runs else "--fix",
        )
        text = FORMATS["full"].render(report, Style(quiet=not summary)).rstrip("\n")
        fixes = [finding.fix for finding in findings if finding.fix is not None]
        if runs and fixes:
            first = min(fixes, key=lambda fix: fix.applicability != "safe")
            text += f"\n\n`{report.applied_with(first)}` adds a fixed cell below"
        self._display(text, lambda: self._html(source, report, settings))

    def _html(self, source: Source, report: Report, settings: Settings) -> str:
        """The same with the lines, the fixes, and the gradient calls that lose something drawn."""
        from gradlint.reporting.html.output import output
        from gradlint.reporting.summary import summary

        broken = {(one.cell, one.line) for finding in report.findings for one in finding.gradients}
        drawn = tuple(
            call
            for call in drawings_of(source, settings)
            if (None if call.spot.cell < 0 else call.spot.cell, call.spot.line) in broken
        )
        notes = list(summary(report, Style())) if report.tapes else []
        places = [finding.cell for finding in report.findings] + [error.cell for error in report.errors]
        cells = sorted({*places, *(cell for cell, _ in broken)}, key=lambda cell: -1 if cell is None else cell)
        shown = replace(report, drawings=drawn, cells=lambda _: cells)
        return output(shown, notes)

    def _display(self, text: str, html: Callable[[], str]) -> None:
        """Show something as HTML if the front end supports it, else as text."""
        publisher = getattr(self.shell, "display_pub", None)
        if not self._rich or publisher is None or not hasattr(self.shell, "kernel"):
            self._show(text)
            return
        publisher.publish({"text/plain": text, "text/html": html()})

    def _quietly(self, work: Callable[[], None]) -> None:
        """Run a check whose failure must not get in the way of the notebook; each error is shown once."""
        try:
            work()
            self._complaint = None
        except (SettingsError, files.SourceError, notebook.NotebookError) as error:
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
    """Start checking a shell's cells, as ``%load_ext gradlint`` does."""
    if id(shell) not in _sessions:
        session = _sessions[id(shell)] = CellSession(shell)
        session.start()


def unload(shell: Shell) -> None:
    """Stop checking a shell's cells, as ``%unload_ext gradlint`` does."""
    session = _sessions.pop(id(shell), None)
    if session is not None:
        session.stop()
