"""The command that lets TensorFlow judge findings, beside everything else that the editor does."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gradlint.confirm import Confirmer, Options
from gradlint.server.results import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradlint.finding import Confirmation, Finding
    from gradlint.server.results import Result
    from gradlint.settings import Settings

logger = logging.getLogger(__name__)

Verdict = tuple[int, "Confirmation"]


class Confirmations:
    """The verdicts on the open documents' present states."""

    def __init__(self) -> None:
        self._verdicts: dict[str, tuple[int, dict[Finding, Confirmation]]] = {}
        self._running: set[Confirmer] = set()

    def add(self, result: Result, finding: Finding, confirmation: Confirmation) -> None:
        """Remember a verdict on a finding of a result; those on other states of the document are forgotten."""
        uri, revision = unquote(result.snapshot.uri), result.snapshot.revision
        known = self._verdicts.get(uri)
        if known is None or known[0] != revision:
            known = self._verdicts[uri] = (revision, {})
        known[1][replace(finding, confirmation=None)] = confirmation

    def apply(self, result: Result) -> Result:
        """The result with the verdicts that there are on this very state."""
        known = self._verdicts.get(unquote(result.snapshot.uri))
        if known is None or known[0] != result.snapshot.revision:
            return result
        return result.with_confirmations(known[1])

    def forget(self, uri: str) -> None:
        """Drop the verdicts of a document that was closed."""
        self._verdicts.pop(unquote(uri), None)

    async def run(
        self,
        result: Result,
        findings: Sequence[Finding],
        settings: Settings,
        each: Callable[[Finding, Confirmation], None],
        cancelled: asyncio.Future[None],
    ) -> int:
        """Run findings under TensorFlow.

        Args:
            result: The result that the findings are from.
            findings: What to run.
            settings: The document's settings.
            each: Takes each verdict as it is reached; called on the event loop.
            cancelled: Becomes done when the rest is no longer wanted.

        Returns:
            How many verdicts there are.

        Raises:
            ConfirmUnavailable: If there is no TensorFlow.
        """
        loop = asyncio.get_running_loop()
        verdicts: asyncio.Queue[Verdict | BaseException | None] = asyncio.Queue()
        confirmer = Confirmer(_options(settings))

        def work() -> None:
            try:
                with confirmer:
                    for verdict in confirmer.confirm(result.source, findings):
                        loop.call_soon_threadsafe(verdicts.put_nowait, verdict)
            except Exception as error:
                loop.call_soon_threadsafe(verdicts.put_nowait, error)
            else:
                loop.call_soon_threadsafe(verdicts.put_nowait, None)

        self._running.add(confirmer)
        running = asyncio.ensure_future(asyncio.to_thread(work))
        cancelled.add_done_callback(lambda _: confirmer.close())
        count = 0
        try:
            while (verdict := await self._next(verdicts, cancelled)) is not None:
                if isinstance(verdict, BaseException):
                    raise verdict
                index, confirmation = verdict
                each(findings[index], confirmation)
                count += 1
        finally:
            self._running.discard(confirmer)
            confirmer.close()
            await asyncio.wait({running})
        return count

    @staticmethod
    async def _next(
        verdicts: asyncio.Queue[Verdict | BaseException | None], cancelled: asyncio.Future[None]
    ) -> Verdict | BaseException | None:
        getting = asyncio.ensure_future(verdicts.get())
        waiting: set[asyncio.Future[Any]] = {getting, cancelled}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if getting.done():
            return getting.result()
        getting.cancel()
        return None

    def close(self) -> None:
        """End everything that runs."""
        for confirmer in list(self._running):
            confirmer.close()


def chosen(result: Result, key: str | None) -> list[Finding]:
    """The findings to run: the one that is named, or all that claim something of a gradient."""
    if key is not None:
        return [finding for finding in result.findings if key_of(finding) == key]
    return [finding for finding in result.findings if finding.gradients]


def _options(settings: Settings) -> Options:
    return Options(
        timeout=settings.confirm_timeout,
        memory=settings.confirm_memory << 20,
        jobs=settings.jobs,
        python=settings.confirm_python,
        trusted=True,  # A workspace that is not trusted has nothing run.
    )
