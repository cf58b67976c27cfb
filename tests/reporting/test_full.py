from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gradlint.finding import Finding, Fix, Gradient, Position
from gradlint.reporting.full import render
from gradlint.reporting.report import Report
from gradlint.reporting.style import Style
from tests.reporting.samples import (
    BROKEN,
    CONFIRMED,
    INCONCLUSIVE,
    NUMPY,
    REFUTED,
    TRAIN,
    UNREADABLE,
    UNWATCHED,
    at,
    edit,
    lost,
    report,
    step,
)


def shown(report: Report, *, color: bool = False, width: int = 80) -> str:
    return render(report, Style(color, width))


def one(text: str, part: str, *, nth: int = 1, width: int = 80, **rest: Any) -> str:
    """The rendering of one finding in a text of its own, without the summary."""
    start, end = at(text, part, nth)
    finding = Finding("GT201", "numpy-call", "error", "Lost.", "a.py", None, start, end, **rest)
    made = Report((finding,), paths=("a.py",), lines=lambda path, cell: text.splitlines())
    return shown(made, width=width).partition("\n\nFound")[0] + "\n"


ONE_LINE = "loss = tf.reduce_mean(np.square(pred) + tf.stop_gradient(w)); g = tape.gradient(loss, w)\n"
WIDE = "\tπ = tf.constant('日本語') ;\tz = np.mean(π)  # \x1b[31m\n\tg = tape.gradient(z, π)\n"
LONG = "value = " + " + ".join(f"term_{n}" for n in range(20)) + " + np.mean(x) + " + "tail " * 20 + "\n"
CALL = "loss = np.mean(\n    a,\n    axis=0,\n)\n\n\n\ng = tape.gradient(loss, [a, b, c])  # (\n"
SPAN = CALL[CALL.index("np") : CALL.index(")") + 1]
NUMBERS = "".join(f"line_{n} = {n}\n" for n in range(1, 12))


# --- tests


def test_a_finding_tells_its_story() -> None:
    assert (
        shown(report(NUMPY))
        == """\
src/train.py:9:9: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   |
 7 |     squares = x**2
   |               ---- connected to `x`
 8 |
 9 |     y = np.mean(squares)
   |         ^^^^^^^^^^^^^^^^
   |         |
   |         `np.mean` gives a NumPy array: the gradient is lost here
10 |
11 | grad = tape.gradient(y, x)
   |        ------------------- `x` gets None
   |
   = fix: replace `np.mean` with `tf.reduce_mean` (`--fix`)
   |
 9 -     y = np.mean(squares)
 9 +     y = tf.reduce_mean(squares)

Found 1 error in 1 file (2 tapes checked)
1 fixable with `--fix`
`gradlint explain GT201` says why, and how to fix it
"""
    )


def test_a_story_across_a_notebooks_cells() -> None:
    assert (
        shown(report(UNWATCHED, paths=("study.ipynb",), tapes=1))
        == """\
study.ipynb:cell 4:2:9: warning[GT102] unwatched-tensor
`x` is a constant that no `watch` covers, so its gradient is None; call
`tape.watch(x)` first in the block.
  | cell 2
1 | x = tf.constant(3.0)
  |     ---------------- a constant: nothing watches it
  | cell 4
2 |     y = x * x
  |         ^ the gradient is lost here
  | cell 5
1 | tape.gradient(y, x)
  | ------------------- `x` gets None
  |

Found 1 warning in 1 file (1 tape checked)
`gradlint explain GT102` says why, and how to fix it
"""
    )


