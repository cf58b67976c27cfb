"""Which entries of a baseline are stale: the run would have found them again if they still existed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gradlint.commands.checked import Checked
    from gradlint.fixing import KnownFinding
    from gradlint.settings import Resolver


def stale(gone: Iterable[KnownFinding], checked: Checked, baseline: str, resolver: Resolver) -> Iterator[KnownFinding]:
    """The entries that nothing matched although their file was checked for their rule, or no longer exists.

    Args:
        gone: The entries that nothing matched.
        checked: What was checked.
        baseline: The baseline's path.
        resolver: What finds each file's settings.
    """
    looked_at = checked.looked_at()
    unread = {result.path for result in checked.results if result.problems}
    for entry in gone:
        if entry.path in looked_at:
            if entry.path not in unread and _is_on(entry, resolver):
                yield entry
        elif not _is_there(entry.path, baseline):
            yield entry


def _is_there(path: str, baseline: str) -> bool:
    """Whether a file exists, relative to the working directory or to the baseline's folder."""
    return os.path.lexists(path) or os.path.lexists(os.path.join(os.path.dirname(baseline), path))


def _is_on(entry: KnownFinding, resolver: Resolver) -> bool:
    """Whether an entry's rule is on for its file; if it is off, the entry cannot be judged."""
    from gradlint.checking import rules_for
    from gradlint.selection import enabled

    settings = resolver.for_file(entry.path)
    return any(rule.code == entry.code for rule in enabled(settings, rules_for(settings), entry.path))
