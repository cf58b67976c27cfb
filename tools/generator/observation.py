"""What one call did, in a form that can be kept; nothing here needs TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Observation:
    """What one call did.

    Attributes:
        result: What came back: see :attr:`gradlint.knowledge.table.Entry.result`.
        outputs: The name (or "") and dtype of each thing that came back.
        effects: For each parameter into which float tensors went, the effect on each output.
        facts: Further words: ``trainable`` and ``state`` for what a layer owns, ``assigns`` for what sets a variable.
    """

    result: str
    outputs: tuple[tuple[str, str], ...] = ()
    effects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: tuple[str, ...] = ()

    def dump(self) -> str:
        """The observation as one line without tabs."""
        outputs = " ".join(f"{name}={dtype}" if name else dtype for name, dtype in self.outputs)
        effects = " ".join(f"{name}={','.join(effects)}" for name, effects in self.effects.items())
        return " | ".join((self.result, outputs, effects, " ".join(self.facts)))

    @classmethod
    def load(cls, line: str) -> Observation:
        """The observation that :meth:`dump` wrote."""
        result, outputs, effects, facts = (part.strip() for part in line.split("|"))
        pairs = (word.rpartition("=") for word in outputs.split())
        split = (word.partition("=") for word in effects.split())
        return cls(
            result,
            tuple((name, dtype) for name, _, dtype in pairs),
            {name: tuple(filter(None, verdicts.split(","))) for name, _, verdicts in split},
            tuple(facts.split()),
        )