def test_verdicts_errors_and_what_was_refuted() -> None:
    findings = (NUMPY.with_confirmation(CONFIRMED), UNWATCHED.with_confirmation(INCONCLUSIVE))
    refuted = replace(UNWATCHED, location=Position(2, 13), end_location=Position(2, 14), confirmation=REFUTED)
    everything = report(*findings, refuted, errors=(BROKEN, UNREADABLE), suppressed=2, baselined=1, fixed=1)
    assert (
        shown(everything)
        == """\
src/broken.py:2:6: error: syntax error: '(' was never closed
  |
2 | print(
  |      ^

src/secret.py: error: cannot be read: permission denied

src/train.py:9:9: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   |
 7 |     squares = x**2
   |               ---- connected to `x`
 8 |
 9 |     y = np.mean(squares)
   |         ^^^^^^^^^^^^^^^^
   |         |
   |         `np.mean` gives a NumPy array: the gradient is lost here
10 |
11 | grad = tape.gradient(y, x)
   |        ------------------- `x` gets None
   |
   = confirmed: `x` got None (TensorFlow 2.21.0, 0.04 s)
   = fix: replace `np.mean` with `tf.reduce_mean` (`--fix`)
   |
 9 -     y = np.mean(squares)
 9 +     y = tf.reduce_mean(squares)

study.ipynb:cell 4:2:9: warning[GT102] unwatched-tensor
`x` is a constant that no `watch` covers, so its gradient is None; call
`tape.watch(x)` first in the block.
  | cell 2
1 | x = tf.constant(3.0)
  |     ---------------- a constant: nothing watches it
  | cell 4
2 |     y = x * x
  |         ^ the gradient is lost here
  | cell 5
1 | tape.gradient(y, x)
  | ------------------- `x` gets None
  |
  = inconclusive: line 3 reads `data.csv`, which is not there

Refuted by TensorFlow: the gradient arrives here

study.ipynb:cell 4:2:13: warning[GT102] unwatched-tensor
`x` is a constant that no `watch` covers, so its gradient is None; call
`tape.watch(x)` first in the block.
  | cell 2
1 | x = tf.constant(3.0)
  |     ---------------- a constant: nothing watches it
  | cell 4
2 |     y = x * x
  |             ^ the gradient is lost here
  | cell 5
1 | tape.gradient(y, x)
  | ------------------- `x` gets None
  |
  = refuted: `x` got a tensor of norm 2.83 (TensorFlow 2.21.0, 0.05 s)

Found 1 error and 1 warning in 2 files (2 tapes checked)
2 files could not be checked
1 finding refuted by TensorFlow, shown separately and not counted
1 finding fixed
2 findings suppressed by comments and 1 finding in the baseline
1 fixable with `--fix`
`gradlint explain GT201` says why, and how to fix it
"""
    )


def test_nothing_found() -> None:
    assert shown(report(tapes=1)) == "No lost gradients in 2 files (1 tape checked)\n"


def test_nothing_but_refuted_findings() -> None:
    assert (
        shown(report(NUMPY.with_confirmation(REFUTED), paths=("src/train.py",)))
        == """\
Refuted by TensorFlow: the gradient arrives here

src/train.py:9:9: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   |
 7 |     squares = x**2
   |               ---- connected to `x`
 8 |
 9 |     y = np.mean(squares)
   |         ^^^^^^^^^^^^^^^^
   |         |
   |         `np.mean` gives a NumPy array: the gradient is lost here
10 |
11 | grad = tape.gradient(y, x)
   |        ------------------- `x` gets None
   |
   = refuted: `x` got a tensor of norm 2.83 (TensorFlow 2.21.0, 0.05 s)

No lost gradients in 1 file (2 tapes checked)
1 finding refuted by TensorFlow, shown separately and not counted
"""
    )


def test_colour() -> None:
    assert (
        shown(report(NUMPY), color=True)
        == """\
\x1b[1msrc/train.py:9:9\x1b[0m: \x1b[1;31merror[GT201]\x1b[0m numpy-call
\x1b[1m`np.mean`\x1b[0m returns a NumPy array, so the gradient of \x1b[1m`y`\x1b[0m with respect to \x1b[1m`x`\x1b[0m
(line 11) is None; use \x1b[1m`tf.reduce_mean`\x1b[0m.
\x1b[34m   |\x1b[0m
\x1b[34m 7 |\x1b[0m     squares = x**2
\x1b[34m   |\x1b[0m               \x1b[34m----\x1b[0m \x1b[34mconnected to `x`\x1b[0m
\x1b[34m 8 |\x1b[0m
\x1b[34m 9 |\x1b[0m     y = np.mean(squares)
\x1b[34m   |\x1b[0m         \x1b[1;31m^^^^^^^^^^^^^^^^\x1b[0m
\x1b[34m   |\x1b[0m         \x1b[1;31m|\x1b[0m
\x1b[34m   |\x1b[0m         \x1b[1;31m`np.mean` gives a NumPy array: the gradient is lost here\x1b[0m
\x1b[34m10 |\x1b[0m
\x1b[34m11 |\x1b[0m grad = tape.gradient(y, x)
\x1b[34m   |\x1b[0m        \x1b[34m-------------------\x1b[0m \x1b[34m`x` gets None\x1b[0m
\x1b[34m   |\x1b[0m
\x1b[34m   = \x1b[0m\x1b[1;32mfix\x1b[0m: replace \x1b[1m`np.mean`\x1b[0m with \x1b[1m`tf.reduce_mean`\x1b[0m (\x1b[1m`--fix`\x1b[0m)
\x1b[34m   |\x1b[0m
\x1b[34m 9 \x1b[0m\x1b[31m-     y = np.mean(squares)\x1b[0m
\x1b[34m 9 \x1b[0m\x1b[32m+     y = tf.reduce_mean(squares)\x1b[0m

Found \x1b[1;31m1 error\x1b[0m in 1 file (2 tapes checked)
1 fixable with `--fix`
`gradlint explain GT201` says why, and how to fix it
"""
    )


