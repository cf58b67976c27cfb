"""What the one who confirms may choose, and what the confirmation says when it cannot run at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST = 16
"""How many probes run side by side at most, whatever the settings say: each takes a TensorFlow's memory."""

INSTALL = 'pip install "tf-gradlint[confirm]"'


class ConfirmUnavailable(RuntimeError):  # noqa: N818 - the name is part of the interface
    """TensorFlow cannot be imported, so nothing can be confirmed; the text says what to do.

    Args:
        reason: Why it cannot, as a clause.
        cure: What to do; how to install it where None.
    """

    def __init__(self, reason: str, cure: str | None = None) -> None:
        advice = cure or f"install it with: {INSTALL}"
        super().__init__(f"--confirm runs the findings with TensorFlow, and {reason}; {advice}")


@dataclass(frozen=True, slots=True)
class Options:
    """How findings are run.

    Attributes:
        timeout: Seconds that one finding's probes may take together.
        memory: Bytes that a probe may take beyond what TensorFlow itself takes.
        jobs: How many probes run side by side; None for one a core, four at most.
        output: Bytes that a probe may write to one file of its scratch folder.
        repro: A folder into which each probe is written as a program of its own, or None.
        python: The Python that has TensorFlow; the one that runs gradlint where None.
        fork: Whether probes are forked from one process that has imported TensorFlow; None where the system can.
        turns: How often the body of a training loop is run.
        candidates: How many sets of invented arguments are tried for one function.
        trusted: Whether programs are run where no sandbox can be had for them.
    """

    timeout: float = 20.0
    memory: int = 4 << 30
    jobs: int | None = None
    output: int = 64 << 20
    repro: Path | None = None
    python: str | None = None
    fork: bool | None = None
    turns: int = 3
    candidates: int = 60
    trusted: bool = False

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ValueError(f"the time limit is {self.timeout:g} seconds; it must be more than 0")
        if self.jobs is not None and self.jobs < 1:
            raise ValueError(f"{self.jobs} probes side by side; it must be at least 1")

    @property
    def workers(self) -> int:
        """How many probes run side by side."""
        return min(self.jobs or min(4, os.cpu_count() or 1), MOST)

    @property
    def forks(self) -> bool:
        """Whether probes are forked rather than started afresh."""
        return hasattr(os, "fork") if self.fork is None else self.fork
