"""Comments that keep findings back, and the unused ones among them."""

import json
import os
import textwrap

import pytest

from gradlint.checking import CheckedSource, check
from gradlint.finding import Finding
from gradlint.settings import Settings
from gradlint.sources.read import from_text
from gradlint.sources.source import Source

MARKER = os.path.join(os.path.dirname(__file__), "marker")
SETTINGS = Settings(rules=(MARKER,))
NEEDLE = "from tensorflow import GradientTape\n"


def checked(text: str, settings: Settings = SETTINGS, path: str = "a.py") -> CheckedSource:
    return check(from_text(NEEDLE + textwrap.dedent(text), path), settings)


def found(text: str, settings: Settings = SETTINGS) -> list[tuple[str, int]]:
    """Code and line, counted from the line after the import, of every finding."""
    return [(finding.code, finding.location.line - 1) for finding in checked(text, settings).findings]


def unused(text: str, settings: Settings = SETTINGS) -> list[Finding]:
    return [finding for finding in checked(text, settings).findings if finding.code == "GT900"]


def mended(source: Source, findings: tuple[Finding, ...]) -> str:
    """The text with the fixes of some findings of a Python file."""
    lines = source.text.splitlines(keepends=True)
    edits = [edit for finding in findings if finding.fix is not None for edit in finding.fix.edits]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text = source.text
    for edit in sorted(edits, key=lambda edit: edit.location, reverse=True):
        start = starts[edit.location.line - 1] + edit.location.column - 1
        end = starts[edit.end_location.line - 1] + edit.end_location.column - 1
        text = text[:start] + edit.content + text[end:]
    return text


def without_unused(text: str, settings: Settings = SETTINGS) -> str:
    source = from_text(NEEDLE + text, "a.py")
    return mended(source, check(source, settings).findings).removeprefix(NEEDLE)


def test_nothing_is_kept_back_without_a_comment() -> None:
    assert found("y = lost()\nz = other()\n") == [("XX101", 1), ("XX102", 2)]


@pytest.mark.parametrize(
    "comment",
    [
        "# gradlint: ignore",
        "#gradlint:ignore",
        "# Gradlint: Ignore",
        "# gradlint: ignore[XX101]",
        "# gradlint: ignore[XX101,GT201]",
        "# gradlint: ignore[lost-marker]",
        "# gradlint: ignore[XX1]",
        "# gradlint: ignore[XX101] -- the baseline is meant to be constant",
        "# type: ignore  # gradlint: ignore[XX101]",
        "# gradlint: ignore[XX101]  # type: ignore",
        "# noqa",
        "# NOQA",
        "# noqa: XX101",
        "# noqa:XX101,F401",
        "# noqa: F401 XX101",
        "# noqa: XX1",
        "# noqa: xx101",
    ],
)
def test_a_comment_keeps_the_finding_of_its_line_back(comment: str) -> None:
    result = checked(f"y = lost()  {comment}\nz = lost()\n")
    lines = [finding.location.line for finding in result.findings if finding.code == "XX101"]
    assert (lines, result.suppressed) == ([3], 1)


@pytest.mark.parametrize(
    "comment",
    [
        "# gradlint: ignore[XX102]",
        "# gradlint: ignore[]",
        "# noqa: F401",
        "# noqa: ",
        "# noqa: lost-marker",
        "# noqaXX101",
        "# gradlint ignore",
        "# ruff: noqa: XX101",
        "# ignore[XX101]",
    ],
)
def test_other_comments_keep_nothing_back(comment: str) -> None:
    assert ("XX101", 1) in found(f"y = lost()  {comment}\n")


@pytest.mark.parametrize(
    "text",
    [
        "y = lost(); s = '# gradlint: ignore'\n",
        "y = lost(); s = '# noqa'\n",
        's = """\n# gradlint: skip-file\n# gradlint: off\n"""; y = lost()\n',
        "y = lost(); s = f'{1} # noqa'\n",
    ],
)
def test_strings_hold_no_comments(text: str) -> None:
    assert [code for code, _ in found(text)] == ["XX101"]