def test_many_marks_on_one_line_hang_below_one_another() -> None:
    flow = (step(ONE_LINE, "pred", "connected to `w`"), step(ONE_LINE, "tf.stop_gradient(w)", "this way is cut, too"))
    gradients = (lost(ONE_LINE, "tape.gradient(loss, w)", "loss", "w"),)
    assert (
        one(ONE_LINE, "np.square(pred)", flow=flow, gradients=gradients, width=100)
        == """\
a.py:1:23: error[GT201] numpy-call
Lost.
  |
1 | loss = tf.reduce_mean(np.square(pred) + tf.stop_gradient(w)); g = tape.gradient(loss, w)
  |                       ^^^^^^^^^^----^   -------------------       ----------------------
  |                       |         |       |                         |
  |                       |         |       |                         `w` gets None
  |                       |         |       this way is cut, too
  |                       |         connected to `w`
  |                       the gradient is lost here
  |
"""
    )


def test_tabs_wide_characters_and_control_characters_keep_the_marks_in_place() -> None:
    flow = (step(WIDE, "tf.constant('日本語')", "made here"),)
    gradients = (lost(WIDE, "tape.gradient(z, π)", "z", "π"),)
    assert (
        one(WIDE, "np.mean(π)", flow=flow, gradients=gradients)
        == """\
a.py:1:31: error[GT201] numpy-call
Lost.
  |
1 |     π = tf.constant('日本語') ; z = np.mean(π)  # \ufffd[31m
  |         ---------------------       ^^^^^^^^^^ the gradient is lost here
  |         |
  |         made here
2 |     g = tape.gradient(z, π)
  |         ------------------- `π` gets None
  |
"""
    )


def test_a_long_line_is_cut_around_the_finding() -> None:
    flow = (step(LONG, "value", "another place, far to the left"),)
    assert (
        one(LONG, "np.mean(x)", flow=flow)
        == """\
a.py:1:199: error[GT201] numpy-call
Lost.
  |
1 | ... np.mean(x) + tail tail tail tail tail tail tail tail tail tail tail t...
  | -   ^^^^^^^^^^
  | |
  | another place, far to the left
  |
"""
    )


def test_a_finding_over_several_lines_and_outcomes_of_several_sources() -> None:
    call = "tape.gradient(loss, [a, b, c])"
    gradients = (
        lost(CALL, call, "loss", "a"),
        lost(CALL, call, "loss", "b"),
        lost(CALL, call, "loss", "c", "partial"),
    )
    assert (
        one(CALL, SPAN, gradients=gradients)
        == """\
a.py:1:8: error[GT201] numpy-call
Lost.
  |
1 | loss = np.mean(
  |        ^^^^^^^^
2 |     a,
  |     ^^
3 |     axis=0,
  |     ^^^^^^^
4 | )
  | ^ the gradient is lost here
...
8 | g = tape.gradient(loss, [a, b, c])  # (
  |     ------------------------------
  |     |
  |     `a` and `b` get None; the gradient for `c` lacks a part
  |
"""
    )


def test_the_way_between_two_lines_is_dots_or_the_one_line_there_is() -> None:
    flow = (step(NUMBERS, "line_1", "first"), step(NUMBERS, "line_8", "eighth"))
    assert (
        one(NUMBERS, "line_10", flow=flow)
        == """\
a.py:10:1: error[GT201] numpy-call
Lost.
   |
 1 | line_1 = 1
   | ------ first
...
 8 | line_8 = 8
   | ------ eighth
 9 | line_9 = 9
10 | line_10 = 10
   | ^^^^^^^
   |
"""
    )


def test_a_label_without_room_beside_its_mark_is_wrapped_below_it() -> None:
    label = "a label that says so much that it has to be broken into several lines to stay within eighty columns"
    text = "x = compute_everything_that_there_is_to_compute(with_all, the_arguments)\n"
    flow = (step(text, "x", label), step(text, "the_arguments", label))
    assert (
        one(text, "with_all", flow=flow)
        == """\
a.py:1:49: error[GT201] numpy-call
Lost.
  |
1 | x = compute_everything_that_there_is_to_compute(with_all, the_arguments)
  | -                                               ^^^^^^^^  -------------
  | |                                                         |
  | |                                     a label that says so much that it has
  | |                                     to be broken into several lines to
  | |                                     stay within eighty columns
  | a label that says so much that it has to be broken into several lines to
  | stay within eighty columns
  |
"""
    )


