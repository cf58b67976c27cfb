"""One worker for all tests that need no other: TensorFlow is imported once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.confirm import Confirmer, Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gradlint.finding import Confirmation, Finding

from tests.confirm.claims import source_of


@pytest.fixture(scope="session")
def confirmer() -> Iterator[Confirmer]:
    with Confirmer(Options(timeout=60)) as shared:
        yield shared


@pytest.fixture(scope="session")
def run(confirmer: Confirmer) -> Callable[[str, Finding], Confirmation]:
    def confirmed(code: str, finding: Finding) -> Confirmation:
        ((_, confirmation),) = confirmer.confirm(source_of(code), [finding])
        return confirmation

    return confirmed