def test_a_comment_acts_on_its_whole_statement() -> None:
    assert found("y = f(\n    lost(),\n    1,\n)  # gradlint: ignore[XX101]\nlost()\n") == [("XX101", 5)]
    assert found("y = f(  # gradlint: ignore[XX101]\n    1,\n    lost(),\n)\nlost()\n") == [("XX101", 5)]
    assert found("y = f(\n    1,  # gradlint: ignore[XX101]\n    lost(),\n)\nlost()\n") == [("XX101", 5)]
    assert found('s = """\n"""; lost()  # noqa\nlost()\n') == [("XX101", 3)]


def test_a_comment_on_a_header_acts_on_the_header_alone() -> None:
    assert found("with lost() as x:  # gradlint: ignore\n    lost()\n") == [("XX101", 2)]


def test_a_comment_on_a_line_of_its_own_acts_on_the_next_statement() -> None:
    assert found("# gradlint: ignore[XX101]\n\n# a note\ny = f(\n    lost())\nlost()\n") == [("XX101", 6)]
    assert found("if x:\n    # gradlint: ignore[XX101]\n    lost()\n    lost()\n") == [("XX101", 4)]


def test_noqa_on_a_line_of_its_own_acts_on_nothing() -> None:
    assert ("XX101", 2) in found("# noqa: XX101\nlost()\n")


def test_a_comment_on_the_gradient_call_keeps_its_finding_back() -> None:
    assert found("y = lost('call')\ng = asked()  # gradlint: ignore[XX101]\n") == []
    assert found("y = lost('call')\ng = asked(\n)  # noqa: XX101\n") == []


def test_every_gradient_call_must_be_covered() -> None:
    text = "y = lost('call')\nasked()  # gradlint: ignore[XX101]\nasked()\n"
    assert found(text) == [("XX101", 1)]
    assert found(text.replace("asked()\n", "asked()  # noqa\n")) == []


def test_blocks() -> None:
    text = """\
    lost()
    # gradlint: off
    lost()
    other()
    # gradlint: on
    lost()
    # gradlint: off[XX101]
    lost()
    other()
    # gradlint: on[XX101]
    lost()
    lost()  # gradlint: off[lost-marker, other-marker]
    lost()
    other()
    """
    assert found(text) == [("XX101", 1), ("XX101", 6), ("XX102", 9), ("XX101", 11)]


def test_skip_file() -> None:
    result = checked("lost()\nx = 1  # gradlint: skip-file\nother()  # gradlint: ignore[XX101]\n")
    assert (result.findings, result.suppressed) == ((), 2)


