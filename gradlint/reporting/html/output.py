"""What is shown below a cell that was run: the lines involved, its findings, and its gradient calls drawn."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from gradlint.escaping import html
from gradlint.picture.svg import STYLE, inline
from gradlint.reporting.html.files import File
from gradlint.reporting.html.page import part
from gradlint.reporting.html.words import rich

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradlint.picture.record import Drawing
    from gradlint.reporting.report import Report

_numbers = count(1)


def output(report: Report, notes: Sequence[str]) -> str:
    """The findings of a report, each between the lines that it is about, with the drawn gradient calls.

    Args:
        report: The report; its drawings are those to show.
        notes: What to say at the end, one line each.
    """
    parts = []
    said = report.by_path()
    for path in dict.fromkeys([*said, *(call.path for call in report.drawings or ())]):
        calls = [call for call in report.drawings or () if call.path == path]
        file = File(f"gradlint{next(_numbers)}", path, calls, said.get(path, []), report)
        parts.append(f'<div class="file" style="--lanes:{file.gutter.lanes}">{file.body()}</div>')
    return _styled("".join([*parts, *(f'<p class="soft">{rich(note)}</p>' for note in notes)]))


def pictures(drawings: Sequence[Drawing]) -> str:
    """Some gradient calls, drawn one below the other."""
    rows = (f"<p><code>{html(call.text)}</code></p><div class=way>{inline(call)}</div>" for call in drawings)
    return _styled("".join(rows))


def _styled(body: str) -> str:
    style = f"{STYLE}.gradlint-output{{{part('output.css')}{part('source.css')}}}"
    return f'<div class="gradlint-output"><style>{style}</style>{body}</div>'
