"""Probes what is in scope and writes the two files: the calls that worked, and the table that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.knowledge.table import TABLE
from tools.generator.calls import dump, load
from tools.generator.crew import probe_all
from tools.generator.hints import hints
from tools.generator.observation import Observation
from tools.generator.probe import method_of, signature_of
from tools.generator.rows import call_row, row
from tools.generator.samples import TRIALS, Sampler, reset
from tools.generator.scope import Subject, resolve, subjects

if TYPE_CHECKING:
    import inspect
    from collections.abc import Mapping
    from pathlib import Path

INSTANCES = ("layer", "loss", "metric", "regularizer", "constraint", "initializer", "schedule")
"""The kinds of class whose instances are called."""


def build(folder: Path, only: str | None = None) -> None:
    """Make the table anew.

    Args:
        folder: Where the journal of the probes is kept.
        only: Probe only the names that begin so, and keep what is known of the others.
    """
    known = in_scope()
    names = [asked(subject) for subject in known]
    wanted = [name for name in names if name and name.startswith(only or "")]
    probed = probe_all(wanted, folder, print)
    calls = load() if only else {}
    for name in wanted:
        calls[name] = {text: Observation.load(seen) for text, seen in probed[name]["calls"].items()}
        if not calls[name]:
            print(f"no call of {name} worked: {probed[name]['errors'][:1]}")
    calls = {name: calls[name] for name in names if calls.get(name)}
    dump(calls)
    TABLE.write_text("".join(line + "\n" for line in lines(known, calls)), encoding="utf-8")
    print(coverage(known, calls))


def in_scope() -> list[Subject]:
    """The public callables, and the methods of classes that there is a hint for."""
    known = subjects()
    there = {name for subject in known for name in (subject.name, *subject.names)}
    plain = (name.removesuffix(".__call__") for name in hints())
    methods = [Subject(resolve(name), name, [name], "function") for name in dict.fromkeys(plain) if name not in there]
    return sorted([*known, *methods], key=lambda subject: subject.name)


def asked(subject: Subject) -> str:
    """The name under which a callable is probed, or "" for a class that nothing is to be learned of by a call."""
    if subject.kind == "function" or subject.name in hints():
        return subject.name
    return f"{subject.name}.__call__" if subject.kind in INSTANCES else ""


def lines(known: list[Subject], calls: Mapping[str, Mapping[str, Observation]]) -> list[str]:
    """The table's lines, sorted.

    Args:
        known: What is in scope.
        calls: The observations, by name and arguments.
    """
    found = []
    for subject in known:
        seen = calls.get(asked(subject), {})
        found.append(row(subject, seen))
        if subject.kind in INSTANCES and seen:
            found.append(call_row(subject, _method_signature(subject, next(iter(seen))), seen))
    return sorted((line for line in found if line), key=lambda line: line.partition("\t")[0])


def coverage(known: list[Subject], calls: Mapping[str, Mapping[str, Observation]]) -> str:
    """How many of the functions in scope have a verdict, in words."""
    words = []
    for what, heads in (("TensorFlow and Keras", ("tensorflow", "keras")), ("NumPy", ("numpy",))):
        names = [
            s.name for s in known if s.kind == "function" and s.name.startswith(heads) and ".compat." not in s.name
        ]
        told = sum(bool(calls.get(name)) for name in names)
        words.append(f"{told} of {len(names)} public functions of {what} have a verdict ({told / len(names):.1%})")
    return "\n".join(words)


def _method_signature(subject: Subject, text: str) -> inspect.Signature | None:
    """The signature of what a class's instances are called by."""
    reset(0)
    made = Sampler(TRIALS[0]).evaluate(text.partition(" => ")[0])
    return signature_of(method_of(subject.value(*made.args, **made.kwargs)))
