"""The examples of a rule: a Markdown page beside its module, which is read on demand.

Each part of the page is an example: a broken program, what its gradient call gives, and the same program fixed. The
last part, *Clean*, holds programs in which the rule finds nothing::

    ## The mean of a loss

    Broken, none:

    ```python
    ...
    ```

    Fixed:

    ```python
    ...
    ```

    ## Clean

    ```python
    ...
    ```

``Broken`` is followed by the outcome: ``none``, ``partial``, ``zero``, ``nan``, ``error``, or ``no loss``; then by the
exception's name if the program raises one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.finding import Outcome

_PART = re.compile(r"^## (?P<title>[^\n]+)\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BROKEN = re.compile(r"^Broken, (?P<outcome>no loss|[a-z]+)(?: (?P<exception>\w+))?:$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A program that shows a rule at work; the tests run it through gradlint and through TensorFlow.

    Attributes:
        title: What the program is, as a short phrase.
        broken: A complete program in which the rule finds exactly one thing.
        fixed: The same program fixed; gradlint finds nothing in it.
        outcome: What the broken program's gradient call gives for the source; None if nothing is lost.
        exception: The type of the exception that the broken program raises, if it does.
    """

    title: str
    broken: str
    fixed: str
    outcome: Outcome | None = "none"
    exception: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The content of a page of examples."""

    examples: tuple[Example, ...] = ()
    clean: tuple[str, ...] = ()


class PageError(ValueError):
    """A page of examples is malformed."""


def read_page(path: Path) -> Page:
    """The examples of a page; none if the page does not exist.

    Raises:
        PageError: If a part of the page lacks its outcome or one of its two programs.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Page()
    examples, clean = [], ()
    for part in _PART.finditer(text):
        programs = tuple(_PROGRAM.findall(part["body"]))
        if part["title"] == "Clean":
            clean = programs
            continue
        broken = _BROKEN.search(part["body"])
        if broken is None or len(programs) != 2:
            wanted = "'Broken, <outcome>:', a program, 'Fixed:' and a program belong here"
            raise PageError(f"{path}: {part['title']}: {wanted}")
        outcome = None if broken["outcome"] == "no loss" else cast("Outcome", broken["outcome"])
        examples.append(Example(part["title"], *programs, outcome, broken["exception"]))
    return Page(tuple(examples), clean)
