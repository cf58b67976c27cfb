"""The gradient calls of what was checked, drawn for the formats that show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.commands.checked import Checked
    from gradlint.picture.record import Drawing
    from gradlint.settings import Resolver, Settings
    from gradlint.sources.source import Source


def drawn(checked: Checked, resolver: Resolver, jobs: int | None) -> tuple[Drawing, ...]:
    """The gradient calls of each file as it is now, in the order of the files.

    Args:
        checked: What was checked.
        resolver: What finds each file's settings.
        jobs: How many processes to use; where None, one for each core.
    """
    from gradlint import workers
    from gradlint.runner import WORTH_A_POOL

    tasks = list(_tasks(checked, resolver))
    jobs = jobs or workers.cores()
    if jobs == 1 or len(tasks) < 2 or sum(len(source.code) for source, _ in tasks) < WORTH_A_POOL:
        found = {index: draw(*task) for index, task in enumerate(tasks)}
    else:
        each = workers.each(draw, tasks, jobs, lambda task: len(task[0].code))
        found = {index: calls or () for index, calls in each}
    return tuple(call for index in range(len(tasks)) for call in found.get(index, ()))


def _tasks(checked: Checked, resolver: Resolver) -> Iterator[tuple[Source, Settings]]:
    from gradlint.settings import SettingsError
    from gradlint.sources.files import SourceError

    for result in checked.results:
        try:
            yield checked.texts.source(result.path), resolver.for_file(result.path)
        except (SourceError, SettingsError):
            continue  # It has been reported already that the file cannot be checked.


def draw(source: Source, settings: Settings) -> tuple[Drawing, ...]:
    """The gradient calls of one text; none where it cannot be analysed, which has been reported already."""
    from gradlint.checking import drawings_of
    from gradlint.sources.files import SourceError

    try:
        return drawings_of(source, settings)
    except (SyntaxError, SourceError, ValueError, RecursionError, MemoryError):
        return ()
