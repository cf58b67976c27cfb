"""What each phase of a check costs: `python -m benchmarks.phases`.

Looks at the bytes of every file of the installed site-packages, then parses, analyses and reports on those that name a
tape, one phase after the other in one process, and prints the processor time of each; a LibCST parse of the same files
stands beside it.
"""

from __future__ import annotations

import argparse
import ast
import gc
import sysconfig
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def timed(title: str, work: Callable[[], T]) -> T:
    """Do something and print the processor time that it took."""
    gc.collect()
    gc.disable()
    began = time.process_time()
    result = work()
    seconds = time.process_time() - began
    gc.enable()
    print(f"  {title:52} {seconds:8.3f} s")
    return result


def main(arguments: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=Path, default=Path(sysconfig.get_path("purelib")), help="the real code")
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    _phases(given.packages)
    return 0


def _phases(packages: Path) -> None:
    print(f"the phases of checking {packages.name}, in processor time of one process")

    def imported() -> None:
        from gradlint import checking, runner  # noqa: F401

    timed("import the engine", imported)
    from gradlint import engine, registry
    from gradlint.flow.analysis import analyse
    from gradlint.settings import Resolver
    from gradlint.sources import read
    from gradlint.sources.discover import discover
    from gradlint.sources.files import read_bytes

    rules = timed("import the rules", registry.load)
    files = timed("find the files", lambda: discover([str(packages)], Resolver()).files)
    contents = timed(f"read the {len(files)} files", lambda: [(path, read_bytes(path)) for path, _ in files])
    named = timed("look for a tape's name in them", lambda: [one for one in contents if read.matters(one[1])])
    sources = timed(
        f"decode the {len(named)} that name one", lambda: [read.from_bytes(data, path) for path, data in named]
    )
    timed("parse them (part of the analysis)", lambda: [_parsed(source.code) for source in sources])
    facts = timed("analyse them", lambda: [analyse(source.code) for source in sources])
    timed(
        "ask the rules",
        lambda: [engine.findings(source, fact, rules) for source, fact in zip(sources, facts, strict=True)],
    )

    def concrete() -> None:
        import libcst

        for source in sources:
            libcst.parse_module(source.code)

    timed("for comparison: import LibCST and parse them", concrete)


def _parsed(code: str) -> ast.Module:
    return ast.parse(code)


if __name__ == "__main__":
    raise SystemExit(main())
