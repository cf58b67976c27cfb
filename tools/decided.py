"""Prints how many gradient calls of a tree are decided, and why the rest are not: ``python -m tools.decided PATHS``.

A call is decided where each of its sources surely is connected, or surely lost, wholly or in part. The reasons for the
others are counted, the commonest first: where there is most to be taught.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from gradlint.api import SourceError
from gradlint.checking import facts_of
from gradlint.settings import Settings
from gradlint.sources.read import matters, read_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.flow.facts import CallAnswers, Question

MOST = 25
"""How many reasons are printed."""
_NAME = re.compile(r"`[^`]*`")


def calls_of(paths: Iterable[str]) -> Iterator[CallAnswers]:
    """The gradient calls that the analysis reaches in some files and folders."""
    for path in paths:
        for file in sorted(Path(path).rglob("*.py")) if Path(path).is_dir() else [Path(path)]:
            yield from _of_file(file)


def _of_file(file: Path) -> tuple[CallAnswers, ...]:
    try:
        if not matters(file.read_bytes()):
            return ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return facts_of(read_path(file), Settings()).calls
    except (OSError, SyntaxError, ValueError, SourceError):
        return ()


def is_decided(call: CallAnswers) -> bool:
    """Whether the answer to each of a call's questions is sure."""
    return bool(call.questions) and all(_is_sure(question) for question in call.questions)


def _is_sure(question: Question) -> bool:
    return question.answer in {"lost", "partial"} or (question.answer == "connected" and question.proved)


def reason(call: CallAnswers) -> str:
    """Why a call is not decided, without the names of the program."""
    for question in call.questions:
        if not _is_sure(question):
            return _NAME.sub("`…`", question.because) or f"{question.answer}, and no premise is open"
    return "no source is known"


def main(paths: list[str]) -> None:
    """Print the count and the reasons."""
    calls = list(calls_of(paths))
    decided = sum(map(is_decided, calls))
    share = f" ({100 * decided / len(calls):.1f} %)" if calls else ""
    print(f"{decided} of {len(calls)} gradient calls are decided{share}")
    for text, count in Counter(reason(call) for call in calls if not is_decided(call)).most_common(MOST):
        print(f"{count:6}  {text}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["."])
