"""A probe as a program of its own, that anyone can run with plain TensorFlow: ``--repro DIR``."""

from __future__ import annotations

import ast
import copy
import re
import textwrap
from errno import EEXIST
from typing import TYPE_CHECKING

from gradlint import lines
from gradlint.confirm import marking
from gradlint.confirm.examine import levels
from gradlint.sources.inside import leads_out
from gradlint.sources.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.confirm.examine import BestProbe, Verdict
    from gradlint.confirm.marking import Mark
    from gradlint.finding import Finding
    from gradlint.sources.source import Source

_LONGEST = 150
"""How many characters of a file's path its program's name tells."""

SHOW = '''
def show(what, function):
    """Call the function and print what it gives."""

    def shown(*arguments, **keywords):
        try:
            result = function(*arguments, **keywords)
        except Exception as error:
            print(f"{what}: {type(error).__name__}: {error}")
            raise
        print(f"{what}: {result}")
        return result

    return shown
'''


def write(folder: Path, source: Source, finding: Finding, verdict: Verdict, tensorflow: str | None) -> Path:
    """Write a verdict's probe into a folder, which is made if need be.

    Returns:
        The file's path; its name tells the file, the rule and the line.

    Raises:
        OSError: If it cannot be written, or a link would lead elsewhere.
    """
    if leads_out(str(folder)):
        raise FileExistsError(EEXIST, "it leads out of the working directory by a link", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"\W+", "_", source.path.rpartition(".")[0] or source.path).strip("_")[-_LONGEST:]
    cell = "" if finding.cell is None else f"_cell{finding.cell}"
    path = folder / f"{stem}{cell}_line{finding.location.line}_{finding.code}_{finding.location.column}.py"
    if path.is_symlink():
        raise FileExistsError(EEXIST, "it is a link", str(path))
    path.write_text(program(source, finding, verdict, tensorflow), encoding="utf-8")
    return path


def program(source: Source, finding: Finding, verdict: Verdict, tensorflow: str | None) -> str:
    """A verdict's probe as a program."""
    assert verdict.probe is not None
    tree = _plain(verdict.probe)
    _, package = (source.project or Project(source.path)).package(levels(tree))
    _absolute(tree, package.split("."))
    text, _ = marking.text_of(ast.fix_missing_locations(tree))
    if verdict.probe.way is not None:
        text += f"\n{verdict.probe.attempt.preamble()}{verdict.probe.way}\n"
    cell = "" if finding.cell is None else f"{lines.cell(finding.cell)}, "
    head = [
        f"{finding.code} {finding.name}: {finding.message}",
        f"From {source.path}, {cell}line {finding.location.line}.",
        f"{verdict.judgement.status.capitalize()} with TensorFlow {tensorflow}: {verdict.judgement.detail}.",
    ]
    if any(step.path is not None for step in finding.flow):
        head.append("It imports modules of its project: run it where these can be imported.")
    comment = "\n".join(
        line for part in head for line in textwrap.wrap(part, 100, initial_indent="# ", subsequent_indent="#   ")
    )
    future = [line for line in text.splitlines() if line.startswith("from __future__")]
    rest = "\n".join(line for line in text.splitlines() if not line.startswith("from __future__"))
    needs = [] if "itertools.islice" not in rest else ["import itertools"]
    show = SHOW if "show(" in rest else ""
    return "\n".join([comment, *future, *needs, show, rest]).rstrip() + "\n"


def _absolute(tree: ast.Module, package: list[str]) -> None:
    """Let relative imports name their package, since the program will not lie in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
            node.level, node.module = 0, ".".join(names)


def _plain(probe: BestProbe) -> ast.Module:
    """The program with its marks as plain Python."""
    writer = _Writer(probe)
    tree = writer.visit(copy.deepcopy(probe.attempt.tree))
    assert isinstance(tree, ast.Module)
    return tree


class _Writer(ast.NodeTransformer):
    """Turns marks into plain Python that shows the gradient."""

    def __init__(self, probe: BestProbe) -> None:
        self.probe = probe
        self.gradients = {
            want.mark: gradient for want, gradient in zip(probe.case.wants, probe.case.finding.gradients, strict=False)
        }

    def visit(self, node: ast.AST) -> ast.AST:
        """Visit a node's children, then act on its own marks."""
        found = marking.marks(node)
        result: ast.AST = self.generic_visit(node)
        for mark in found:
            result = self._mark(result, mark)
        return result

    def _mark(self, node: ast.AST, mark: Mark) -> ast.AST:
        if mark.sort == "call" and isinstance(node, ast.Call):
            gradient = self.gradients.get(mark.number)
            what = f"{gradient.target} by {gradient.source}" if gradient else "gradient"
            node.func = ast.Call(ast.Name("show", ast.Load()), [ast.Constant(what), node.func], [])
        elif mark.sort in {"turns", "more"} and mark.number not in self.probe.turns:
            return node
        elif mark.sort == "turns" and isinstance(node, ast.For):
            islice = ast.Attribute(ast.Name("itertools", ast.Load()), "islice", ast.Load())
            node.iter = ast.Call(islice, [node.iter, ast.Constant(self.probe.turns[mark.number])], [])
        elif mark.sort == "more" and isinstance(node, ast.While) and not node.orelse:
            turns = ast.Call(ast.Name("range", ast.Load()), [ast.Constant(self.probe.turns[mark.number])], [])
            leave = ast.If(ast.UnaryOp(ast.Not(), node.test), [ast.Break()], [])
            name = ast.Name("gradlint_turn", ast.Store())
            return ast.copy_location(ast.For(name, turns, [leave, *node.body], []), node)
        elif mark.sort == "leaf" and isinstance(node, ast.expr):
            return self._filled(node, mark)
        return node

    def _filled(self, node: ast.expr, mark: Mark) -> ast.expr:
        trial = self.probe.trial
        if trial.leaf not in {mark.number, -1} or trial.leaf is None:
            return node
        fill = repr(trial.fill)
        if not isinstance(node, ast.Call):
            return ast.parse(fill, mode="eval").body
        text = ast.unparse(node)
        if text.startswith(("np.", "numpy.")):
            filled = f"np.full_like({text}, {fill})"
        else:
            filled = f"tf.fill(tf.shape({text}), {fill})"
            if ".Variable(" in text:
                filled = f"tf.Variable({filled})"
        return ast.parse(filled, mode="eval").body
