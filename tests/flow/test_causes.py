"""The causes as a whole: a class for each kind, and nothing in them that the analysis never makes."""

from __future__ import annotations

import ast
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import pytest

from gradlint.flow import causes, facts
from gradlint.flow.causes import Rebound, Unwatched
from gradlint.flow.facts import Asked, Cause, Kind, Span, merged, places

FLOW = Path(causes.__file__).parent
CLASSES = [one for one in vars(causes).values() if isinstance(one, type) and issubclass(one, Cause)]
LEAVES = [one for one in CLASSES if hasattr(one, "kind")]


@cache
def words_of_the_analysis() -> set[str]:
    """Every string that the analysis holds outside of the module of the causes."""
    return {
        node.value
        for path in FLOW.rglob("*.py")
        if path.name != "causes.py" or path.parent != FLOW
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_each_kind_has_one_class() -> None:
    assert sorted(one.kind for one in LEAVES) == sorted(Kind)


@pytest.mark.parametrize("cause", LEAVES, ids=lambda cause: cause.__name__)
def test_a_cause_holds_no_mapping_and_every_word_of_it_is_made(cause: type[Cause]) -> None:
    hints = get_type_hints(cause, {**vars(facts), **vars(causes)})
    made = words_of_the_analysis()
    for field in fields(cause):
        hint = hints[field.name]
        assert get_origin(hint) is not dict
        for word in get_args(hint):
            if isinstance(word, str):
                assert word in {"", field.default} or word in made, f"nothing makes {cause.__name__}({word!r})"


def test_what_a_cause_leaves_open_another_of_its_place_fills() -> None:
    span = Span(3, 0, 3, 4)
    assert merged(Rebound("x"), Rebound("y", span, later_turn=True)) == Rebound("x", span, later_turn=True)
    assert merged(Rebound("x"), Unwatched()) == Rebound("x")
    assert list(places(Rebound("x", span))) == [span]
    assert list(places(Asked(span, definition=span))) == [span, span]
    assert list(places(None)) == []
