"""False claims for the judge: findings forged on programs that lose no gradient, and true findings moved.

``python -m tests.confirm.forged`` hands them all to TensorFlow's judge and prints every one that it confirms; it ends
with status 1 where there is one. ``--every N`` takes each Nth program, the first of which is the one that ``--first``
numbers, so that the whole can be run in N pieces; ``--kind clean`` or ``moved`` takes one sort, ``--name TEXT`` the
programs with a text in their names, and ``--outcome`` those that claim it: zeros, partial losses and NaN take many
runs each.

- *clean*: for each gradient call of a program without findings, each of its sources and each outcome, a finding
  that points at the call; and one that points at an expression before it.
- *moved*: for each finding on a broken program, the same with another outcome, with another source of the call, and
  pointing at other places.

What really comes of each call is observed first, by running the programs plainly; a forged claim that happens to be
true is left out.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gradlint import registry
from gradlint.confirm import Confirmer, Options
from gradlint.confirm.places import METHODS, NodePlaces, sources_of
from gradlint.finding import Finding, Gradient
from gradlint.sources.read import from_text
from tests.confirm.verdicts import Case, cases
from tests.fixtures import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gradlint.finding import Confirmation, Outcome
    from gradlint.sources.source import Source

OUTCOMES: dict[Outcome, tuple[str, str | None]] = {
    "none": ("GT307", None),
    "error": ("GT401", "RuntimeError"),
    "partial": ("GT201", None),
    "zero": ("GT405", None),
    "nan": ("GT601", None),
}
"""For each outcome a rule whose findings claim it, and an exception."""

BEFORE: dict[Outcome, str] = {"none": "GT201", "partial": "GT202", "error": "GT302"}
"""Rules whose findings point at a place before the gradient call."""

Truth = dict[int, set[str]]
"""For each line on which a gradient was asked for, what came of it, in whatever run and for whatever source."""


@dataclass(frozen=True)
class Forged:
    """A false claim and the program that it is about."""

    name: str
    source: Source
    finding: Finding
    how: str


# What really comes of the programs.


def observe(codes: Sequence[str]) -> list[Truth]:
    """Run programs plainly, in a process of their own, and tell what came of their gradient calls."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "programs.json").write_text(json.dumps(list(codes)), encoding="utf-8")
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": "Agg"}
        root = str(Path(__file__).parents[2])
        done = subprocess.run(
            [sys.executable, "-m", "tests.confirm.forged", "--observe", "programs.json"],
            cwd=folder,
            env={**environment, "PYTHONPATH": root},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    return [{int(line): set(outcomes) for line, outcomes in one.items()} for one in found]


def _observe(path: str) -> None:
    import tensorflow as tf

    found = []
    for number, code in enumerate(json.loads(Path(path).read_text(encoding="utf-8"))):
        truth: dict[int, set[str]] = {}
        with _recording(tf, f"<{number}>", truth), contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(compile(code, f"<{number}>", "exec"), vars(ModuleType("__main__")))
            except BaseException as error:
                trace = error.__traceback__
                while trace is not None:
                    if trace.tb_frame.f_code.co_filename == f"<{number}>":
                        truth.setdefault(trace.tb_lineno, set()).add("error")
                    trace = trace.tb_next
        tf.keras.backend.clear_session()
        tf.config.run_functions_eagerly(False)
        found.append({line: sorted(outcomes) for line, outcomes in truth.items()})
    print(json.dumps(found))


@contextlib.contextmanager
def _recording(tf: Any, filename: str, truth: dict[int, set[str]]) -> Iterator[None]:
    kept = {method: getattr(tf.GradientTape, method) for method in METHODS}

    def wrap(original: Any) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            frame = sys._getframe(1)
            while frame.f_back is not None and frame.f_code.co_filename != filename:
                frame = frame.f_back
            seen = truth.setdefault(frame.f_lineno, set())
            try:
                result = original(*arguments, **keywords)
            except Exception:
                seen.add("error")
                raise
            seen |= {_outcome(tf, one) for one in tf.nest.flatten(result)}
            return result

        return call

    for method, original in kept.items():
        setattr(tf.GradientTape, method, tf.autograph.experimental.do_not_convert(wrap(original)))
    try:
        yield
    finally:
        for method, original in kept.items():
            setattr(tf.GradientTape, method, original)


def _outcome(tf: Any, gradient: Any) -> str:
    import numpy as np

    if gradient is None:
        return "none"
    if not hasattr(tf.convert_to_tensor(gradient), "numpy"):
        return "value"
    array = np.asarray(tf.convert_to_tensor(gradient))
    if not np.isfinite(array).all():
        return "nan"
    return "value" if array.any() else "zero"


# Forging.


def clean_programs() -> Iterator[tuple[str, Source]]:
    """The programs that lose no gradient: fixtures, clean or fixed, and the rules' own."""
    for program in catalogue.programs():
        if program.role != "broken":
            yield program.name, program.source
    for rule in registry.load():
        texts = [*(example.fixed for example in rule.examples if example.fixed), *rule.clean]
        for number, text in enumerate(texts):
            yield f"{rule.code} clean {number}", from_text(text, f"{rule.code}_{number}.py")


def _on_clean(source: Source, truth: Truth) -> Iterator[tuple[Finding, str]]:
    """Findings of every outcome at every gradient call of a program that has none."""
    tree = ast.parse(source.code)
    places = NodePlaces(source, tree)
    for call in _calls(places):
        lines = range(call.lineno, (call.end_lineno or call.lineno) + 1)
        seen = set().union(*(truth.get(line, set()) for line in lines))
        for text in _sources(call):
            for outcome, (code, exception) in OUTCOMES.items():
                if outcome not in seen:
                    yield _finding(places, call, text, outcome, code, exception, call), f"{outcome} at the call"
        first = next(iter(_sources(call)), None)
        for before in _places_before(tree, call):
            for outcome, code in BEFORE.items():
                if first is not None and outcome not in seen:
                    exception = "LookupError" if outcome == "error" else None
                    yield _finding(places, call, first, outcome, code, exception, before), f"{outcome} before the call"


def _calls(places: NodePlaces) -> list[ast.Call]:
    return [
        node
        for node in places.nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS
    ]


def _sources(call: ast.Call) -> list[str]:
    argument = sources_of(call)
    if argument is None:
        return []
    if isinstance(argument, (ast.List, ast.Tuple)):
        return [ast.unparse(element) for element in argument.elts if not isinstance(element, ast.Starred)]
    return [ast.unparse(argument)]


def _places_before(tree: ast.Module, call: ast.Call) -> list[ast.expr]:
    """The values of the last two assignments that begin on a line before the call's."""
    found = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.Return)) and node.value is not None and node.lineno < call.lineno
        if "stop_gradient" not in ast.unparse(node)  # What is stopped is missing, so that the claim would be true.
    ]
    return sorted(found, key=lambda node: node.lineno)[-2:]


