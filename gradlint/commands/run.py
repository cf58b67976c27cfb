"""``gradlint run``: runs the user's own program and names the lines where it loses gradients."""

from __future__ import annotations

import atexit
import functools
import os
import shlex
import signal
import sys
import time
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import click

from gradlint.commands import terminal
from gradlint.commands.errors import CommandError
from gradlint.reporting import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.commands.terminal import Color
    from gradlint.finding import Finding
    from gradlint.runtime.session import Session

HELP = """\
Run a program and name the lines where its gradients are lost.

\b
  gradlint run train.py --epochs 3        a script with its arguments
  gradlint run -m package.train           a module
  gradlint run --pytest tests/            tests, with pytest

The program runs unchanged: its output, exit status and numbers are its own. Lost gradients are reported on standard
error, each when it is first seen, with a count of all of them at the end.
"""


@click.command(
    "run",
    help=HELP,
    short_help="Run a program and name the lines where its gradients are lost.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
)
@click.option("-m", "--module", is_flag=True, help="PROGRAM is a module's name, as for `python -m`.")
@click.option("--pytest", "tests", is_flag=True, help="PROGRAM and what follows are arguments for pytest.")
@click.option(
    "--output-format",
    type=click.Choice(list(FORMATS)),
    default="full",
    metavar="FORMAT",
    help="How to print what was seen; `full` prints as it happens, other formats at the end.",
)
@click.option(
    "-o", "--output-file", type=click.Path(dir_okay=False), help="Where to write it instead of standard error."
)
@click.option(
    "--record", metavar="FILE", type=click.Path(dir_okay=False), help="Save what was seen for `gradlint check --facts`."
)
@click.option(
    "--eager",
    is_flag=True,
    help="Run every tf.function eagerly, so that NaN in any of them is traced to its operation.",
)
@terminal.color_option
@click.argument("program")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    program: str,
    arguments: tuple[str, ...],
    module: bool,
    tests: bool,
    output_format: str,
    output_file: str | None,
    record: str | None,
    eager: bool,
    color: Color,
) -> int:
    """Run PROGRAM with its ARGUMENTS."""
    if module and tests:
        raise click.UsageError("--module cannot be combined with --pytest")
    from gradlint.runtime import program as programs
    from gradlint.runtime.session import Session

    began = time.time()
    record = record and os.path.abspath(record)
    show = _Shown(output_format, output_file, color)
    session = Session(show.found, show.failed)
    show.session = session
    session.watcher.records = record is not None
    run = [*(["-m"] if module else ["--pytest"] if tests else []), program, *arguments]
    end = _End(session, show, functools.partial(_save, session, record, run, began))
    atexit.register(end)
    session.start()
    try:
        if eager:
            session.run_eagerly()
        status = _status(_way(programs, program, arguments, module, tests), session)
    except programs.ProgramError as error:
        show.started = False
        raise CommandError(str(error)) from None
    finally:
        session.stop()
        if not session.children.running():
            end()
    if status == -signal.SIGINT:
        end()
        return _interrupted()
    return status


class _End:
    """Shows what was seen, once: after the program, or after the processes for which Python waits at its exit.

    ``multiprocessing`` waits in a function that it has registered later, so that this one runs after it.
    """

    def __init__(self, session: Session, show: _Shown, save: Callable[[], None]) -> None:
        self.session = session
        self.show = show
        self.save = save
        self.process = os.getpid()

    def __call__(self) -> None:
        if self.process != os.getpid():
            return  # the program has forked this process itself
        self.process = -1
        self.session.children.take_in()
        self.show.end()
        self.save()


def _interrupted() -> int:
    """End as Python does on Ctrl-C: by the signal, so that a shell's loop ends too; 130 where there are no signals."""
    sys.stdout.flush()
    if os.name == "posix":
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return 128 + signal.SIGINT


def _save(session: Session, path: str | None, run: list[str], began: float) -> None:
    """Write the facts file; failing to do so is only a message, since the program has its own exit status."""
    from gradlint.runtime.facts import FactsError, save
    from gradlint.runtime.recording import facts

    if path is None or session.version is None:
        return
    try:
        save(path, facts(session, shlex.join(run), began))
    except FactsError as error:
        terminal.note(f"gradlint: {error}")


