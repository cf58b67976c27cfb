"""False claims of many makes, each on a program that bears out something near by; and the nearest true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.confirm.forgeries import FALSE
from tests.confirm.test_false_claims import verdicts
from tests.confirm.true_claims import TRUE
from tests.sampling import sample

if TYPE_CHECKING:
    from gradlint.confirm import Confirmer
    from tests.confirm.wrong_rules import Claims


def chosen(programs: Claims, whole: bool) -> Claims:
    """The programs that are judged: one in four by default."""
    return {name: programs[name] for name in sample(programs, 4, whole=whole)}


def test_none_is_confirmed(confirmer: Confirmer, whole: bool) -> None:
    found = verdicts(confirmer, chosen(FALSE, whole))
    assert {name: told for name, told in found.items() if told.startswith("confirmed")} == {}


def test_what_is_true_is_confirmed(confirmer: Confirmer, whole: bool) -> None:
    found = verdicts(confirmer, chosen(TRUE, whole))
    assert {name: told for name, told in found.items() if not told.startswith("confirmed")} == {}