def _finding(
    places: NodePlaces, call: ast.Call, source: str, outcome: Outcome, code: str, exception: str | None, at: ast.expr
) -> Finding:
    assert isinstance(call.func, ast.Attribute)
    cell, start = places.start(call)
    target = ast.unparse(call.args[0]) if call.args else ""
    lost = Gradient(cell, start.line, start.column, call.func.attr, target, source, outcome, exception)
    where, here = places.start(at)
    return Finding(code, "forged", "error", "forged", places.source.path, where, here, places.end(at), (lost,))


def _moved(source: Source, findings: Sequence[Finding], truth: Truth) -> Iterator[tuple[Finding, str]]:
    """True findings with another outcome, another source or another place."""
    for finding in findings:
        if finding.gradients:
            yield from _variants(source, finding, findings, truth)


def _variants(
    source: Source, finding: Finding, others: Sequence[Finding], truth: Truth
) -> Iterator[tuple[Finding, str]]:
    lost = finding.gradients[0]
    places = NodePlaces(source, ast.parse(source.code))
    call = places.call(lost)
    if call is None:
        return
    seen = set().union(*(truth.get(line, set()) for line in range(call.lineno, (call.end_lineno or 0) + 1)))
    for outcome, (_, exception) in OUTCOMES.items():
        if outcome != lost.outcome and outcome not in seen:
            yield replace(finding, gradients=(replace(lost, outcome=outcome, exception=exception),)), f"kind {outcome}"
    yield replace(finding, gradients=(replace(lost, source="another_source"),)), "source"
    near = {finding.location.line, *(step.line for step in finding.flow), *(one.location.line for one in others)}
    causes = {one.location.line for one in (finding, *others)}
    if finding.location.line in range(call.lineno, (call.end_lineno or 0) + 1):
        near |= _making(places, call)
    if lost.outcome == "error":
        near |= {line for line, came in truth.items() if "error" in came}
    for node in _elsewhere(places, call, near, causes):
        where, start = places.start(node)
        yield replace(finding, cell=where, location=start, end_location=places.end(node), gradients=(lost,)), "place"


