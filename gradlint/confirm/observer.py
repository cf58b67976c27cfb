"""What is seen of a running program, and where it is reported: the part of a probe that its gradient calls share."""

from __future__ import annotations

import importlib
import itertools
from typing import TYPE_CHECKING, Any

from gradlint.confirm.errors import Described
from gradlint.confirm.standing import Standing
from gradlint.confirm.tapes import Tapes
from gradlint.confirm.values import Serials, Values

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.confirm.protocol import Event, Job
    from gradlint.confirm.relied import Relied


class Observer:
    """Looks on at one program's values and tapes.

    Attributes:
        tf: TensorFlow.
        report: Takes each thing that is seen.
        origins: By a value's number, what it was made by and from.
        owners: By the mark of a place, the object that it is of, and its method.
        place_now: The gradient call that runs, by its mark.
        way: Which way of several the program took last.
        reached: How many gradient calls there were.
    """

    def __init__(self, job: Job, filename: str, report: Callable[[Event], None], relied: Relied) -> None:
        self.relied = relied
        self.tf: Any = importlib.import_module("tensorflow")
        self.job = job
        self.report = report
        self.values = Values(self.tf)
        self.serials = Serials()
        self.described = Described(self.tf, filename)
        self.tapes = Tapes(self.serials, native=job.trial.native, watch=self._watched)
        self.standing = Standing(self.tf, self.tapes, self.serials, self.values)
        self.origins: dict[int, tuple[str, int, int]] = {}
        self.owners: dict[int, tuple[Any, Any]] = {}
        self.place_now: int | None = None
        self.way: int | None = None
        self.reached = 0
        self._counter = itertools.count(1)

    def next(self) -> int:
        """The number of the next thing that is seen."""
        return next(self._counter)

    def intact(self) -> None:
        """Report it where the program has replaced what is looked at."""
        replaced = self.tapes.replaced() or self.relied.replaced()
        if replaced is not None:
            self.report({"t": "tampered", "what": replaced})

    def _watched(self, tape: int, tensor: Any) -> None:
        event = {"t": "watch", "seq": self.next(), "tape": tape, "source": self.serials.of(tensor)}
        self.report({**event, "lines": self.described.running()[:8]})
