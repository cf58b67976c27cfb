"""Diffs and summaries as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.fixing import diff, fix_source, summary

from .sources import lines, notebook, reader, renaming, source

if TYPE_CHECKING:
    from gradlint.finding import Finding
    from gradlint.sources.source import Source


def test_a_file() -> None:
    before, after = source("a = 1\nb = 2\n"), source("a = 1\nb = 3\n")
    assert diff(before, after) == "--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n a = 1\n-b = 2\n+b = 3\n"
    assert diff(before, before) == ""


def test_a_file_without_a_last_line_end() -> None:
    shown = diff(source("a = 1"), source("a = 2"))
    assert shown.endswith("-a = 1\n\\ No newline at end of file\n+a = 2\n\\ No newline at end of file\n")


def test_line_ends_are_shown_as_they_are() -> None:
    assert "-a = 1\r\n+a = 2\r\n" in diff(source("a = 1\r\n"), source("a = 2\r\n"))


def test_a_notebook_by_its_cells() -> None:
    before = source(notebook([lines("a = 1\nb = 2\n"), "c = 3\n", "d = 4\n"]), "a.ipynb")
    after = source(notebook([lines("a = 1\nb = 3\n"), "c = 3\n", "d = 5\n"]), "a.ipynb")
    shown = diff(before, after)
    assert "--- a.ipynb:cell 1\n+++ a.ipynb:cell 1\n" in shown
    assert "--- a.ipynb:cell 3\n" in shown
    assert "cell 2" not in shown


def test_the_summary_counts_by_file_and_rule() -> None:
    def check(given: Source) -> list[Finding]:
        return renaming("np.mean", "tf.mean")(given) + renaming("int", "((", code="GT202")(given)

    result = fix_source(source("np.mean(x)\nnp.mean(y)\nint(x)\n"), check, reader("a.py"))
    assert summary([result]) == (
        "Fixed 2 findings:\n"
        "a.py:\n"
        "    2 × GT201 (numpy-call): Change it\n"
        "    line 3 GT202 not fixed: with it, the program no longer parses\n"
    )
    assert summary([fix_source(source("a = 1\n"), check, reader("a.py"))]) == ""
