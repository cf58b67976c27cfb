"""A watched stretch of a program: from the moment that TensorFlow is there to the end."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from gradlint.runtime.findings import Findings, reading
from gradlint.runtime.hooks import Hooks
from gradlint.runtime.program import AfterImport
from gradlint.runtime.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.finding import Finding
    from gradlint.runtime.observed import Observed


class Session:
    """Watches the program from :meth:`start` to :meth:`stop`.

    Args:
        found: Called with each finding when it is seen first.
        failed: Called with the text of an error of the watcher's own.
    """

    current: ClassVar[Session | None] = None
    """The session that watches now."""

    def __init__(self, found: Callable[[Finding], None], failed: Callable[[str], None]) -> None:
        self._found = found
        self._failed = failed
        self.watcher = Watcher(self._observed, failed)
        self.hooks = Hooks(self.watcher)
        self.findings: dict[tuple[Any, ...], Finding] = {}
        self.read: Callable[[str], list[Finding]] = reading
        """What reading a file of the program finds."""
        self.seen: list[tuple[Observed, Finding]] = []
        self.base = os.getcwd()
        """The folder in which it began; the program may go elsewhere."""
        self._make: Findings | None = None
        self._waiting: AfterImport | None = None
        self._watching = False

    def start(self) -> None:
        """Watch from now on, or from when the program imports TensorFlow.

        Raises:
            RuntimeError: If a session watches already.
        """
        if Session.current is not None:
            raise RuntimeError("this program is being watched already")
        Session.current = self
        if "tensorflow" in sys.modules and hasattr(sys.modules["tensorflow"], "GradientTape"):
            self._install()
        else:
            self._waiting = AfterImport("tensorflow", self._install)
            sys.meta_path.insert(0, self._waiting)

    def stop(self) -> None:
        """Watch no more, and put TensorFlow back as it was."""
        if Session.current is self:
            Session.current = None
        if self._waiting is not None and self._waiting in sys.meta_path:
            sys.meta_path.remove(self._waiting)
        if self._watching:
            self._watching = False
            self.hooks.remove()

    def _install(self) -> None:
        self._waiting = None
        self._watching = True
        try:
            self.hooks.install()
        except Exception as error:
            self._failed(f"this TensorFlow cannot be watched: {type(error).__name__}: {error}")

    @property
    def version(self) -> str | None:
        """TensorFlow's version, None where the program never imported it."""
        module = sys.modules.get("tensorflow")
        return getattr(module, "__version__", None)

    def times(self, finding: Finding) -> int:
        """How often what a finding says was seen."""
        return max(
            1,
            sum(
                self.watcher.times.get((observed.call[:1], observed.source, observed.outcome), 1)
                for observed, one in self.seen
                if one is finding
            ),
        )

    def sources(self, finding: Finding) -> list[str]:
        """The sources that a finding was seen for, in the order in which they were."""
        return list(dict.fromkeys(observed.source for observed, one in self.seen if one is finding))

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
        key = (finding.code, finding.path, finding.location, finding.gradients[:1] and finding.gradients[0].line)
        known = self.findings.get(key)
        if known is None:
            self.findings[key] = finding
            self._found(finding)
        if observed is not None:
            self.seen.append((observed, known or finding))
