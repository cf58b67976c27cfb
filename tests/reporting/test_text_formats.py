from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.reporting import FORMATS
from gradlint.reporting.style import Style
from tests.reporting.samples import (
    BROKEN,
    CONFIRMED,
    INCONCLUSIVE,
    NUMPY,
    REFUTED,
    UNREADABLE,
    UNWATCHED,
    report,
)

if TYPE_CHECKING:
    from gradlint.reporting.report import Report

EVERYTHING = report(
    NUMPY.with_confirmation(CONFIRMED),
    NUMPY.with_confirmation(REFUTED),
    UNWATCHED.with_confirmation(INCONCLUSIVE),
    errors=(BROKEN, UNREADABLE),
    suppressed=1,
)
CLEAN = report(tapes=0, paths=("a.py",))


def shown(name: str, report: Report, *, color: bool = False) -> str:
    return FORMATS[name].render(report, Style(color))


# --- tests


def test_concise() -> None:
    assert (
        shown("concise", EVERYTHING)
        == """\
src/broken.py:2:6: error: syntax error: '(' was never closed
src/secret.py: error: cannot be read: permission denied
src/train.py:9:9: error: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`. [GT201] (confirmed)
study.ipynb:cell 4:2:9: warning: `x` is a constant that no `watch` covers, so its gradient is None; call `tape.watch(x)` first in the block. [GT102] (inconclusive)
src/train.py:9:9: error: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`. [GT201] (refuted)
"""
    )


def test_concise_says_nothing_where_nothing_is_found() -> None:
    assert shown("concise", CLEAN) == ""


def test_concise_in_colour() -> None:
    assert (
        shown("concise", report(UNWATCHED), color=True)
        == """\
\x1b[1mstudy.ipynb:cell 4:2:9\x1b[0m: \x1b[1;33mwarning\x1b[0m: \x1b[1m`x`\x1b[0m is a constant that no \x1b[1m`watch`\x1b[0m covers, so its gradient is None; call \x1b[1m`tape.watch(x)`\x1b[0m first in the block. [GT102]
"""
    )


def test_grouped() -> None:
    assert (
        shown("grouped", EVERYTHING)
        == """\
src/broken.py
  2:6  error: syntax error: '(' was never closed

src/secret.py
    error: cannot be read: permission denied

src/train.py
  9:9  error[GT201] numpy-call (confirmed)
       `np.mean` returns a NumPy array, so the gradient of `y` with respect to
       `x` (line 11) is None; use `tf.reduce_mean`.
  9:9  error[GT201] numpy-call (refuted)
       `np.mean` returns a NumPy array, so the gradient of `y` with respect to
       `x` (line 11) is None; use `tf.reduce_mean`.

study.ipynb
  cell 4:2:9  warning[GT102] unwatched-tensor (inconclusive)
              `x` is a constant that no `watch` covers, so its gradient is None;
              call `tape.watch(x)` first in the block.

Found 1 error and 1 warning in 2 files (2 tapes checked)
2 files could not be checked
1 finding refuted by TensorFlow, shown separately and not counted
1 finding suppressed by comments
1 fixable with `--fix`
"""
    )


def test_statistics() -> None:
    assert (
        shown("statistics", report(NUMPY, NUMPY, UNWATCHED, errors=(BROKEN,)))
        == """\
src/broken.py:2:6: error: syntax error: '(' was never closed
count  code   name              fixable
    2  GT201  numpy-call              2
    1  GT102  unwatched-tensor        -

Found 2 errors and 1 warning in 2 files (2 tapes checked)
1 file could not be checked
2 fixable with `--fix`
"""
    )


def test_statistics_of_nothing() -> None:
    assert shown("statistics", CLEAN) == "No lost gradients in 1 file (0 tapes checked)\n"


def test_github() -> None:
    assert (
        shown("github", EVERYTHING)
        == """\
::error title=not checked,file=src/broken.py,line=2,col=6::src/broken.py:2:6: syntax error: '(' was never closed
::error title=not checked,file=src/secret.py::src/secret.py: cannot be read: permission denied
::error title=GT201 numpy-call,file=src/train.py,line=9,endLine=9,col=9,endColumn=25::src/train.py:9:9: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`.%0Aconfirmed: `x` got None (TensorFlow 2.21.0, 0.04 s)
::warning title=GT102 unwatched-tensor,file=study.ipynb::study.ipynb:cell 4:2:9: `x` is a constant that no `watch` covers, so its gradient is None; call `tape.watch(x)` first in the block.%0Ainconclusive: line 3 reads `data.csv`, which is not there
::notice title=GT201 numpy-call,file=src/train.py,line=9,endLine=9,col=9,endColumn=25::src/train.py:9:9: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`.%0Arefuted: `x` got a tensor of norm 2.83 (TensorFlow 2.21.0, 0.05 s)
"""
    )


def test_junit() -> None:
    assert (
        shown("junit", EVERYTHING)
        == """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="gradlint" tests="5" failures="2" errors="2" time="0.000">
  <testsuite name="src/broken.py" tests="1" failures="0" errors="1" skipped="0">
    <testcase name="not checked" classname="src/broken.py" file="src/broken.py">
      <error message="syntax error: '(' was never closed" type="error">src/broken.py:2:6: syntax error: '(' was never closed</error>
    </testcase>
  </testsuite>
  <testsuite name="src/secret.py" tests="1" failures="0" errors="1" skipped="0">
    <testcase name="not checked" classname="src/secret.py" file="src/secret.py">
      <error message="cannot be read: permission denied" type="error">src/secret.py: cannot be read: permission denied</error>
    </testcase>
  </testsuite>
  <testsuite name="src/train.py" tests="2" failures="1" errors="0" skipped="1">
    <testcase name="GT201 numpy-call" classname="src/train.py" file="src/train.py" line="9">
      <failure message="`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`." type="error">src/train.py:9:9: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`.
confirmed: `x` got None (TensorFlow 2.21.0, 0.04 s)</failure>
    </testcase>
    <testcase name="GT201 numpy-call (2)" classname="src/train.py" file="src/train.py" line="9">
      <skipped message="src/train.py:9:9: `np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; use `tf.reduce_mean`.&#10;refuted: `x` got a tensor of norm 2.83 (TensorFlow 2.21.0, 0.05 s)" />
    </testcase>
  </testsuite>
  <testsuite name="study.ipynb" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="GT102 unwatched-tensor" classname="study.ipynb" file="study.ipynb" line="2">
      <failure message="`x` is a constant that no `watch` covers, so its gradient is None; call `tape.watch(x)` first in the block." type="warning">study.ipynb:cell 4:2:9: `x` is a constant that no `watch` covers, so its gradient is None; call `tape.watch(x)` first in the block.
inconclusive: line 3 reads `data.csv`, which is not there</failure>
    </testcase>
  </testsuite>
</testsuites>
"""
    )
