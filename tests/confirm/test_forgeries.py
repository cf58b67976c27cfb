"""False claims of many makes, each on a program that bears out something near by; and the nearest true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.confirm.forgeries import FALSE, TRUE
from tests.confirm.test_false_claims import verdicts

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer


def test_none_is_confirmed(confirmer: Confirmer) -> None:
    found = verdicts(confirmer, FALSE)
    assert {name: told for name, told in found.items() if told.startswith("confirmed")} == {}


def test_what_is_true_is_confirmed(confirmer: Confirmer) -> None:
    found = verdicts(confirmer, TRUE)
    assert {name: told for name, told in found.items() if not told.startswith("confirmed")} == {}