def test_unused_comments_are_findings_with_a_place() -> None:
    (finding,) = unused("x = 1  # gradlint: ignore[XX101]\n")
    assert finding.name == "unused-suppression"
    assert finding.severity == "warning"
    assert (finding.location.line, finding.location.column) == (2, 8)
    assert (finding.end_location.line, finding.end_location.column) == (2, 33)
    assert "`XX101` suppresses nothing here" in finding.message
    assert finding.url is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # gradlint: ignore\n", "x = 1\n"),
        ("x = 1  # gradlint: ignore[XX101, XX102]\n", "x = 1\n"),
        ("x = other()  # gradlint: ignore[XX101, XX102]\n", "x = other()  # gradlint: ignore[XX102]\n"),
        (
            "x = other()  # gradlint: ignore[other-marker,XX101] why\n",
            "x = other()  # gradlint: ignore[other-marker] why\n",
        ),
        ("x = 1  # gradlint: ignore[XX101] since it is so\n", "x = 1\n"),
        ("x = 1  # type: int  # gradlint: ignore\n", "x = 1  # type: int\n"),
        ("x = 1  # gradlint: ignore  # type: int\n", "x = 1  # type: int\n"),
        ("x = 1\n# gradlint: ignore[XX101]\ny = 2\n", "x = 1\ny = 2\n"),
        ("if x:\n    # gradlint: ignore[XX101]\n    y = 2\n", "if x:\n    y = 2\n"),
        ("x = 1\n# gradlint: ignore[XX101]", "x = 1\n"),
        ("x = 1  # noqa: XX101\n", "x = 1\n"),
        ("x = 1  # noqa: XX101, F401\n", "x = 1  # noqa: F401\n"),
        ("x = 1  # noqa: F401,XX101,E501\n", "x = 1  # noqa: F401, E501\n"),
        ("# gradlint: off\nx = 1\n# gradlint: on\n", "x = 1\n# gradlint: on\n"),
        ("x = 1\n# gradlint: on\n", "x = 1\n"),
        ("é = 'é'  # gradlint: ignore\n", "é = 'é'\n"),
    ],
)
def test_the_fix_takes_away_what_is_unused(before: str, after: str) -> None:
    assert without_unused(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "lost()  # gradlint: ignore\n",
        "lost()  # gradlint: ignore[XX101]\n",
        "lost()  # gradlint: ignore[XX1]\n",
        "# gradlint: off\nlost()\n# gradlint: on\n",
        "x = 1  # noqa\n",
        "x = 1  # noqa: F401\n",
        "x = 1  # noqa: GT999\n",
        "x = 1  # gradlint: ignore[XX101, GT900]\n",
        "x = 1  # gradlint: ignore[unused-suppression]  # noqa: XX101\n",
        "# gradlint: off[GT900]\nx = 1  # gradlint: ignore[XX101]\n",
        "x = 1  # gradlint: ignore[XX201]\n",
        "x = 1  # gradlint: ignore[XX2, quiet-marker]\n",
        "x = 1  # noqa: XX201\n",
        "lost('call')\nasked()  # noqa: XX101\nasked()\n",
        "# gradlint: skip-file\nx = 1  # gradlint: ignore[XX101]\n",
    ],
)
def test_these_are_not_unused(text: str) -> None:
    assert unused(text) == []


def test_a_rule_that_is_off_tells_nothing_of_its_suppressions() -> None:
    off = Settings(rules=(MARKER,), ignore=("XX101",))
    assert unused("x = 1  # gradlint: ignore[XX101]\n", off) == []
    assert unused("x = 1  # noqa: XX101\n", off) == []
    assert unused("x = 1  # gradlint: ignore\n", off) == []
    assert unused("x = 1  # gradlint: ignore\n", Settings(rules=(MARKER,), ignore=("GT900",))) == []


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# gradlint: ignore[XX1O1]", "no rule is called `XX1O1`, did you mean `XX101`?"),
        ("# gradlint: ignore[lost-marke]", "did you mean `lost-marker`?"),
    ],
)
def test_slips_are_told(comment: str, message: str) -> None:
    (finding,) = unused(f"x = 1  {comment}\n")
    assert message in finding.message


LIST = "# gradlint: ignore[XX101]"