def _elsewhere(places: NodePlaces, call: ast.Call, near: set[int], causes: set[int]) -> list[ast.expr]:
    """Values of other statements, none of which the finding or another one speaks of.

    Nor is any that calls a function in which the cause of one stands, or hands over a lambda that reads what the call
    asks for: the gradient is lost within that call, so that the claim would be true.
    """
    found = []
    leading = _leading(places, causes)
    held = _held_functions(places, causes)
    for node in places.nodes():
        if not isinstance(node, (ast.Assign, ast.Return, ast.Expr)) or node.value is None:
            continue
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        touched = {places.source.locate(line, 0)[1].line for line in lines}
        if touched & near or call.lineno in lines or isinstance(node.value, (ast.Constant, ast.Name)):
            continue
        called = {_name(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        if leading & called or (called and leading & {"__call__", "call"}) or (held and called):
            continue
        if any(isinstance(part, ast.Lambda) and _names(part) & _names(call) for part in ast.walk(node)):
            continue
        found.append(node.value)
    return sorted(found, key=lambda node: abs(node.lineno - call.lineno))[:3]


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _held_functions(places: NodePlaces, causes: set[int]) -> bool:
    """Whether a cause stands in a lambda, which any call may run."""
    return any(
        isinstance(node, ast.Lambda)
        and any(
            places.source.locate(line, 0)[1].line in causes for line in range(node.lineno, (node.end_lineno or 0) + 1)
        )
        for node in places.nodes()
    )


def _making(places: NodePlaces, call: ast.Call) -> set[int]:
    """The lines that make a call's target: a finding at the call itself may as well point there."""
    names = {one.id for one in ast.walk(call.args[0]) if isinstance(one, ast.Name)} if call.args else set()
    return {
        places.source.locate(node.lineno, 0)[1].line
        for node in places.nodes()
        if isinstance(node, ast.Assign) and names & {one.id for one in node.targets if isinstance(one, ast.Name)}
    }


def _leading(places: NodePlaces, near: set[int]) -> set[str]:
    """The functions in which some lines stand, and those that call them."""
    functions = [node for node in places.nodes() if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    found: set[str] = set()
    while True:
        more = {
            one.name
            for one in functions
            if any(
                places.source.locate(line, 0)[1].line in near for line in range(one.lineno, (one.end_lineno or 0) + 1)
            )
            or found & {_name(part.func) for part in ast.walk(one) if isinstance(part, ast.Call)}
        }
        if more <= found:
            return found
        found |= more


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def judge(confirmer: Confirmer, claims: Sequence[Forged]) -> Iterator[tuple[Forged, Confirmation]]:
    """The verdicts on forged claims as they are reached; those on one program are judged side by side."""
    grouped: dict[str, list[Forged]] = {}
    for claim in claims:
        grouped.setdefault(claim.name, []).append(claim)
    programs = list(grouped.values())
    work = [(some[0].source, [one.finding for one in some]) for some in programs]
    for number, index, verdict in confirmer.confirm_all(work):
        yield programs[number][index], verdict


def claims(kinds: Iterable[str], every: int, folder: Path, *, first: int = 0) -> list[Forged]:
    """The forged claims of some kinds on each so-manieth program, from the first one on."""
    part = slice(first, None, every)
    chosen: list[Case] = []
    if "clean" in kinds:
        chosen += [Case(name, source, ()) for name, source in list(clean_programs())[part]]
    if "moved" in kinds:
        chosen += cases(("fixtures", "examples", "truth"), folder, part=part)
    made: list[Forged] = []
    for case, truth in zip(chosen, observe([case.source.code for case in chosen]), strict=True):
        if case.findings:
            found = _moved(case.source, case.findings, truth)
        else:
            found = _on_clean(case.source, truth) if truth else iter(())
        made += [Forged(case.name, case.source, finding, how) for finding, how in found]
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is confirmed of what is false, and give the exit status."""
    parser = argparse.ArgumentParser(description="Hand forged findings to TensorFlow's judge.")
    parser.add_argument("--observe", metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="K")
    parser.add_argument("--name", default="", help="only programs whose name has this in it")
    parser.add_argument("--kind", choices=("clean", "moved"), action="append")
    parser.add_argument("--outcome", choices=tuple(OUTCOMES), action="append", help="only claims of such outcomes")
    parser.add_argument("--progress", action="store_true", help="tell on standard error how far it is")
    options = parser.parse_args(arguments)
    if options.observe:
        _observe(options.observe)
        return 0
    with tempfile.TemporaryDirectory() as folder, Confirmer(Options(timeout=60)) as confirmer:
        made = claims(options.kind or ("clean", "moved"), options.every, Path(folder), first=options.first)
        made = [claim for claim in made if options.name in claim.name]
        asked = options.outcome or tuple(OUTCOMES)
        made = [claim for claim in made if claim.finding.gradients[0].outcome in asked]
        counts: Counter[tuple[str, str]] = Counter()
        for claim, verdict in judge(confirmer, made):
            counts[(claim.how, verdict.status)] += 1
            if verdict.status == "confirmed":
                finding, lost = claim.finding, claim.finding.gradients[0]
                where = f"{claim.name}:{finding.location.line}"
                print(f"{where} {finding.code} {lost.source}: {lost.outcome} at {lost.line}")
                print(f"    {claim.how}: {verdict.detail}", flush=True)
            if options.progress and counts.total() % 100 == 0:
                print(f"{counts.total()} of {len(made)}", file=sys.stderr, flush=True)
    for (how, status), count in sorted(counts.items()):
        print(f"{how:24} {status:12} {count:6}")
    confirmed = sum(count for (_, status), count in counts.items() if status == "confirmed")
    print(f"{counts.total()} forged claims on {len({claim.name for claim in made})} programs: {confirmed} confirmed")
    return int(confirmed > 0)


if __name__ == "__main__":
    sys.exit(main())
