"""The entry: findings go in, verdicts come out as they are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from gradlint.confirm.options import Options
from gradlint.finding import Confirmation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

    from gradlint.finding import Finding
    from gradlint.sources.source import Source


class Confirmer:
    """Runs findings with TensorFlow; one object serves many files, so that TensorFlow is imported once.

    Raises:
        ConfirmUnavailable: On entering, if TensorFlow is not installed.
    """

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and every probe that still runs."""

    def confirm(self, source: Source, findings: Sequence[Finding]) -> Iterator[tuple[int, Confirmation]]:
        """The verdicts on one source's findings, as they are reached: the finding's index and what TensorFlow said."""
        for _, index, confirmation in self.confirm_all([(source, findings)]):
            yield index, confirmation

    def confirm_all(self, work: Iterable[tuple[Source, Sequence[Finding]]]) -> Iterator[tuple[int, int, Confirmation]]:
        """The verdicts on many sources' findings: the source's index, the finding's, and what TensorFlow said."""
        for number, (_, findings) in enumerate(work):
            for index in range(len(findings)):
                yield number, index, Confirmation("inconclusive", "not run")


def confirm(
    source: Source, findings: Sequence[Finding], options: Options | None = None
) -> Iterator[tuple[int, Confirmation]]:
    """The verdicts on one source's findings, with a worker of their own.

    Raises:
        ConfirmUnavailable: If TensorFlow is not installed.
    """
    with Confirmer(options) as confirmer:
        yield from confirmer.confirm(source, findings)
