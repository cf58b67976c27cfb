"""The stored calls are made again with the installed TensorFlow; nothing may be different from what the table says.

A quick run makes one in sixteen of them, ``--whole`` all.
"""

from __future__ import annotations

import inspect
import warnings
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from gradlint.knowledge.table import TABLE
from tests.sampling import sample
from tools.generator import calls

if TYPE_CHECKING:
    from tools.generator.scope import Subject

CALLS = calls.load()
EVERY = 16


def chapters() -> dict[str, list[str]]:
    """The names by the module that they stand in, so that a failure says where to look."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in CALLS:
        found[".".join(name.removesuffix(".__call__").split(".")[:-1])].append(name)
    return found


@pytest.fixture(scope="module")
def scope() -> dict[str, Subject]:
    from tools.generator import build

    return {build.asked(subject): subject for subject in build.in_scope()}


@pytest.mark.parametrize("chapter", sorted(chapters()))
def test_every_call_does_what_it_did(chapter: str, scope: dict[str, Subject], whole: bool) -> None:
    from tools.generator.probe import observe

    different = []
    made = [(name, text) for name in chapters()[chapter] for text in CALLS[name]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, text in sample(made, EVERY, whole=whole, name="".join):
            before = CALLS[name][text].dump()
            try:
                now = observe(scope[name].value, text).dump()
            except Exception as error:
                now = f"{type(error).__name__}: {error}"
            if now != before:
                different.append(f"{name}({text})\n  was {before}\n  is  {now}")
    assert not different, "\n".join(different)


def test_the_table_is_what_the_calls_make() -> None:
    from tools.generator import build

    assert build.lines(build.in_scope(), CALLS) == TABLE.read_text(encoding="utf-8").splitlines()


def test_nearly_every_public_function_has_a_verdict(scope: dict[str, Subject]) -> None:
    functions = [name for name, subject in scope.items() if subject.kind == "function" and not name.startswith("numpy")]
    assert len(functions) >= 1350
    assert sum(name in CALLS for name in functions) / len(functions) >= 0.95
    assert all(not inspect.isclass(scope[name].value) for name in functions)
