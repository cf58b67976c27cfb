"""The broken fixtures, mended: TensorFlow gives the gradients, gradlint is silent, and nothing is worse than it was."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from gradlint.sources.read import from_text

from . import mending

if TYPE_CHECKING:
    from tests.fixtures.catalogue import Program

    from .mending import Mended

SHARE = 0.9
"""The share of all broken programs that is mended whole; it only rises."""


@cache
def judged() -> tuple[Mended, ...]:
    return tuple(mending.mend(mending.broken()))


def ids(program: Program) -> str:
    return program.name


@pytest.mark.parametrize("program", mending.broken(), ids=ids)
def test_nothing_is_worse(program: Program) -> None:
    one = next(one for one in judged() if one.program.path == program.path)
    assert one.harm is None


@pytest.mark.parametrize("program", mending.broken(), ids=ids)
def test_fixing_twice_is_fixing_once(program: Program) -> None:
    once = next(one for one in judged() if one.program.path == program.path).result.after
    again = mending.fixed_source(from_text(once.text, once.path))
    assert again.after.text == once.text


def test_the_share_that_is_mended(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = judged()
    whole = [one.program.name for one in chosen if one.whole]
    with capsys.disabled():
        print(f"\nmended {len(whole)} of {len(chosen)}")
    left = sorted(one.program.name for one in chosen if not one.whole)
    assert len(whole) >= SHARE * len(chosen), f"mended {len(whole)} of {len(chosen)}; left: {left}"
