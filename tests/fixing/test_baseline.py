"""A baseline knows findings by what stands around them, never by the number of their line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gradlint.fixing import Baseline, BaselineError

from .sources import at, lines, notebook, source

if TYPE_CHECKING:
    from pathlib import Path

    from gradlint.finding import Finding
    from gradlint.sources.source import Source

TEXT = "import numpy as np\n\na = 1\ny = np.mean(x)\nb = 2\n\nc = 3\nz = np.mean(x)\nd = 4\n"


def baseline(*findings: Finding, text: str = TEXT) -> Baseline:
    return Baseline.of(findings, lambda path: source(text, path))


def match(known: Baseline, findings: list[Finding], text: str = TEXT) -> tuple[list[int], list[int], int]:
    found = known.match(findings, lambda path: source(text, path))
    return [one.location.line for one in found.new], [one.location.line for one in found.known], len(found.gone)


def test_what_is_there_is_known() -> None:
    findings = [at("a.py", 4), at("a.py", 8)]
    assert match(baseline(*findings), findings) == ([], [4, 8], 0)


def test_lines_may_move() -> None:
    assert match(baseline(at("a.py", 4)), [at("a.py", 7)], "# one\n# two\n\n" + TEXT) == ([], [7], 0)


def test_the_surroundings_may_change() -> None:
    text = TEXT.replace("a = 1", "a = 100").replace("b = 2", "print(y)")
    assert match(baseline(at("a.py", 4)), [at("a.py", 4)], text) == ([], [4], 0)


def test_indentation_may_change() -> None:
    text = "".join(f"    {line}" for line in lines(TEXT))
    assert match(baseline(at("a.py", 4)), [at("a.py", 4)], text) == ([], [4], 0)


def test_a_second_one_alike_is_new() -> None:
    text = TEXT + "y = np.mean(x)\n"
    assert match(baseline(at("a.py", 4)), [at("a.py", 4), at("a.py", 10)], text) == ([10], [4], 0)


def test_the_one_that_stays_is_known_by_its_surroundings() -> None:
    text = TEXT.replace("y = np.mean(x)", "y = 0").replace("z =", "y =")
    known = baseline(at("a.py", 4), at("a.py", 8), text=TEXT.replace("z =", "y ="))
    assert match(known, [at("a.py", 8)], text) == ([], [8], 1)


def test_another_rule_is_new() -> None:
    assert match(baseline(at("a.py", 4)), [at("a.py", 4, "GT202")]) == ([4], [], 1)


def test_a_changed_line_is_new() -> None:
    text = TEXT.replace("y = np.mean(x)", "y = np.mean(x + 1)")
    assert match(baseline(at("a.py", 4)), [at("a.py", 4)], text) == ([4], [], 1)


def test_a_renamed_file_is_known() -> None:
    assert match(baseline(at("a.py", 4)), [at("src/b.py", 4)]) == ([], [4], 0)


def test_the_cell_of_a_notebook_may_move() -> None:
    cell = lines(TEXT)
    known = Baseline.of([at("a.ipynb", 4, cell=0)], lambda path: source(notebook([cell]), path))
    found = known.match([at("a.ipynb", 4, cell=1)], lambda path: source(notebook(["n = 1", cell]), path))
    assert len(found.known) == 1


def test_each_source_is_read_once() -> None:
    read: list[str] = []

    def reading(path: str) -> Source:
        read.append(path)
        return source(TEXT, path)

    Baseline.of([at("a.py", 4), at("a.py", 8), at("b.py", 4)], reading)
    assert read == ["a.py", "b.py"]


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    known = baseline(at("b.py", 8), at("a.py", 4))
    known.save(path)
    assert Baseline.load(path).entries == known.entries
    assert [one["path"] for one in json.loads(path.read_text())["findings"]] == ["a.py", "b.py"]
    first = path.read_bytes()
    baseline(at("a.py", 4), at("b.py", 8)).save(path)
    assert path.read_bytes() == first
    assert [one.name for one in tmp_path.iterdir()] == ["baseline.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a baseline"),
        ("[]", "no list of findings"),
        ('{"version": 1}', "no list of findings"),
        ('{"version": 99, "findings": []}', "version is 99"),
        ('{"version": 1, "findings": [{"path": "a.py"}]}', "lacks one of path, code, line, context"),
        ('{"version": 1, "findings": [3]}', "lacks one of"),
    ],
)
def test_what_is_no_baseline(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match=message):
        Baseline.load(path)


def test_files_that_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="No such file"):
        Baseline.load(tmp_path / "none.json")
    with pytest.raises(BaselineError, match="No such file"):
        baseline().save(tmp_path / "none" / "baseline.json")
