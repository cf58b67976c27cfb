"""Writes what is generated in the documentation: ``python -m tools.docs``; ``--check`` only says what is not current.

The pages in ``docs/rules`` and the pictures are made whole. In the other pages the text between two markers is made::

    <!-- rules -->
    <!-- /rules -->
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint import registry
from gradlint.checking import check, drawings_of
from gradlint.documentation import page, table
from gradlint.options import OPTIONS, schema
from gradlint.picture.mermaid import mermaid
from gradlint.picture.svg import svg
from gradlint.picture.text import plain
from gradlint.reporting import FORMATS
from gradlint.reporting.report import Report
from gradlint.reporting.style import Style
from gradlint.settings import Settings
from gradlint.sources.project import Project
from gradlint.sources.read import from_text
from tools.published import section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gradlint.picture.record import Drawing, Node
    from gradlint.rule import Rule

ROOT = Path(__file__).parent.parent
_RULES = ROOT / "docs" / "rules"
_NOTICE = "<!-- Made from the rule by `python -m tools.docs`; change the rule, not this page. -->\n\n"
_MARKERS = re.compile(r"(<!-- (?P<name>[a-z-]+)(?: (?P<argument>\S+))? -->\n).*?(<!-- /(?P=name) -->)", re.DOTALL)


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    rules = registry.load()
    files: dict[Path, str] = {}
    for rule in rules:
        calls = _lost(rule)
        shown = f"![What the first program loses, drawn]({rule.code}.svg)" if calls else ""
        files[_RULES / f"{rule.code}.md"] = f"{_NOTICE}{page(rule, shown)}\n{section(rule.code)}"
        if calls:
            files[_RULES / f"{rule.code}.svg"] = svg(calls)
    files[_RULES / "README.md"] = f"# The rules\n\n{table(rules, '{code}.md')}"
    files |= pictures()
    for folder in ("docs", "gradlint"):
        files[ROOT / folder / "settings.schema.json"] = json.dumps(schema(), indent=2) + "\n"
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        files[path] = _filled(path)
    return files


def pictures() -> dict[Path, str]:
    """The pictures in ``docs/pictures``, by the programs that stand in the pages."""
    program = _programs(ROOT / "docs" / "graph.md")[0]
    return {ROOT / "docs" / "pictures" / "decay.svg": svg(_drawn(program, "decay.py"))}


def _lost(rule: Rule) -> tuple[Drawing, ...]:
    """The gradient calls of a rule's first broken program that it reports; else those that lose something at all."""
    if not rule.examples:
        return ()
    calls = _drawn(rule.examples[0].broken.strip() + "\n", f"{rule.name}.py")
    said = f"{rule.code} {rule.name}"
    own = tuple(call for call in calls if any(said in text for node in call.nodes for text in _said(node)))
    return own or tuple(call for call in calls if any(node.marks for node in call.nodes))


def _said(node: Node) -> list[str]:
    return [node.note, *(mark.text for mark in node.marks)]


def _programs(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), flags=re.DOTALL)


def _drawn(program: str, name: str) -> tuple[Drawing, ...]:
    return drawings_of(from_text(program, name), Settings())


def _filled(path: Path) -> str:
    def part(match: re.Match[str]) -> str:
        return match[1] + _PARTS[match["name"]](match["argument"] or "", path) + match[4]

    return _MARKERS.sub(part, path.read_text("utf-8"))


def stale(files: Mapping[Path, str] | None = None) -> Iterator[Path]:
    """The generated files that are not current, and the pages and pictures of rules that are no more."""
    files = generated() if files is None else files
    for path, text in files.items():
        if not path.exists() or path.read_text("utf-8") != text:
            yield path
    yield from (path for path in sorted(_RULES.iterdir()) if path not in files)


def main() -> int:
    """Write the generated files, or with ``--check`` name those that are not current."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something is stale")
    check = parser.parse_args().check
    files = generated()
    found = list(stale(files))
    for path in found:
        print(f"{'not current' if check else 'written'}: {path.relative_to(ROOT)}")
        if check:
            continue
        if path in files:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], "utf-8")
        else:
            path.unlink()
    return 1 if check and found else 0


def _rules(argument: str, path: Path) -> str:
    link = "docs/rules/{code}.md" if path.parent == ROOT else "rules/{code}.md"
    return "\n" + table(registry.load(), link) + "\n"


def _options(argument: str, path: Path) -> str:
    rows = ["| key | value | default | what it does |", "| --- | --- | --- | --- |"]
    for option in OPTIONS.values():
        default = "" if option.default is None else _default(option.default)
        cells = (f"`{option.key}`", option.type.expected, default, option.help)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n" + "\n".join(rows) + "\n\n"


def _default(value: object) -> str:
    text = json.dumps(value, default=list)
    return f"`{text}`" if len(text) < 60 else "see `gradlint config --isolated`"


def _formats(argument: str, path: Path) -> str:
    rows = ["| format | what it is |", "| --- | --- |"]
    rows += [f"| [`{each.name}`](#{each.name}) | {each.summary} |" for each in FORMATS.values()]
    return "\n" + "\n".join(rows) + "\n\n"


def _help(argument: str, path: Path) -> str:
    from click.testing import CliRunner

    from gradlint.cli import main

    result = CliRunner().invoke(main, [*argument.split(","), "--help"], prog_name="gradlint", env={"COLUMNS": "80"})
    return f"\n```text\n{result.output.rstrip()}\n```\n\n"


def _says(argument: str, path: Path) -> str:
    """What gradlint says of the first of the Python programs that stand before the marker, under the names given."""
    before = path.read_text("utf-8").partition(f"<!-- says {argument} -->")[0]
    names = argument.split(",")
    programs = re.findall(r"```python\n(.*?)```", before, flags=re.DOTALL)[-len(names) :]
    texts = dict(zip(names, programs, strict=True))
    project = Project(names[0], {os.path.abspath(name): text for name, text in texts.items()})
    checked = check(from_text(programs[0], names[0], project=project), Settings())
    report = Report(checked.findings, files=1, tapes=checked.tapes, lines=lambda path, cell: texts[path].splitlines())
    return f"\n```text\n$ gradlint {names[0]}\n{FORMATS['full'].render(report, Style()).rstrip()}\n```\n\n"


def _graph(argument: str, path: Path) -> str:
    """What ``gradlint graph`` draws of the first Python program of the page, in the format given."""
    calls = _drawn(_programs(path)[0], "decay.py")
    if argument == "mermaid":
        return f"\n```mermaid\n{mermaid(calls)}```\n\n"
    return f"\n```text\n$ gradlint graph decay.py\n{plain(calls[0])}```\n\n"


_PARTS: Mapping[str, Callable[[str, Path], str]] = {
    "rules": _rules,
    "options": _options,
    "formats": _formats,
    "graph": _graph,
    "help": _help,
    "says": _says,
}


if __name__ == "__main__":
    sys.exit(main())
