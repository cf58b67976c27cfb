"""The process that probes: it may die, so it writes down what it is about to do before it does it."""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any, TextIO

from tools.generator.hints import hints
from tools.generator.scope import Subject, kind_of, resolve, subjects
from tools.generator.search import Search


def work(todo: Path, journal: Path) -> None:
    """Probe the callables of a list, and write each step to a journal.

    Args:
        todo: A JSON file: the names, and the calls that are not to be made again.
        journal: The file that the steps are appended to, one JSON object a line.
    """
    warnings.simplefilter("ignore")
    request = json.loads(todo.read_text())
    known = {subject.name: subject for subject in subjects()}
    given = hints()
    with journal.open("a", encoding="utf-8") as out:
        for name in request["names"]:
            _write(out, {"begin": name})
            refused = frozenset(request["refused"].get(name, ()))
            _write(out, {"end": name, **_probe(name, known, given, refused, out)})


def _probe(
    name: str, known: dict[str, Subject], given: dict[str, list[str]], refused: frozenset[str], out: TextIO
) -> dict[str, Any]:
    plain = name.removesuffix(".__call__")
    target = known[plain].value if plain in known else resolve(plain)
    search = Search(target, lambda text: _write(out, {"try": text}), refused)
    if name == plain:
        found = search.run(given.get(name) or given.get(name.replace(".compat.v1.", ".", 1), []))
    else:
        found = search.run_instances(kind_of(target), given.get(name, []))
    return {"calls": {text: seen.dump() for text, seen in found.items()}, "errors": search.errors[:4]}


def _write(out: TextIO, record: dict[str, Any]) -> None:
    out.write(json.dumps(record) + "\n")
    out.flush()


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]))
