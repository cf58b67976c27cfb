"""Watching from within a program: ``gradlint.watching()`` and ``gradlint.explain()``."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING, Any

from gradlint.runtime.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding


class Watched:
    """What a watched part of a program has shown so far.

    Attributes:
        findings: One for each place where a gradient was lost, in the order in which they were seen.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def __str__(self) -> str:
        return "\n".join(f"{one.path}:{one.location.line}: {one.code} {one.message}" for one in self.findings)


@contextlib.contextmanager
def watching(*, show: bool = True) -> Iterator[Watched]:
    """Watch the gradient calls of a ``with`` block.

    Args:
        show: Whether to print each loss to standard error when it is first seen.

    Yields:
        What has been seen so far; complete at the end of the block.
    """
    watched = Watched()

    def found(finding: Finding) -> None:
        watched.findings.append(finding)
        if show:
            print(f"{finding.path}:{finding.location.line}: {finding.code} {finding.message}", file=sys.stderr)

    session = Session(found, lambda text: warnings.warn(f"gradlint stopped watching: {text}", stacklevel=2))
    session.start()
    try:
        yield watched
    finally:
        session.stop()


def explain(tape: Any, target: Any, sources: Any) -> list[Finding]:
    """Ask a tape inside :func:`watching` for a gradient, and say where it is lost.

    Args:
        tape: A ``tf.GradientTape`` that has recorded inside the same ``with watching()`` block.
        target: What to differentiate, as for ``tape.gradient``.
        sources: What to differentiate it by, as for ``tape.gradient``.

    Returns:
        A finding for each source that gets no gradient; empty if all of them do.

    Raises:
        RuntimeError: If nothing is being watched.
    """
    session = Session.current
    if session is None:
        raise RuntimeError("gradlint.explain() works inside `with gradlint.watching():`")
    before = len(session.seen)
    with contextlib.suppress(Exception):  # whatever TensorFlow raises is among what is explained
        tape.gradient(target, sources)
    return list(dict.fromkeys(finding for _, finding in session.seen[before:]))