def test_a_fix_of_several_lines_is_shown_as_what_goes_and_comes() -> None:
    start, _ = at(TRAIN, "    squares")
    fix = Fix(
        "unsafe",
        "watch `x` and compute with TensorFlow",
        (
            replace(edit(TRAIN, "    squares", ""), location=start, end_location=start, content="    tape.watch(x)\n"),
            edit(TRAIN, "np.mean", "tf.reduce_mean"),
        ),
    )
    assert (
        shown(report(replace(NUMPY, fix=fix))).split("#")[0]
        == """\
src/train.py:9:9: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   |
 7 |     squares = x**2
   |               ---- connected to `x`
 8 |
 9 |     y = np.mean(squares)
   |         ^^^^^^^^^^^^^^^^
   |         |
   |         `np.mean` gives a NumPy array: the gradient is lost here
10 |
11 | grad = tape.gradient(y, x)
   |        ------------------- `x` gets None
   |
   = fix: watch `x` and compute with TensorFlow (`--fix --unsafe-fixes`)
   |
 7 +     tape.watch(x)
 9 -     y = np.mean(squares)
10 +     y = tf.reduce_mean(squares)

Found 1 error in 1 file (2 tapes checked)
1 fixable with `--fix --unsafe-fixes`
`gradlint explain GT201` says why, and how to fix it
"""
    )


def test_a_text_that_cannot_be_had_costs_the_excerpt_only() -> None:
    assert (
        shown(report(NUMPY, lines=lambda path, cell: ()))
        == """\
src/train.py:9:9: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   = fix: replace `np.mean` with `tf.reduce_mean` (`--fix`)

Found 1 error in 1 file (2 tapes checked)
1 fixable with `--fix`
`gradlint explain GT201` says why, and how to fix it
"""
    )


def test_a_place_behind_the_end_of_the_text_is_left_out() -> None:
    beyond = replace(NUMPY, location=Position(90, 1), end_location=Position(90, 4), flow=(), fix=None)
    assert (
        shown(report(beyond))
        == """\
src/train.py:90:1: error[GT201] numpy-call
`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x`
(line 11) is None; use `tf.reduce_mean`.
   |
11 | grad = tape.gradient(y, x)
   |        ------------------- `x` gets None
   |

Found 1 error in 1 file (2 tapes checked)
`gradlint explain GT201` says why, and how to fix it
"""
    )


@pytest.mark.parametrize("width", [20, 30, 40, 60, 79, 80, 100, 200])
def test_no_line_is_wider_than_it_may_be(width: int) -> None:
    gradients = tuple(Gradient(None, 11, 8, "gradient", "y", f"source_{n}", "none") for n in range(9))
    findings = (replace(NUMPY, gradients=gradients, fix=None), UNWATCHED)
    body = shown(report(*findings), width=width).partition("Found ")[0].splitlines()
    heads = {"src/train.py:9:9: error[GT201] numpy-call", "study.ipynb:cell 4:2:9: warning[GT102] unwatched-tensor"}
    longest_word = len("`tf.reduce_mean`.")
    assert [line for line in body if line not in heads and len(line) > max(width, longest_word + 9)] == []


def test_a_message_has_three_parts() -> None:
    parts = replace(NUMPY, headline="`np.mean` returns a NumPy array", happens="`x` gets None", help="use `tf.mean`")
    told = render(report(parts), Style()).splitlines()
    assert told[1] == "`np.mean` returns a NumPy array"
    assert [line for line in told if line.startswith("   = ")] == [
        "   = so: `x` gets None",
        "   = help: use `tf.mean`",
        "   = fix: replace `np.mean` with `tf.reduce_mean` (`--fix`)",
    ]
    assert NUMPY.message not in "\n".join(told)


def test_a_code_is_a_link_where_the_terminal_makes_links() -> None:
    painted = render(report(NUMPY), Style(color=True, links=True))
    assert "\x1b]8;;https://example.org/GT201.md\x1b\\\x1b[1;31merror[GT201]\x1b[0m\x1b]8;;\x1b\\ numpy-call" in painted
    for address in (None, "", "file:///x\x1b]8;;y", "https://exämple.org"):
        text = render(report(replace(NUMPY, url=address)), Style(color=True, links=True))
        assert "\x1b]8;" not in text
    assert "\x1b]8;" not in render(report(NUMPY), Style(color=True))
