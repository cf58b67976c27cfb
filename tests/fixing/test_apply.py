"""Fixes go round after round to a fixpoint; what does harm is withdrawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from gradlint.finding import Edit, Finding, Fix, Gradient, Position
from gradlint.fixing import EditError, Evidence, edited, fix_source
from gradlint.fixing.text import Text, texts

from .sources import edit, finding, lines, notebook, reader, renaming, source

if TYPE_CHECKING:
    from gradlint.sources.source import Source


def fixed(text: str, check: Any, path: str = "a.py", **options: Any) -> Any:
    return fix_source(source(text, path), check, reader(path), **options)


def test_every_finding_is_fixed_in_one_round() -> None:
    result = fixed("a = np.mean(x)\nb = np.mean(y)\n", renaming("np.mean", "tf.reduce_mean"))
    assert result.after.text == "a = tf.reduce_mean(x)\nb = tf.reduce_mean(y)\n"
    assert len(result.applied) == 2
    assert result.findings == ()
    assert result.changed


def test_unsafe_fixes_only_on_demand() -> None:
    check = renaming("np.mean", "tf.reduce_mean", "unsafe")
    assert fixed("np.mean(x)\n", check).after.text == "np.mean(x)\n"
    assert fixed("np.mean(x)\n", check, unsafe=True).after.text == "tf.reduce_mean(x)\n"


def test_overlapping_fixes_in_turn() -> None:
    def check(given: Source) -> list[Finding]:
        text = texts(given)[None]
        found = []
        for name in ("outer", "inner"):
            for match in re.finditer(rf"{name}\((.*?)\)(?=\)|$)", text.text, re.MULTILINE):
                change = edit(text, *match.span(), f"[{match[1]}]")
                found.append(finding(given.path, "GT201", change))
        return found

    result = fixed("outer(inner(x))\n", check)
    assert result.after.text == "[[x]]\n"
    assert len(result.applied) == 2


def test_two_insertions_at_one_place_in_turn() -> None:
    def check(given: Source) -> list[Finding]:
        text = texts(given)[None]
        return [
            finding(given.path, "GT102", edit(text, 0, 0, f"watch({name})\n"), name=name)
            for name in "ab"
            if f"watch({name})" not in text.text
        ]

    def named(given: Source) -> list[Finding]:
        return [
            Finding(
                one.code, one.name, "error", "", one.path, None, one.location, one.end_location,
                (Gradient(None, 1, 1, "gradient", "y", one.name, "none"),), fix=one.fix,
            )
            for one in check(given)
        ]  # fmt: skip

    assert fixed("y = a * b\n", named).after.text == "watch(b)\nwatch(a)\ny = a * b\n"


def test_a_fix_that_breaks_the_program_is_withdrawn_alone() -> None:
    def check(given: Source) -> list[Finding]:
        return renaming("np.mean", "tf.mean((")(given) + renaming("np.sum", "tf.reduce_sum")(given)

    result = fixed("a = np.mean(x)\nb = np.sum(x)\n", check)
    assert result.after.text == "a = np.mean(x)\nb = tf.reduce_sum(x)\n"
    assert [one.reason for one in result.withdrawn] == ["with it, the program no longer parses"]


def test_a_fix_that_leaves_its_finding_is_withdrawn() -> None:
    def check(given: Source) -> list[Finding]:
        text = texts(given)[None]
        at = text.text.index("y")
        place, end = text.place(at), text.place(at + 1)
        return [
            Finding(
                "GT102", "unwatched-tensor", "error", "", given.path, None, place, end,
                fix=Fix("safe", "Watch", (Edit(None, Position(1, 1), Position(1, 1), "watch()\n"),)),
            )
        ]  # fmt: skip

    result = fixed("y = 1\n", check)
    assert result.after is result.before
    assert [one.reason for one in result.withdrawn] == ["the finding remains after it"]
    assert fixed(result.after.text, check).after.text == "y = 1\n"


def test_fixes_that_undo_each_other_end() -> None:
    def check(given: Source) -> list[Finding]:
        return renaming("aa", "bb")(given) + renaming("bb", "aa", code="GT202")(given)

    result = fixed("aa = 1\n", check)
    assert result.withdrawn
    assert fixed(result.after.text, check).after.text == result.after.text


def test_an_edit_that_does_not_fit_is_withdrawn() -> None:
    def check(given: Source) -> list[Finding]:
        return [finding(given.path, "GT201", Edit(None, Position(9, 1), Position(9, 2), "x"))]

    result = fixed("a = 1\n", check)
    assert not result.changed
    assert "no line 9" in result.withdrawn[0].reason


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_put_in_end_as_the_file_does(end: str) -> None:
    text = f"with tape:{end}    y = x{end}"
    given = source(text)
    change = Edit(None, Position(2, 5), Position(2, 5), "watch(x)\n    ")
    assert edited(given, [change]) == f"with tape:{end}    watch(x){end}    y = x{end}"


def test_mixed_line_ends_stay() -> None:
    text = "a = 1\r\nb = 2\nc = 3\r\n"
    change = Edit(None, Position(2, 1), Position(2, 1), "z = 0\n")
    assert edited(source(text), [change]) == "a = 1\r\nz = 0\nb = 2\nc = 3\r\n"


def test_markdown_keeps_the_prefix_of_its_fence() -> None:
    quoted = "> ```python\n> with tf.GradientTape() as tape:\n>     y = x\n> ```\n"
    page = f"# Page\n\n{quoted}\n- item\n\n  ```python\n  z = 1\n  ```\n"
    given = source(page, "a.md")
    text = texts(given)[None]
    at = page.index("y = x")
    assert edited(given, [edit(text, at, at, "tape.watch(x)\n    ")]) == page.replace(
        "y = x", "tape.watch(x)\n>     y = x"
    )


def test_edits_that_overlap_are_refused() -> None:
    text = Text("abc")
    with pytest.raises(EditError, match="overlap"):
        edited(source("abc"), [edit(text, 0, 2, "x"), edit(text, 1, 3, "y")])


def test_a_fix_that_is_not_borne_out_is_not_applied() -> None:
    seen: list[tuple[str, str, tuple[Gradient, ...]]] = []

    def verify(before: Source, after: Source, one: Finding, moved: Finding) -> Evidence:
        seen.append((before.text, after.text, moved.gradients))
        return Evidence(one.code == "GT201", f"{one.code} was None, now 2.0")

    def check(given: Source) -> list[Finding]:
        return renaming("np.mean", "tf.reduce_mean")(given) + renaming("int(x)", "x", code="GT202")(given)

    result = fixed("a = np.mean(x)\nb = int(x)\n", check, verify=verify)
    assert result.after.text == "a = tf.reduce_mean(x)\nb = int(x)\n"
    assert [one.evidence.detail for one in result.applied] == ["GT201 was None, now 2.0"]
    assert [one.reason for one in result.withdrawn] == ["GT202 was None, now 2.0"]
    assert seen[0][:2] == ("a = np.mean(x)\nb = int(x)\n", "a = tf.reduce_mean(x)\nb = x\n")


def test_the_verifier_is_told_where_the_gradient_call_has_gone() -> None:
    places = []

    def verify(before: Source, after: Source, one: Finding, moved: Finding) -> Evidence:
        places.append((moved.gradients[0].line, moved.gradients[0].column))
        return Evidence(True, "")

    def check(given: Source) -> list[Finding]:
        text = texts(given)[None]
        if "watch" in text.text:
            return renaming("f(", "ff(", code="GT202")(given) if " f(" in text.text else []
        change = edit(text, 0, 0, "watch(x)\n")
        one = finding(given.path, "GT102", change)
        lost = Gradient(None, 2, 11, "gradient", "y", "x", "none")
        return [
            Finding(
                one.code, one.name, "error", "", one.path, None, one.location, one.end_location, (lost,), fix=one.fix
            )
        ]

    text = "y = x\ng = f(y), tape.gradient(y, x)\n"
    result = fixed(text, check, verify=lambda *a: Evidence(True, ""))
    assert result.after.text == "watch(x)\ny = x\ng = ff(y), tape.gradient(y, x)\n"

    def first(given: Source) -> list[Finding]:
        return [one for one in check(given) if one.gradients or "watch" in given.text]

    def only(before: Source, after: Source, one: Finding, moved: Finding) -> Evidence:
        return verify(before, after, one, moved) if moved.gradients else Evidence(True, "")

    fixed(text, first, verify=only)
    assert places == [(3, 12)]


def test_a_fix_of_a_later_round_is_judged_against_the_text_of_that_round() -> None:
    seen = []

    def verify(before: Source, after: Source, one: Finding, moved: Finding) -> Evidence:
        seen.append((before.text, one.location, moved.location))
        return Evidence(True, "")

    def check(given: Source) -> list[Finding]:
        return renaming("first", "a\nsecond")(given) or renaming("second", "b")(given)

    assert fixed("x\nfirst\n", check, verify=verify).after.text == "x\na\nb\n"
    assert seen == [
        ("x\nfirst\n", Position(2, 1), Position(2, 1)),
        ("x\na\nsecond\n", Position(3, 1), Position(3, 1)),
    ]


def test_a_fix_is_applied_only_if_it_is_accepted() -> None:
    asked = []

    def accept(before: Source, after: Source, one: Finding) -> bool:
        asked.append((before.text, after.text, one.code))
        return one.code == "GT201"

    def check(given: Source) -> list[Finding]:
        return renaming("np.mean", "tf.reduce_mean")(given) + renaming("int(x)", "x", code="GT202")(given)

    result = fixed("a = np.mean(x)\nb = int(x)\n", check, accept=accept)
    assert result.after.text == "a = tf.reduce_mean(x)\nb = int(x)\n"
    assert [one.reason for one in result.withdrawn] == ["it was declined"]
    assert asked == [
        ("a = np.mean(x)\nb = int(x)\n", "a = tf.reduce_mean(x)\nb = int(x)\n", "GT201"),
        ("a = np.mean(x)\nb = int(x)\n", "a = np.mean(x)\nb = x\n", "GT202"),
    ]


def test_a_notebook_is_fixed_in_its_cells() -> None:
    raw = notebook([lines("import numpy as np\nx = np.mean(1)\n"), "y = np.mean(2)"])
    result = fixed(raw, renaming("np.mean", "tf.reduce_mean"), "a.ipynb")
    assert result.after.text == raw.replace("np.mean", "tf.reduce_mean")
