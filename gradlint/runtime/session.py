"""A watched stretch of a program: from the moment that TensorFlow is there to the end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from gradlint.finding import Finding
from gradlint.runtime.children import Children
from gradlint.runtime.findings import Findings, reading
from gradlint.runtime.hooks import Hooks
from gradlint.runtime.program import AfterImport
from gradlint.runtime.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.runtime.observed import Observed


class Session:
    """Watches the program from :meth:`start` to :meth:`stop`.

    Args:
        found: Called with each finding when it is seen first.
        failed: Called with the text of an error of the watcher's own.
        folder: Where this process writes what it saw, if another that is watched has started it.
    """

    current: ClassVar[Session | None] = None
    """The session that watches now."""

    def __init__(
        self, found: Callable[[Finding], None], failed: Callable[[str], None], folder: str | None = None
    ) -> None:
        self._found = found
        self._failed = failed
        self.watcher = Watcher(self._observed, failed)
        self.hooks = Hooks(self.watcher)
        self.findings: dict[tuple[Any, ...], Finding] = {}
        self.read: Callable[[str], list[Finding]] = reading
        """What reading a file of the program finds."""
        self.seen: list[tuple[Observed, Finding]] = []
        self._calls_elsewhere = 0
        self._elsewhere: dict[int, tuple[int, tuple[str, ...]]] = {}
        """How often findings were seen in other processes, and for which sources."""
        self.base = os.getcwd()
        """The folder in which it began; the program may go elsewhere."""
        self._make: Findings | None = None
        self._waiting: AfterImport | None = None
        self._watching = False
        self.eagerly = False
        """Whether every ``tf.function`` runs eagerly."""
        self.children = Children(self, folder)
        self.watcher.judged = lambda: self.children.hand_over(now=False)

    def start(self) -> None:
        """Watch from now on, or from when the program imports TensorFlow.

        Raises:
            RuntimeError: If a session watches already.
        """
        if Session.current is not None:
            raise RuntimeError("this program is being watched already")
        Session.current = self
        self.children.install()
        if "tensorflow" in sys.modules and hasattr(sys.modules["tensorflow"], "GradientTape"):
            self._install()
        else:
            self._waiting = AfterImport("tensorflow", self._install)
            sys.meta_path.insert(0, self._waiting)

    def run_eagerly(self) -> None:
        """Have TensorFlow run every ``tf.function`` eagerly from when it is imported, Keras' own among them."""
        self.eagerly = True
        if self._watching:
            self._set_eager()

    def _set_eager(self) -> None:
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)

    def stop(self) -> None:
        """Watch no more, and put TensorFlow back as it was."""
        if Session.current is self:
            Session.current = None
        if self._waiting is not None and self._waiting in sys.meta_path:
            sys.meta_path.remove(self._waiting)
        if self._watching:
            self._watching = False
            self.hooks.remove()
        self.children.remove()
        self.children.take_in()

    def begin_again(self) -> None:
        """Forget what was seen: this process was forked, and its parent has all of that."""
        self._found = lambda finding: None
        self.watcher.begin_again()
        self.findings.clear()
        self.seen.clear()
        self._elsewhere.clear()
        self._calls_elsewhere = 0

    def _install(self) -> None:
        self._waiting = None
        self._watching = True
        if self.eagerly:
            self._set_eager()
        try:
            self.hooks.install()
        except (
            Exception
        ) as error:  # another TensorFlow may lack anything that is watched; the program is run all the same
            self._failed(f"this TensorFlow cannot be watched: {type(error).__name__}: {error}")

    @property
    def version(self) -> str | None:
        """TensorFlow's version, None where the program never imported it."""
        module = sys.modules.get("tensorflow")
        return getattr(module, "__version__", None)

    @property
    def calls(self) -> int:
        """How many gradient calls were seen, here and in other processes."""
        return self.watcher.calls + self._calls_elsewhere

    def handed_over(self) -> dict[str, Any]:
        """What was seen, as plain data for another process."""
        self.children.take_in()
        return {
            "calls": self.calls,
            "findings": [[one.to_json(), self.times(one), self.sources(one)] for one in self.findings.values()],
        }

    def take_in(self, handed: dict[str, Any]) -> None:
        """Add what another process has seen, as :meth:`handed_over` gave it."""
        self._calls_elsewhere += handed["calls"]
        for record, times, sources in handed["findings"]:
            finding = Finding.from_json(record)
            self._keep(finding, None)
            known = self.findings[_key(finding)]
            before = self._elsewhere.get(id(known), (0, ()))
            self._elsewhere[id(known)] = (before[0] + times, (*before[1], *sources))

    def times(self, finding: Finding) -> int:
        """How often what a finding says was seen."""
        here = sum(
            self.watcher.times.get((observed.call[:1], observed.source, observed.outcome), 1)
            for observed, one in self.seen
            if one is finding
        )
        return max(1, here + self._elsewhere.get(id(finding), (0, ()))[0])

    def sources(self, finding: Finding) -> list[str]:
        """The sources that a finding was seen for, in the order in which they were."""
        here = [observed.source for observed, one in self.seen if one is finding]
        return list(dict.fromkeys([*here, *self._elsewhere.get(id(finding), (0, ()))[1]]))

    def _observed(self, observed: Observed) -> None:
        if self._make is None:
            self._make = Findings(self.version, self.read, self.base)
        finding = self._make.of(observed)
        if finding is not None:
            self._keep(finding, observed)

    def crashed(self, error: BaseException) -> None:
        """An exception that the program did not catch: reading may have claimed it, and has its words and its fix."""
        from gradlint.runtime.places import of_exception

        if self._make is None:
            self._make = Findings(self.version, self.read, self.base)
        for place in of_exception(error):
            finding = self._make.raised(place, error)
            if finding is not None:
                self._keep(finding, None)
                return

    def _keep(self, finding: Finding, observed: Observed | None) -> None:
        key = _key(finding)
        known = self.findings.get(key)
        if known is None:
            self.findings[key] = finding
            self._found(finding)
            self.children.hand_over()
        if observed is not None:
            self.seen.append((observed, known or finding))


def _key(finding: Finding) -> tuple[Any, ...]:
    """What two findings share that are shown as one."""
    return (finding.code, finding.path, finding.location, finding.gradients[:1] and finding.gradients[0].line)
