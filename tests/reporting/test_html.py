from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gradlint import check_source, cli
from gradlint.reporting import FORMATS
from gradlint.reporting.html.gutter import gutter, touches
from gradlint.reporting.report import Report
from gradlint.reporting.style import Style
from tests.picture.programs import CONNECTED, DECAY, PARTIAL, UNKNOWN, drawn
from tests.reporting.pages import Page

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("project")
    for name, text in (("decay.py", DECAY), ("fine.py", CONNECTED), ("part.py", PARTIAL), ("slope.py", UNKNOWN)):
        (made / name).write_text(text)
    (made / "broken.py").write_text("import tensorflow as tf\ntf.GradientTape(\n")
    (made / "plain.py").write_text("print('nothing')\n")
    before, after = DECAY[: DECAY.index("for step")], DECAY[DECAY.index("for step") :]
    cells = [{"cell_type": "markdown", "source": "# A study"}]
    cells += [{"cell_type": "code", "source": source} for source in (before, after)]
    (made / "study.ipynb").write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))
    return made


@pytest.fixture(scope="module")
def written(folder: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.run(["report", "-o", "page.html", "."]) == 2  # one file is not Python
    return (folder / "page.html").read_text()


def test_the_page_loads_nothing_and_runs_its_own_script_alone(written: str) -> None:
    page = Page(written)
    assert [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object", "base", "form")] == []
    assert page.all("src") == []
    assert not re.search(r"url\(|@import", written)
    assert [key for _, attrs in page.tags for key in attrs if key.startswith("on")] == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    (policy,) = [value for value in page.all("content") if "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")


def test_every_link_within_the_page_leads_somewhere_and_no_id_is_there_twice(written: str) -> None:
    page = Page(written)
    ids = page.all("id")
    assert len(ids) == len(set(ids))
    inner = [href[1:] for href in page.all("href") if href.startswith("#")]
    assert len(inner) > 15
    assert [href for href in inner if href not in ids] == []
    for ways in page.all("data-w"):
        assert [word for word in ways.split() if word[:-1] not in ids] == []


def test_the_head_counts_what_the_sources_get(written: str) -> None:
    text = Page(written).text
    assert "5 gradient calls in 7 files: 6 of 10 sources connected, 2 lost, 1 partly lost and 1 unknown." in text
    assert "only those that lose something" in text


def test_the_index_by_rule_leads_to_each_finding(written: str) -> None:
    rows = re.search(r'<table class="rules">.*?</table>', written, re.DOTALL)
    assert rows is not None
    assert "GT201 numpy-call</th><td>2</td>" in rows[0]
    assert ">decay.py:13</a>" not in rows[0]
    assert ">decay.py:12</a>" in rows[0]
    assert ">study.ipynb:cell 3:3</a>" in rows[0]


def test_the_gutter_says_how_far_the_gradient_comes() -> None:
    (call,) = drawn(DECAY)
    assert dict(touches(call)) == {(-1, 7): "c", (-1, 8): "u", (-1, 12): "x", (-1, 13): "c"}
    assert dict(touches(call, 0)) == {(-1, 7): "c", (-1, 12): "c", (-1, 13): "c"}
    assert dict(touches(call, 1)) == {(-1, 8): "u", (-1, 12): "x", (-1, 13): "r"}


def test_calls_that_do_not_meet_share_a_lane() -> None:
    first, second = drawn(DECAY + "\n" + PARTIAL)
    assert gutter([first, second]).lanes == 1
    assert gutter([first, first]).lanes == 2


def test_a_lost_line_is_marked_and_has_its_finding_and_fix_below(written: str) -> None:
    line = re.search(
        r'<span class=x id=\S+><i class="x n0" title="the gradient is lost here"></i>([^<]*)</span>', written
    )
    assert line is not None
    assert line[1] == "        curve = amplitude * np.exp(-rate * time)"
    after = written[line.end() :]
    assert after.startswith('</pre><div class="card finding error"')
    assert '<span class="del">  12 -         curve = amplitude * np.exp(-rate * time)</span>' in after
    assert '<span class="ins">  12 +         curve = amplitude * tf.exp(-rate * time)</span>' in after


def test_a_notebook_is_shown_cell_by_cell(written: str) -> None:
    assert re.findall(r"<h3 [^>]*>(.*?)</h3>", written) == ["cell 2", "cell 3"]


def test_what_could_not_be_checked_is_said(written: str) -> None:
    assert "Not checked" in Page(written).text
    assert '<td data-h="findings">not checked</td>' in written


def test_a_file_that_is_no_report_is_not_written_over(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert cli.run(["report", "fine.py", "-o", "decay.py"]) == 2
    assert "decay.py exists and is not a gradlint report" in capsys.readouterr().err
    assert (folder / "decay.py").read_text() == DECAY
    assert cli.run(["report", "fine.py", "-o", "again.html"]) == 0
    assert cli.run(["report", "fine.py", "-o", "again.html"]) == 0
    assert "No gradient is lost" in (folder / "again.html").read_text()


def test_long_stretches_without_a_gradient_are_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "long").mkdir()
    (folder / "long" / "long.py").write_text("x = 1\n" * 300 + DECAY)
    monkeypatch.chdir(folder / "long")
    assert cli.run(["report", "."]) == 0
    text = (folder / "long" / "gradlint-report.html").read_text()
    assert "lines 1 to 303: no gradient passes" in text
    assert '<pre class="code" tabindex="0" style="--n:303">' in text


def test_two_hundred_files_fit_in_two_megabytes() -> None:
    around = "\n".join(f"def helper_{number}(x):\n    return x + {number}\n" for number in range(40))
    program = f"{around}\n{DECAY}\n{around}\n{PARTIAL}"
    names = [f"package/train_{number:03}.py" for number in range(200)]
    calls, findings = drawn(program), check_source(program)
    assert (len(calls), len(findings)) == (2, 2)
    report = Report(
        findings=tuple(replace(finding, path=name) for name in names for finding in findings),
        files=200,
        drawings=tuple(replace(call, path=name) for name in names for call in calls),
        lines=lambda path, cell: program.splitlines(),
        cells=lambda path: [None],
    )
    assert 1_000_000 < len(FORMATS["html"].render(report, Style()).encode()) < 2_000_000
