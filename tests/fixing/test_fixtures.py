"""The broken fixtures, mended: TensorFlow gives the gradients, gradlint is silent, and nothing is worse than it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.sources.read import from_text

from . import mending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures.catalogue import Program

    from .mending import Mended

SHARE, SHARE_OF_SAMPLE = 0.9, 0.85
"""The share of all broken programs that is mended whole, which only rises, and what it may be in a sample."""


@pytest.fixture(scope="module")
def judged(asked: Callable[[str], list[Program]]) -> dict[str, Mended]:
    """The programs that are asked about, by their paths."""
    return {str(one.program.path): one for one in mending.mend(asked("program") or mending.broken())}


def ids(program: Program) -> str:
    return program.name


@pytest.mark.sweep(every=12)
@pytest.mark.parametrize("program", mending.broken(), ids=ids)
def test_nothing_is_worse(program: Program, judged: dict[str, Mended]) -> None:
    assert judged[str(program.path)].harm is None


@pytest.mark.sweep(every=12)
@pytest.mark.parametrize("program", mending.broken(), ids=ids)
def test_fixing_twice_is_fixing_once(program: Program, judged: dict[str, Mended]) -> None:
    once = judged[str(program.path)].result.after
    again = mending.fixed_source(from_text(once.text, once.path))
    assert again.after.text == once.text


def test_the_share_that_is_mended(judged: dict[str, Mended], whole: bool, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = list(judged.values())
    mended = [one.program.name for one in chosen if one.whole]
    with capsys.disabled():
        print(f"\nmended {len(mended)} of {len(chosen)}")
    left = sorted(one.program.name for one in chosen if not one.whole)
    share = SHARE if whole else SHARE_OF_SAMPLE
    assert len(mended) >= share * len(chosen), f"mended {len(mended)} of {len(chosen)}; left: {left}"
