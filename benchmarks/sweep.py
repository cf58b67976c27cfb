"""What one file may cost at most: `python -m benchmarks.sweep`.

Puts a tape around the body of every function and around the module's own statements, in each file of the standard
library and of the installed site-packages, and asks it for the gradient of what the function returns by each of its
parameters, so that the analysis walks through all of it. Each file is checked in a process of its own, whose processor
time and memory are printed where they pass the limits; the status is 1 then, and where gradlint fails on a file.
With ``explosive`` it checks the programs of `benchmarks/explosive.py` instead, as they are.
"""

from __future__ import annotations

import argparse
import ast
import gc
import json
import os
import resource
import signal
import statistics
import sys
import sysconfig
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.explosive import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECONDS = 2.0
"""How much processor time the check of one file may take."""
MEGABYTES = 400.0
"""How much memory it may take."""
STOPPED = 30
"""After how many seconds of processor time a check is stopped."""
ADDRESSES = 6 << 30
"""How many bytes of addresses a check may ask for before it is refused."""


# -- putting tapes in ----------------------------------------------------------------------------------------------


class _Taping(ast.NodeTransformer):
    """Puts a tape around the body of every function."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        given = node.args
        named = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
        names = [one.arg for one in named if one is not None] or ["tape_"]
        first = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = [part for statement in node.body[first:] for part in _asked(statement, names)]
        if body:
            node.body = [*node.body[:first], _with(body)]
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815  # a visitor's name


class _Asking(ast.NodeTransformer):
    """Asks the tape for the gradient of whatever is returned, within one function."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    def visit_Return(self, node: ast.Return) -> ast.AST | list[ast.AST]:
        if node.value is None:
            return node
        kept = ast.Assign([ast.Name("result_", ast.Store())], node.value)
        return [kept, _question(self.names), ast.Return(ast.Name("result_", ast.Load()))]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node


def _asked(statement: ast.stmt, names: list[str]) -> list[ast.stmt]:
    made = _Asking(names).visit(statement)
    return made if isinstance(made, list) else [made]


def _question(names: list[str]) -> ast.stmt:
    text = f"tape_.gradient(result_, [{', '.join(names)}])"
    return ast.parse(text).body[0]


def _with(body: list[ast.stmt]) -> ast.stmt:
    made = ast.parse("with tf.GradientTape(persistent=True) as tape_:\n    pass").body[0]
    assert isinstance(made, ast.With)
    made.body = body
    return made


def taped(code: str) -> str:
    """A program with a tape around the body of every function and around what the module itself does.

    Raises:
        SyntaxError, ValueError, RecursionError: If it is not one.
    """
    tree = ast.parse(code)
    _Taping().visit(tree)
    first = 0
    while first < len(tree.body) and _stands_first(tree.body[first]):
        first += 1
    rest = tree.body[first:] or [ast.Pass()]
    tree.body = [*tree.body[:first], *ast.parse("import tensorflow as tf").body, _with(rest)]
    return ast.unparse(ast.fix_missing_locations(tree))