@pytest.mark.parametrize(
    ("comment", "meant"),
    [
        ("# gradlint: ignore XX101", LIST),
        ("# gradlint: ignore(XX101)", LIST),
        ("# gradlint: ignore (XX101)", LIST),
        ("# gradlint: ignore: XX101", LIST),
        ("# gradlint: ignore=XX101", LIST),
        ("# gradlint: ignore = [XX101]", LIST),
        ("# gradlint: ignore[XX101", LIST),
        ("# gradlint: ignore XX101]", LIST),
        ("# gradlint: ignore[[XX101]]", LIST),
        ("# gradlint: ignore[XX101]]", LIST),
        ("# gradlint: ignore{XX101}", LIST),
        ("# gradlint: ignore<XX101>", LIST),
        ("# gradlint: ignore['XX101']", LIST),
        ("# gradlint: ignore, XX101", LIST),
        ("# gradlint: ignore\u00a0XX101", LIST),
        ("# gradlint: ignoreXX101", LIST),
        ("# gradlint: ignore-XX101", LIST),
        ("# gradlint: ignore_XX101", LIST),
        ("# gradlint: ignore xx101", LIST),
        ("# gradlint: IGNORE: XX101", "# gradlint: ignore[XX101]"),
        ("# gradlint ignore[XX101]", LIST),
        ("# gradlint ignore XX101", LIST),
        ("# gradlint : ignore[XX101]", LIST),
        ("# gradlint=ignore[XX101]", LIST),
        ("# gradlint: ignore XX101, XX102 since", "# gradlint: ignore[XX101, XX102] since"),
        ("# gradlint: ignore[XX101;XX102]", "# gradlint: ignore[XX101, XX102]"),
        ("# gradlint: ignore lost-marker", "# gradlint: ignore[lost-marker]"),
        ("# gradlint: ignore: lost-marker only logged", "# gradlint: ignore[lost-marker] only logged"),
        ("# gradlint: ignore(Lost-Marker)", "# gradlint: ignore[lost-marker]"),
        ("# gradlint: ignore since XX101 is odd", "# gradlint: ignore[XX101] since XX101 is odd"),
        ("# gradlint: off XX101", "# gradlint: off[XX101]"),
        ("# gradlint: skip-file: XX101", "# gradlint: skip-file[XX101]"),
        ("# noqa XX101", "# noqa: XX101"),
        ("# noqa(XX101)", "# noqa: XX101"),
        ("# noqa[XX101] why", "# noqa: XX101 why"),
        ("# noqa=XX101", "# noqa: XX101"),
    ],
)
def test_what_looks_like_codes_means_those_codes(comment: str, meant: str) -> None:
    """It suppresses them and nothing else, and is a finding whose fix writes it well."""
    text = f"y = lost(); z = quiet()  {comment}\n"
    result = checked(text)
    (finding,) = [one for one in result.findings if one.code != "XX102"]
    assert (finding.code, finding.name, result.suppressed) == ("GT901", "invalid-suppression", 1)
    after = without_unused(text)
    assert after == f"y = lost(); z = quiet()  {meant}\n"
    again = checked(after)
    assert [one.code for one in again.findings if one.code == "GT901"] == []
    other = checked(f"y = other()  {comment.replace('XX102', 'XX103')}\n").findings
    assert "XX102" in [one.code for one in other]


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# gradlint: ignore[", "this suppresses nothing; after `ignore`, write codes or names"),
        ("# gradlint: ignore(", "this suppresses nothing"),
        ("# gradlint: ignore: the rest", "this suppresses nothing"),
        ("# gradlint: ignore=", "this suppresses nothing"),
        ("# gradlint ignore", "write `gradlint: ignore`"),
        ("# gradlint: ingore[XX101]", "`gradlint: ingore` is not a directive; did you mean `ignore`?"),
        ("# gradlint: disable", "expected `ignore`, `off`, `on`, `skip-file`"),
        ("# gradlint: disable=XX101", "expected `ignore`, `off`, `on`, `skip-file`"),
        ("# gradlint:", "is not a directive"),
    ],
)
def test_what_cannot_be_read_suppresses_nothing_and_is_told(comment: str, message: str) -> None:
    result = checked(f"y = lost()  {comment}\n")
    assert [one.code for one in result.findings] == ["XX101", "GT901"]
    assert message in result.findings[1].message
    assert result.findings[1].fix is not None


def test_a_verb_that_is_nearly_one_is_corrected() -> None:
    text = "y = lost()  # gradlint: ingore[XX101] why\n"
    assert without_unused(text) == "y = lost()  # gradlint: ignore[XX101] why\n"


@pytest.mark.parametrize(
    "comment",
    [
        "# gradlint: ignore the baseline is meant to be constant",
        "# gradlint: ignore -- well known",
        "# gradlint: ignore - see JIRA-1234",
        "# gradlint: ignore since ABC123 is another tool's",
        "# noqa -- why",
        "# noqa; pylint: disable",
    ],
)
def test_a_reason_is_no_code(comment: str) -> None:
    result = checked(f"y = lost()  {comment}\n")
    assert (result.findings, result.suppressed) == ((), 1)


