"""The page around the files: its head, the totals, and the index by file and by rule."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import gradlint
from gradlint.escaping import html, name
from gradlint.picture.svg import STYLE
from gradlint.reporting.html.words import bar, in_words, tally
from gradlint.reporting.report import counted, is_refuted, listed, place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gradlint.reporting.html.files import File
    from gradlint.reporting.report import Report

MARK = "<!-- a report of gradlint -->"
"""The mark by which the command recognizes a file that it may overwrite."""
_MOST = 12
"""How many places per rule the index links to."""


def page(files: Sequence[File], report: Report) -> str:
    """The whole page."""
    return f"{''.join(_head())}{''.join(_summary(files, report))}{''.join(_index(files))}{_files(files)}{_end()}"


@cache
def part(name: str) -> str:
    """The text of a file in this folder."""
    return (Path(__file__).parent / name).read_text("utf-8")


def _head() -> Iterator[str]:
    script = base64.b64encode(hashlib.sha256(part("page.js").encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{script}'; base-uri 'none'"
    yield f"<!doctype html>\n{MARK}\n"
    yield f'<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" '
    yield 'content="light dark"><meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
    style = f"{STYLE}{part('page.css')}{part('source.css')}"
    yield f"<title>How far the gradients get</title><style>{style}</style></head><body>\n"
    yield '<a class="skip" href="#files">To the files</a>'


def _summary(files: Sequence[File], report: Report) -> Iterator[str]:
    calls = [call for file in files for call in file.calls]
    counts = tally(calls)
    yield '<header id="top"><p class="mark">gradlint</p><h1>How far the gradients get</h1>'
    looked = f"{counted(len(calls), 'gradient call')} in {counted(report.files, 'file')}"
    yield f'<p class="lead">{html(looked)}: {html(in_words(counts)) if calls else "there are no gradient calls"}.</p>'
    yield bar(counts)
    yield '<ul class="legend"><li class="c">the gradient gets here</li><li class="x">it is lost here</li>'
    yield '<li class="u">it never gets here</li><li class="m">unknown</li></ul>'
    quiet = [
        f"{counted(report.suppressed, 'finding')} suppressed by comments" if report.suppressed else "",
        f"{counted(report.baselined, 'finding')} in the baseline" if report.baselined else "",
        f"{counted(len(report.refuted), 'finding')} refuted by TensorFlow" if report.refuted else "",
        f"{counted(report.fixed, 'finding')} fixed" if report.fixed else "",
    ]
    if any(quiet):
        yield f'<p class="soft">{html(listed([one for one in quiet if one]))}.</p>'
    yield "</header>\n"


def _index(files: Sequence[File]) -> Iterator[str]:
    yield '<main><nav aria-label="Index">'
    yield from _rules(files)
    if files:
        yield '<h2 id="files">Files</h2><label class="only"><input type="checkbox" id="only"> only those that lose '
        yield 'something</label><table class="files"><thead><tr><th>file</th><th>gradient calls</th>'
        yield "<th>connected</th><th>lost</th><th>unknown</th><th>findings</th></tr></thead><tbody>"
        yield from (_row(file) for file in files)
        yield "</tbody></table>"
    else:
        yield '<p id="files">No file here has a gradient call.</p>'
    yield "</nav>\n"


def _row(file: File) -> str:
    counts = file.counts
    lost = counts["x"] + counts["p"]
    findings = sum(not is_refuted(finding) for finding in file.findings)
    cells = [
        ("", f'<a href="#{file.ident}">{html(name(file.path))}</a>'),
        ("gradient calls", str(len(file.calls))),
        ("connected", f"{counts['c']}&#8201;/&#8201;{sum(counts.values())} {bar(counts)}"),
        ("lost", f"<b>{lost}</b>" if lost else "0"),
        ("unknown", str(counts["m"])),
        ("findings", f"<b>{findings}</b>" if findings else "not checked" if file.errors else "0"),
    ]
    row = "".join(f'<td data-h="{head}">{cell}</td>' if head else f"<th scope=row>{cell}</th>" for head, cell in cells)
    return f"<tr{' class=bad' if file.is_bad else ''}>{row}</tr>"


def _rules(files: Sequence[File]) -> Iterator[str]:
    places: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for file in files:
        for index, finding in enumerate(file.findings):
            if not is_refuted(finding):
                where = place(file.path, finding.cell, finding.location).rpartition(":")[0]
                places.setdefault((finding.code, finding.name), []).append((file.finding_id(index), where))
    if not places:
        yield '<p class="clear"><b>No gradient is lost</b>, as far as gradlint can tell.</p>'
        return
    yield '<h2>Rules</h2><table class="rules"><thead><tr><th>rule</th><th>findings</th><th>where</th></tr></thead>'
    yield "<tbody>"
    for (code, rule), found in sorted(places.items(), key=lambda item: (-len(item[1]), item[0])):
        links = [f'<a href="#{ident}">{html(where)}</a>' for ident, where in found[:_MOST]]
        links += [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
        yield f"<tr><th scope=row>{html(code)} {html(rule)}</th><td>{len(found)}</td><td>{', '.join(links)}</td></tr>"
    yield "</tbody></table>"


def _files(files: Sequence[File]) -> str:
    return "\n".join(file.html() for file in files)


def _end() -> str:
    version = html(gradlint.__version__)
    script = f"<script>{part('page.js')}</script>"
    return f"</main>\n<footer><p>Made by gradlint {version}.</p></footer>{script}</body></html>\n"