def _stands_first(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


# -- checking, each in a process of its own ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cost:
    """What the check of one file took.

    Attributes:
        name: The file, or the program.
        seconds: Processor time, user and system.
        megabytes: The most memory that the process held, the interpreter and gradlint themselves included.
        failure: What went wrong; empty where nothing did.
        findings: How many findings it gave.
    """

    name: str
    seconds: float
    megabytes: float
    failure: str
    findings: int

    @property
    def is_kept(self) -> bool:
        """Whether the limits are kept."""
        return self.seconds <= SECONDS and self.megabytes <= MEGABYTES and not self.failure


def check(path: str, data: bytes) -> tuple[str, int]:
    """Check some bytes as the command does; gives what went wrong inside gradlint, and how many findings there are."""
    from gradlint.runner import check_bytes
    from gradlint.settings import Settings

    result = check_bytes(data, path, Settings())
    told = [problem.message for problem in result.problems if problem.kind == "internal"]
    return (told[0] if told else ""), len(result.findings)


def _child(path: str, held: str, out: int) -> None:
    """Check what stands in the place of a file in this process, which ends with it."""
    resource.setrlimit(resource.RLIMIT_CPU, (STOPPED, STOPPED))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    try:
        with open(held, "rb") as file:
            told = check(path, file.read())
    except BaseException as error:  # this process ends here, and says of what
        told = f"{type(error).__name__}: {error}"[:200], 0
    os.write(out, json.dumps(told).encode()[:4000])
    os._exit(0)


def _put_in(path: str, held: str) -> None:
    """Write a file's program, with tapes put in, in a process of its own; nothing where it is not a program."""
    process = os.fork()
    if process:
        os.waitpid(process, 0)
        return
    try:
        with open(path, "rb") as file:
            text = taped(file.read().decode())
        with open(held, "w", encoding="utf-8") as made:
            made.write(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    finally:
        os._exit(0)


def sweep(paths: Iterable[tuple[str, bytes | None]], jobs: int, folder: str) -> Iterator[Cost]:
    """Check each of some files, several at a time.

    Args:
        paths: Each file, and what is to be checked in its place; where None, the file with tapes put in.
        jobs: How many processes run at a time.
        folder: Where programs can be kept meanwhile.
    """
    running: dict[int, tuple[str, int, str]] = {}
    for number, (path, data) in enumerate(paths):
        held = os.path.join(folder, f"{number}.py")
        with open(held, "wb") as file:
            file.write(data or b"")
        if data is None:
            _put_in(path, held)
        inside, out = os.pipe()
        process = os.fork()
        if not process:
            _child(path, held, out)
        os.close(out)
        running[process] = path, inside, held
        while len(running) >= jobs:
            yield _ended(running)
    while running:
        yield _ended(running)


def _ended(running: dict[int, tuple[str, int, str]]) -> Cost:
    """Wait for one of the running processes."""
    process, status, used = os.wait4(-1, 0)
    path, inside, held = running.pop(process)
    told = os.read(inside, 1 << 16)
    os.close(inside)
    os.unlink(held)
    if os.WIFSIGNALED(status):
        failure, findings = f"stopped: {signal.Signals(os.WTERMSIG(status)).name}", 0
    else:
        failure, findings = json.loads(told)
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Cost(path, used.ru_utime + used.ru_stime, used.ru_maxrss / scale, failure, findings)


# -- the table -----------------------------------------------------------------------------------------------------


def files(folders: list[Path], every: int) -> list[str]:
    """The Python files below some folders, or every so manieth of them."""
    found = {str(path) for folder in folders for path in folder.rglob("*.py") if path.is_file()}
    nested = [str(path) for folder in folders for path in folder.glob("site-packages")]
    return sorted(path for path in found if not path.startswith(tuple(nested)))[::every]


def main(arguments: list[str] | None = None) -> int:
    """Print what passes the limits, and the worst of the rest; the status is 1 where something does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", metavar="FOLDER", help="default: the standard library and site-packages")
    parser.add_argument("--jobs", type=int, default=2, help="how many files are checked at a time")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="check every Nth file only")
    parser.add_argument("--worst", type=int, default=10, metavar="N", help="how many of the worst are shown")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    _prepare()
    if given.what == ["explosive"]:
        todo: list[tuple[str, bytes | None]] = [(name, code.encode()) for name, code in PROGRAMS.items()]
    else:
        folders = [Path(one) for one in given.what] or [
            Path(sysconfig.get_path("stdlib")),
            Path(sysconfig.get_path("purelib")),
        ]
        todo = [(path, None) for path in files(folders, given.every)]
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory() as folder:
        for cost in sweep(todo, given.jobs, folder):
            costs.append(cost)
            if not cost.is_kept:
                print(f"  over: {_row(cost)}", flush=True)
    return _told(costs, given.worst)


def _prepare() -> None:
    """Load what every check needs, so that it is no part of what a file costs."""
    import libcst  # noqa: F401

    from gradlint import checking, registry  # noqa: F401

    registry.load()
    gc.freeze()


def _told(costs: list[Cost], worst: int) -> int:
    over = [cost for cost in costs if not cost.is_kept]
    for title, key in (("processor time", "seconds"), ("memory", "megabytes")):
        print(f"most {title}")
        for cost in sorted(costs, key=lambda one: getattr(one, key), reverse=True)[:worst]:
            print(f"  {_row(cost)}")
    seconds = [cost.seconds for cost in costs] or [0.0]
    print(
        f"{len(costs)} checked, {sum(seconds):.0f} s, half of them under {statistics.median(seconds):.3f} s, "
        f"{sum(cost.findings for cost in costs)} findings; {len(over)} over {SECONDS:g} s or {MEGABYTES:g} MB or failed"
    )
    return 1 if over else 0


def _row(cost: Cost) -> str:
    return f"{cost.seconds:7.2f} s {cost.megabytes:6.0f} MB  {cost.findings:5} findings  {cost.name}  {cost.failure}"


if __name__ == "__main__":
    raise SystemExit(main())