def _way(programs: Any, program: str, arguments: tuple[str, ...], module: bool, tests: bool) -> Callable[[], Any]:
    if tests:
        return lambda: _pytest([program, *arguments])
    if module:
        return lambda: programs.run_module(program, arguments)
    return lambda: programs.run_script(program, arguments)


def _pytest(arguments: list[str]) -> int:
    try:
        import pytest
    except ModuleNotFoundError:
        raise CommandError("--pytest needs pytest: pip install pytest") from None
    return int(pytest.main(arguments if _is_loaded() else ["-p", "gradlint.runtime.pytest_plugin", *arguments]))


def _is_loaded() -> bool:
    """Whether pytest loads gradlint's plugin automatically, as it does where gradlint is installed as a package."""
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return False
    return any(one.value == "gradlint.runtime.pytest_plugin" for one in entry_points(group="pytest11"))


def _status(run: Callable[[], Any], session: Session) -> int:
    """Run the program to its end; its exit status as Python gives it."""
    try:
        result = run()
    except SystemExit as end:
        return _code(end.code)
    except CommandError:
        raise
    except KeyboardInterrupt as error:
        _traceback(error)
        return -signal.SIGINT
    except Exception as error:  # whatever a program raises ends it, and is shown as Python shows it
        from gradlint.runtime.program import ProgramError

        if isinstance(error, ProgramError):
            raise
        _traceback(error)
        session.crashed(error)
        return 1
    return result if isinstance(result, int) else 0


def _code(code: Any) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _traceback(error: BaseException) -> None:
    """Print what the program raised as Python does, without the frames that ran it."""
    import traceback

    from gradlint.runtime.places import of_gradlint

    entry = error.__traceback__
    while entry is not None and of_gradlint(entry.tb_frame.f_code.co_filename):
        entry = entry.tb_next
    traceback.print_exception(type(error), error, entry)


class _Shown:
    """What is reported about the program, when and where."""

    def __init__(self, output_format: str, path: str | None, color: Color) -> None:
        from gradlint.commands.texts import Texts

        self.format = output_format
        self.path = path
        self.color = color
        self.texts = Texts()
        self.started = True
        self.session: Session | None = None
        self.all: list[Finding] = []

    def found(self, finding: Finding) -> None:
        """Take a loss when it is first seen; the format for people shows it at once."""
        self.all.append(finding)
        if self.format == "full" and self.path is None:
            from gradlint.reporting.blocks import finding_rows

            rows = finding_rows(finding, self._report(), terminal.style(self.color, sys.stderr))
            terminal.show("\n" + "\n".join(rows) + "\n")

    def failed(self, text: str) -> None:
        """The watcher itself failed; the program goes on unwatched."""
        last = text.strip().splitlines()[-1]
        terminal.note(f"gradlint: the watcher failed, so the program continues unwatched: {last}")

    def end(self) -> None:
        """Write the summary, or the whole report."""
        if self.format != "full" or self.path is not None:
            self._write()
        self._summary()

    def _write(self) -> None:
        from gradlint.reporting.style import Style

        report = self._report()
        if self.path is not None:
            text = FORMATS[self.format].render(report, Style(self.color == "always"))
            terminal.write(text, self.path)
        else:
            sys.stderr.write(FORMATS[self.format].render(report, terminal.style(self.color, sys.stderr)))

    def _report(self) -> Any:
        from gradlint.reporting.report import Report

        return Report(findings=tuple(self.all), files=len({one.path for one in self.all}), lines=self.texts.lines)

    def _summary(self) -> None:
        session = self.session
        if not self.started:
            return
        if session is None or (session.version is None and not session.calls):
            terminal.note("gradlint: the program did not import TensorFlow, so there was nothing to watch")
            return
        calls = session.calls
        if not calls:
            terminal.note("gradlint: the program made no gradient calls")
            return
        noun = "gradient call" if calls == 1 else "gradient calls"
        if not self.all:
            terminal.note(f"gradlint: {calls:,} {noun} watched, no gradient was seen to be lost")
            return
        terminal.note(f"gradlint: {calls:,} {noun} watched")
        for finding in self.all:
            terminal.note(f"  {_line(finding, session)}")


def _line(finding: Finding, session: Session) -> str:
    times = session.times(finding)
    how_often = "once" if times == 1 else f"{times:,} times"
    sources = ", ".join(f"`{one}`" for one in session.sources(finding)) or "the program ends"
    return f"{finding.path}:{finding.location.line}: {finding.code} {finding.name}: {sources}, {how_often}"
