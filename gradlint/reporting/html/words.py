"""Small pieces of HTML that the parts of the page share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gradlint.escaping import html
from gradlint.reporting.report import counted, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.picture.record import Drawing, Verdict

LOOKS: dict[Verdict, str] = {"connected": "c", "maybe": "m", "partial": "p", "lost": "x", "unknown": "m"}
"""The class of what a source gets."""
_SPAN = re.compile(r"`([^`\n]+)`")


def rich(text: str) -> str:
    """A message with text in backquotes as code."""
    parts = _SPAN.split(text)
    return "".join(f"<code>{html(part)}</code>" if index % 2 else html(part) for index, part in enumerate(parts))


def tally(calls: Sequence[Drawing]) -> dict[str, int]:
    """How many sources are connected, partly lost, lost, and unknown."""
    verdicts = [source.verdict for call in calls for source in call.sources]
    return {look: sum(LOOKS[verdict] == look for verdict in verdicts) for look in ("c", "p", "x", "m")}


def bar(counts: dict[str, int]) -> str:
    """The shares as a bar, with the numbers for those who cannot see it; nothing if there are no sources."""
    total = sum(counts.values())
    if not total:
        return ""
    parts = "".join(f'<i class="{look}" style="flex:{count}"></i>' for look, count in counts.items() if count)
    return f'<span class="bar" role="img" aria-label="{html(in_words(counts))}">{parts}</span>'


def in_words(counts: dict[str, int]) -> str:
    """The shares in words: ``31 of 40 sources connected, 2 lost and 7 unknown``."""
    total = sum(counts.values())
    parts = [f"{counts['c']:,} of {counted(total, 'source')} connected"]
    parts += [
        f"{counts[look]:,} {word}"
        for look, word in (("x", "lost"), ("p", "partly lost"), ("m", "unknown"))
        if counts[look]
    ]
    return listed(parts)
