"""Makes a program smaller while the analysis stays as wrong about one of its gradients."""

from __future__ import annotations

import ast
import contextlib
import io
import logging
import warnings
from typing import TYPE_CHECKING

from tests.fixtures.observe import Recorder
from tests.generated.judging import judge
from tests.generated.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.generated.judging import Verdict

_recorders: list[Recorder] = []


def recorder() -> Recorder:
    """The recorder of this process."""
    if not _recorders:
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        _recorders.append(Recorder())
    return _recorders[0]


def same(program: Program, code: str, wanted: Verdict) -> bool:
    """Whether a smaller program is run without error and is judged wrongly in the same way."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        observation = recorder().run(program.name, code)
    if observation.raised and not any(word.startswith("error") for word in wanted.truth):
        return False
    judged = judge(Program(program.name, code, program.features), observation)
    return any(
        verdict.sort == wanted.sort and verdict.truth == wanted.truth and verdict.said == wanted.said
        for verdict in judged.wrong
    )


def bodies(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every list of statements in a program."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield body


def smaller(code: str) -> Iterator[str]:
    """Programs with one statement less, or with a block's statements in its place, the last ones first."""
    tree = ast.parse(code)
    for body in bodies(tree):
        for index in reversed(range(len(body))):
            taken = body[index]
            rest = [] if len(body) > 1 or body is getattr(tree, "body", None) else [ast.Pass()]
            if isinstance(taken, ast.Pass):
                continue
            body[index : index + 1] = rest
            yield ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            body[index : index + len(rest)] = [taken]
            if isinstance(taken, ast.If | ast.For | ast.While | ast.Try):
                body[index : index + 1] = taken.body
                yield ast.unparse(ast.fix_missing_locations(tree)) + "\n"
                body[index : index + len(taken.body)] = [taken]
    for node in ast.walk(tree):
        for name, value in list(ast.iter_fields(node)):
            if not isinstance(value, ast.BinOp | ast.Call):
                continue
            parts = [value.left, value.right] if isinstance(value, ast.BinOp) else value.args
            for part in parts:
                if isinstance(part, ast.Starred | ast.Constant):
                    continue
                setattr(node, name, part)
                yield ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            setattr(node, name, value)


def shrink(program: Program, wanted: Verdict, tries: int = 100) -> str:
    """The smallest program that was found within some tries."""
    code = ast.unparse(ast.parse(program.code)) + "\n"
    if not same(program, code, wanted):
        return program.code
    changed = True
    while changed and tries > 0:
        changed = False
        for candidate in smaller(code):
            tries -= 1
            if tries <= 0:
                break
            if same(program, candidate, wanted):
                code, changed = candidate, True
                break
    return code
