"""What is shown between the lines of the source: a gradient call with its paths, a finding, an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.escaping import html
from gradlint.lines import cell as cell_name
from gradlint.picture.svg import inline
from gradlint.picture.words import described
from gradlint.reporting.html.gutter import touches
from gradlint.reporting.html.words import LOOKS, rich
from gradlint.reporting.patch import changed
from gradlint.reporting.report import evidence, is_refuted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradlint.finding import Finding
    from gradlint.picture.record import Drawing, Spot
    from gradlint.reporting.html.gutter import Key
    from gradlint.reporting.report import FileError, Report


def line_id(file: str, key: Key) -> str:
    """The id of a line of the source."""
    cell, line = key
    return f"{file}-{line}" if cell < 0 else f"{file}-{cell + 1}-{line}"


def call_card(file: str, index: int, call: Drawing) -> str:
    """A gradient call: what each source gets, and the picture."""
    head = f"{call.method} of <code>{html(call.target)}</code>"
    sources = "".join(_source(file, call, number) for number in range(len(call.sources)))
    name = f"{file}c{index}"
    rows = [f'<div class="card call" role="group" id="{name}" aria-label="gradient call, line {call.spot.line}">']
    rows.append(f'<p class="head">{head}</p>')
    rows.append(f'<ul class="sources">{sources}</ul>' if sources else "<p>No source of it is known.</p>")
    rows += [f'<p class="soft">{rich(text)}</p>' for text in _reasons(call)]
    if call.nodes:
        shown = " open" if any(LOOKS[source.verdict] in "xp" for source in call.sources) else ""
        rows.append(
            f'<details{shown}><summary>The path of the gradient</summary><div class="way" tabindex="0" role="group" '
            f'aria-label="{html(described(call))}">{inline(call)}</div></details>'
        )
    elif not call.whole:
        rows.append('<p class="soft">Too much leads to this target to draw it.</p>')
    rows.append("</div>")
    return "".join(rows)


def _source(file: str, call: Drawing, number: int) -> str:
    source = call.sources[number]
    ways = " ".join(f"{line_id(file, key)}{look}" for key, look in touches(call, number))
    target = _target(file, call, number)
    return (
        f'<li class="{LOOKS[source.verdict]}"><a href="#{target}" data-n="{number}" data-w="{ways}">'
        f"<code>{html(source.text)}</code> {html(source.outcome)}</a>{_lost_at(call, number)}</li>"
    )


def _target(file: str, call: Drawing, number: int) -> str:
    """Where a click on a source leads: to the line of the loss, else to the source's own line, else to the call."""
    found = call.loss(number)
    spots = [found[0].spot] if found is not None else []
    spots += [node.spot for node in call.nodes if number in node.sources]
    spot = next((one for one in spots if one is not None and not one.path), call.spot)
    return line_id(file, (spot.cell, spot.line))


def _lost_at(call: Drawing, number: int) -> str:
    found = call.loss(number)
    if found is None or found[0].spot is None:
        return ""
    return f' <span class="soft">{html(f"in {_where(found[0].spot, call)}, {found[1].text}")}</span>'


def _where(spot: Spot, call: Drawing) -> str:
    if spot.path:
        return f"line {spot.line} of {spot.path}"
    return f"line {spot.line}" if spot.cell == call.spot.cell else f"line {spot.line} of {cell_name(spot.cell)}"


def _reasons(call: Drawing) -> Iterator[str]:
    known: dict[str, list[str]] = {}
    for source in call.sources:
        if source.because:
            known.setdefault(source.because, []).append(source.text)
    for because, texts in known.items():
        more = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
        yield f"`{texts[0]}`{more}: {because}."


def finding_card(name: str, finding: Finding, report: Report) -> str:
    """A finding: the rule, the message, TensorFlow's verdict, the fix as a diff, and what applies it."""
    refuted = " refuted" if is_refuted(finding) else ""
    rule = f"{html(finding.code)} {html(finding.name)}"
    label = f"{rule}, line {finding.location.line}"
    if finding.url and finding.url.startswith(("https://", "http://")):
        rule = f'<a href="{html(finding.url)}" rel="noreferrer">{rule}</a>'
    rows = [f'<div class="card finding {finding.severity}{refuted}" role="group" id="{name}" aria-label="{label}">']
    rows.append(f'<p class="head"><span class="severity">{finding.severity}</span> {rule}</p>')
    rows += [f"<p>{rich(part)}</p>" for part in finding.text.split("\n")]
    if not finding.gradients:
        steps = "".join(f"<li>line {step.line}: {rich(step.note)}</li>" for step in finding.flow if step.note)
        rows.append(f"<ul>{steps}</ul>" if steps else "")
    if finding.confirmation is not None:
        status = finding.confirmation.status
        rows.append(f'<p class="{status}"><b>{status}</b>: {rich(evidence(finding.confirmation))}</p>')
    rows += _fix(finding, report)
    rows.append("</div>")
    return "".join(rows)


def _fix(finding: Finding, report: Report) -> Iterator[str]:
    if finding.withheld:
        yield f'<p class="soft">No fix is offered: {rich(finding.withheld)}</p>'
    if finding.fix is None or is_refuted(finding):
        return
    applied = rich(f"`{report.applied_with(finding.fix)}`")
    yield f"<p>{rich(finding.fix.message)} <span class=soft>({applied})</span></p>"
    rows = [
        f'<span class="{"ins" if sign == "+" else "del"}">{number:>4} {sign} {html(text)}</span>'
        for _, number, sign, text in changed(finding, report)
    ]
    if rows:
        yield f'<pre class="diff" tabindex="0" aria-label="the fix as a diff">{"".join(rows)}</pre>'


def error_card(error: FileError) -> str:
    """Why a file, or a part of it, could not be checked."""
    where = "" if error.location is None else f"line {error.location.line}: "
    where = f"{cell_name(error.cell)}, {where}" if error.cell is not None else where
    text = f"<p>{html(where)}{rich(error.message)}</p>"
    return f'<div class="card error"><p class="head">Not checked</p>{text}</div>'