@pytest.mark.parametrize(
    "comment", ["# gradlint is run here", "# gradlint ignores XX101", "# see gradlint ignore list"]
)
def test_what_speaks_of_gradlint_is_no_suppression(comment: str) -> None:
    assert [one.code for one in checked(f"y = lost()  {comment}\n").findings] == ["XX101"]


def test_noqa_of_other_tools_is_their_business() -> None:
    assert [one.code for one in checked("y = lost()  # noqa E501\n").findings] == ["XX101"]
    assert [one.code for one in checked("y = lost()  # noqa(E501)\n").findings] == ["XX101"]


def test_codes_that_nothing_stands_between_are_read() -> None:
    assert checked("y = lost()  # noqa: F401XX101\n").findings == ()


def test_skip_file_of_some_rules() -> None:
    assert found("lost()\nother()  # gradlint: skip-file[XX101]\nlost()\n") == [("XX102", 2)]
    assert [one.code for one in unused("x = 1  # gradlint: skip-file[XX101]\n")] == ["GT900"]


def test_an_invalid_suppression_can_be_suppressed() -> None:
    text = "lost()  # gradlint: ignore XX101  # gradlint: ignore[invalid-suppression]\n"
    assert checked(text).findings == ()
    off = Settings(rules=(MARKER,), ignore=("GT901",))
    assert checked("lost()  # gradlint: ignore XX101\n", off).findings == ()


def test_many_words_are_told_of_in_few() -> None:
    codes = ", ".join(f"QQ{number}" for number in range(1000, 3000))
    (finding,) = unused(f"x = 1  # gradlint: ignore[{codes}]\n")
    assert "and so do 1992 more" in finding.message
    assert len(finding.message) < 1000


def test_cells_of_a_notebook() -> None:
    cells = [
        {"cell_type": "code", "source": NEEDLE + "# gradlint: off[XX102]\n"},
        {"cell_type": "markdown", "source": "# gradlint: skip-file"},
        {"cell_type": "code", "source": "lost()  # gradlint: ignore[XX101]\nlost()\nother()"},
        {"cell_type": "code", "source": "x = 1\n# gradlint: ignore[XX101]"},
        {"cell_type": "code", "source": "lost()"},
    ]
    result = check(from_text(json.dumps({"cells": cells}), "a.ipynb"), SETTINGS)
    assert [(f.code, f.cell, f.location.line) for f in result.findings] == [("XX101", 2, 2)]
    assert result.suppressed == 3


def test_an_unused_comment_in_a_cell_is_removed_within_the_cell() -> None:
    cells = [
        {"cell_type": "code", "source": NEEDLE + "# gradlint: ignore[XX101]\nx = 1"},
        {"cell_type": "code", "source": "y = 2\nz = 3  # gradlint: ignore[XX102]"},
    ]
    first, second = check(from_text(json.dumps({"cells": cells}), "a.ipynb"), SETTINGS).findings
    assert first.fix is not None
    assert second.fix is not None
    (edit,) = first.fix.edits
    assert (edit.cell, edit.location.line, edit.location.column) == (0, 2, 1)
    assert (edit.end_location.line, edit.end_location.column) == (3, 1)
    (edit,) = second.fix.edits
    assert (edit.cell, edit.location.line, edit.location.column, edit.end_location.line) == (1, 2, 6, 2)


def test_a_page() -> None:
    page = (
        f"# T\n\n- a\n\n  ```python\n  {NEEDLE}  lost()  # gradlint: ignore\n  lost()\n  x = 1  # noqa: XX101\n  ```\n"
    )
    result = check(from_text(page, "a.md"), SETTINGS)
    places = [(f.code, f.location.line, f.location.column) for f in result.findings]
    assert places == [("XX101", 8, 3), ("GT900", 9, 10)]


def test_windows_line_ends() -> None:
    text = (NEEDLE + "lost()  # gradlint: ignore\nx = 1  # gradlint: ignore\n").replace("\n", "\r\n")
    (finding,) = check(from_text(text, "a.py"), SETTINGS).findings
    assert (finding.code, finding.location.line, finding.end_location.column) == ("GT900", 3, 26)
