"""The options of the command: settings on the command line and in the environment, twins, selection, exit status."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO, cast

import pytest

from gradlint import cli
from gradlint.commands import terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

LOST = """\
import numpy as np
import tensorflow as tf

w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = tf.reduce_sum(np.square(w))

print(tape.gradient(y, w))
"""
UNUSED = LOST.replace("np.square(w))", "tf.square(w))  # gradlint: ignore[GT201]")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a project with one error (lost.py) and one warning (unused.py)."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "lost.py").write_text(LOST)
    (tmp_path / "unused.py").write_text(UNUSED)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = cli.run(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def codes(run: Run, *arguments: str) -> list[str]:
    status, out, err = run("-f", "json", *arguments)
    assert (status in (0, 1), err) == (True, "")
    return [finding["code"] for finding in json.loads(out)]


# --- settings on the command line


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (['select=["GT201"]'], ["GT201"]),
        (['ignore = ["GT9"]'], ["GT201"]),
        (['per-file-ignores = { "lost.py" = ["GT2"] }'], ["GT900"]),
        (["respect-suppressions=false"], ["GT201"]),
        (['ignore=["GT9"]', 'severity={ GT201 = "warning" }'], ["GT201"]),
    ],
)
def test_an_option_of_the_settings_is_set_on_the_command_line(run: Run, given: list[str], found: list[str]) -> None:
    assert codes(run, *(f"--config={one}" for one in given)) == found


def test_an_option_of_its_own_counts_before_config_and_both_before_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gradlint.toml").write_text('output-format = "concise"\njobs = 2\n')
    status, out, _ = run("config", "--config", "jobs=3", "--output-format", "json")
    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(out)}
    assert (status, rows["jobs"], rows["output-format"]) == (0, (3, "command line"), ("concise", "gradlint.toml"))
    assert run("--config", "jobs=3", "--jobs", "4", "--show-settings")[1].count("jobs = 4") == 1
    assert run("--config", "output-format=grouped")[1].startswith("lost.py\n")
    assert run("--config", 'output-format="grouped"', "-f", "pylint")[1].startswith("lost.py:7: [GT201] ")


def test_a_file_and_options_go_together(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other=.toml").write_text('ignore = ["GT900"]\n')
    assert codes(run, "--config", "other=.toml", "--config", 'extend-select=["GT7"]') == ["GT201"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["jobz=3"], "--config: unknown key `jobz`; did you mean `jobs`?"),
        (["jobs=[3"], "--config jobs=[3: not TOML: Unclosed array (at end of document)"),
        (["jobs='x'"], "command line: jobs: expected a whole number above 0, got the string 'x'"),
        (["confirm.timeout=-1"], "command line: confirm.timeout: expected a number above 0, got the integer -1"),
        (['extend="x.toml"'], "--config: `extend` belongs in a file; name the file with --config"),
        (["a.toml", "b.toml"], "--config takes only one file, got a.toml and b.toml"),
        (['select=["GTX"]'], "unknown rule `GTX`"),
    ],
)
def test_what_cannot_be_set_is_told(run: Run, given: list[str], said: str) -> None:
    status, out, err = run(*(f"--config={one}" for one in given))
    assert (status, out, err.splitlines()[0]) == (2, "", f"gradlint: {said}")


# --- the environment


def test_the_environment_sets_options_and_the_command_line_counts_before_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in {
        "OUTPUT_FORMAT": "concise sarif:out.sarif",
        "NO_CACHE": "1",
        "CACHE_DIR": "elsewhere",
        "SELECT": "GT2,GT9",
        "IGNORE": "GT901",
        "JOBS": "2",
        "SEVERITY_THRESHOLD": "error",
        "CONFIG": "confirm.timeout = 7\nrespect-gitignore = false",
    }.items():
        monkeypatch.setenv(f"GRADLINT_{name}", value)
    _, out, _ = run("--show-settings")
    rows = dict(line.split("  #")[0].rstrip().split(" = ", 1) for line in out.splitlines() if " = " in line)
    wanted = {"select": '["GT2", "GT9"]', "jobs": "2", "cache": "false", "timeout": "7.0", "ignore": '["GT901"]'}
    assert {key.removeprefix("confirm."): value for key, value in rows.items()}.items() >= wanted.items()
    assert rows["cache-dir"].endswith('elsewhere"')
    status, out, _ = run()
    assert (status, [line[:10] for line in out.splitlines()]) == (1, ["lost.py:7:", "unused.py:"])
    assert (tmp_path / "out.sarif").exists()
    assert not (tmp_path / "elsewhere").exists()
    assert run("-f", "grouped")[1].startswith("lost.py\n")
    run("--cache")
    assert (tmp_path / "elsewhere").exists()


def test_the_help_names_the_variables_and_groups_the_options(run: Run) -> None:
    _, out, _ = run("check", "--help")
    assert "[env:GRADLINT_OUTPUT_FORMAT]" in out
    assert "--[no-]fix " in out
    headings = [line for line in out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [
        *("Options:", "Output:", "Rule selection:", "File selection:", "Settings:", "Fixes:", "Exit status:"),
        *("TensorFlow's verdict:", "Known findings:", "Miscellaneous:", "Instead of checking:"),
    ]


# --- twins


@pytest.mark.parametrize(
    ("setting", "option", "key"),
    [
        ("unsafe-fixes = true", "--no-unsafe-fixes", "unsafe-fixes = false"),
        ("show-fixes = true", "--no-show-fixes", "show-fixes = false"),
        ("force-exclude = true", "--no-force-exclude", "force-exclude = false"),
        ("respect-gitignore = false", "--respect-gitignore", "respect-gitignore = true"),
        ("respect-suppressions = false", "--no-ignore-suppressions", "respect-suppressions = true"),
        ("cache = false", "--cache", "cache = true"),
        ('baseline = "known.json"', "--no-baseline", "# baseline is not set"),
    ],
)
def test_an_option_has_a_twin_that_takes_the_settings_back(
    run: Run, tmp_path: Path, setting: str, option: str, key: str
) -> None:
    (tmp_path / "gradlint.toml").write_text(f"{setting}\n")
    assert key not in run("--show-settings")[1]
    assert key in run("--show-settings", option)[1]


def test_the_last_of_an_option_and_its_twin_counts(run: Run, tmp_path: Path) -> None:
    run("--fix", "--no-fix")
    assert (tmp_path / "lost.py").read_text() == LOST
    run("--no-fix", "--fix")
    assert (tmp_path / "lost.py").read_text() == LOST.replace("np.square", "tf.square")


# --- which rules, in which files


def test_rules_are_off_in_the_files_of_a_pattern(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "lost.py").write_text(LOST)
    (tmp_path / "gradlint.toml").write_text('per-file-ignores = { "unused.py" = ["GT9"] }\n')
    assert codes(run) == ["GT201", "GT201"]
    assert codes(run, "--per-file-ignores", "lost.py:GT2") == ["GT900"]
    assert codes(run, "--per-file-ignores", "lost.py:GT2,GT9,unused.py:numpy-call,GT900") == []
    assert codes(run, "--extend-per-file-ignores", "sub/**:GT201") == ["GT201"]
    assert codes(run, "--extend-per-file-ignores", "!sub/**:GT201") == ["GT201"]
    monkeypatch.chdir(tmp_path / "sub")
    assert codes(run, "--extend-per-file-ignores", "./*.py:GT201") == []
    assert codes(run, "--extend-per-file-ignores", "sub/*.py:GT201", "..") == ["GT201", "GT201"]
    monkeypatch.chdir(tmp_path)
    status, _, err = run("--per-file-ignores", "GT201")
    assert (status, err.splitlines()[0]) == (
        2,
        "gradlint: invalid value for '--per-file-ignores': expected PATTERN:RULES, as in `tests/**:GT405,GT4`, "
        "got `GT201`",
    )


def test_suppressions_are_ignored(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST.replace("np.square(w))", "np.square(w))  # gradlint: ignore[GT201]"))
    assert codes(run) == ["GT900"]
    assert codes(run, "--ignore-suppressions") == ["GT201"]


def test_fixes_of_some_rules_are_neither_applied_nor_offered(run: Run, tmp_path: Path) -> None:
    for arguments in (("--unfixable", "GT2"), ("--fixable", "GT9"), ("--fixable=GT9", "--extend-fixable=GT5")):
        _, out, _ = run("lost.py", *arguments)
        assert "--fix" not in out
        assert run("--diff", "lost.py", *arguments)[0] == 0
    assert "`--fix`" in run("lost.py", "--fixable", "GT9", "--extend-fixable", "GT201")[1]
    assert "`--fix`" in run("lost.py", "--unfixable", "GT2", "--fixable", "numpy-call")[1]
    (tmp_path / "gradlint.toml").write_text('unfixable = ["GT2"]\n')
    assert run("--diff", "lost.py")[:2] == (0, "")


# --- the exit status


def test_the_exit_status_is_of_what_is_as_severe_as_wanted(run: Run, tmp_path: Path) -> None:
    assert [run("--severity-threshold", one, "unused.py")[0] for one in ("error", "warning", "info")] == [0, 1, 1]
    assert run("--severity-threshold", "error")[0] == 1
    (tmp_path / "gradlint.toml").write_text('severity-threshold = "error"\n')
    status, out, _ = run("unused.py")
    assert (status, "GT900" in out) == (0, True)
    assert run("--severity-threshold", "errors")[0] == 2


def test_a_fix_is_told_by_the_exit_status_where_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    for more, status in (((), 0), (("--exit-non-zero-on-fix",), 1), (("--exit-non-zero-on-fix", "-e"), 0)):
        (tmp_path / "lost.py").write_text(LOST)
        assert run("--fix", "lost.py", *more)[0] == status
        (tmp_path / "lost.py").write_text(LOST)
        assert run("--fix-only", "lost.py", *more)[0] == status
    assert run("--fix", "--exit-non-zero-on-fix", "lost.py")[0] == 0, "nothing was left to fix"


def test_silence(run: Run, tmp_path: Path) -> None:
    assert run("-s") == (1, "", "")
    assert run("-s", "nowhere.py") == (2, "", "")
    assert run("--silent", "-f", "json:out.json") == (1, "", "")
    assert len(json.loads((tmp_path / "out.json").read_text())) == 2
    assert run("--silent", "--diff")[0] == 2


# --- baselines


def test_stale_entries_of_a_baseline_are_told(run: Run, tmp_path: Path) -> None:
    run("--baseline", "known.json", "--write-baseline")
    assert "stale" not in run("--baseline", "known.json", "lost.py")[1], "unused.py was not looked at"
    assert "stale" not in run("--baseline", "known.json", "--select", "GT1")[1], "the rules were not asked"
    (tmp_path / "lost.py").write_text(LOST.replace("np.square", "tf.square"))
    status, out, _ = run("--baseline", "known.json")
    told = "1 stale entry in the baseline; `--write-baseline` drops stale entries\n"
    assert (status, out.endswith(told)) == (0, True)
    _, _, err = run("--baseline", "known.json", "-v")
    assert err.startswith("stale in the baseline: lost.py: GT201: y = tf.reduce_sum(np.square(w))\n")
    (tmp_path / "unused.py").unlink()
    assert "2 stale entries in the baseline" in run("--baseline", "known.json")[1]
    run("--baseline", "known.json", "--write-baseline")
    assert "stale" not in run("--baseline", "known.json")[1]


# --- settings that are wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'jobs = 2\nselct = ["GT1"]\n',
            'gradlint.toml:2:1: unknown key `selct`; did you mean `select`?\n  |\n2 | selct = ["GT1"]\n  | ^^^^^\n',
        ),
        (
            'select = [\n  "GT1",\n  "GT999",\n]\n',
            "gradlint.toml:3:3: select: unknown rule `GT999`; did you mean `GT901`?\n"
            '  |\n3 |   "GT999",\n  |   ^^^^^^^\n',
        ),
        (
            "[confirm]\ntimeout = 0\n",
            "gradlint.toml:2:1: confirm.timeout: expected a number above 0, got the integer 0\n"
            "  |\n2 | timeout = 0\n  | ^^^^^^^\n",
        ),
        (
            'confirm = { memory = 10, timeout = "1" }\n',
            "gradlint.toml:1:26: confirm.timeout: expected a number above 0, got the string '1'\n"
            '  |\n1 | confirm = { memory = 10, timeout = "1" }\n  |                          ^^^^^^^\n',
        ),
        (
            '[per-file-ignores]\n"a.py" = ["GT201", "GT20x"]\n',
            "gradlint.toml:2:20: per-file-ignores: unknown rule `GT20x`; did you mean `GT208`?\n"
            '  |\n2 | "a.py" = ["GT201", "GT20x"]\n  |                    ^^^^^^^\n',
        ),
        ("jobs = \n", "gradlint.toml:1:8: not TOML: Invalid value\n  |\n1 | jobs =\n  |       ^\n"),
        (
            'extend = "base.toml"\n',
            "gradlint.toml:1:1: extend: base.toml: cannot be read: No such file or directory\n"
            '  |\n1 | extend = "base.toml"\n  | ^^^^^^\n',
        ),
    ],
)
def test_settings_that_are_wrong_are_shown_where_they_stand(run: Run, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "gradlint.toml").write_text(text)
    assert run() == (2, "", f"gradlint: {said}")


def test_settings_in_pyproject_are_shown_where_they_stand(run: Run, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\njobs = 0\n\n[tool.gradlint]\njobs = 0\n")
    assert run()[2].splitlines()[0].startswith("gradlint: pyproject.toml:5:1: jobs: ")
    project.write_text("[tool]\ngradlint = { jobs = 0 }\n")
    assert run()[2].splitlines()[0].startswith("gradlint: pyproject.toml:2:14: jobs: ")
    project.write_text("tool.gradlint.jobs = 0\n")
    assert run()[2].splitlines()[0].startswith("gradlint: pyproject.toml:1:1: jobs: ")


# --- mistakes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lots.py"], "lots.py: error: no such file or folder; did you mean `lost.py`?"),
        (["-j", "x"], "gradlint: invalid value for '-j' / '--jobs': 'x' is not a valid whole number"),
        (["explain", "gt2001"], "gradlint: unknown rule `gt2001`; did you mean `GT201`? (`gradlint rules` lists them)"),
        (["run", "lots.py"], "gradlint: lots.py: No such file or directory"),
    ],
)
def test_a_mistake_is_met_with_what_was_meant(run: Run, arguments: list[str], said: str) -> None:
    status, out, err = run(*arguments)
    assert (status, (out + err).splitlines()[0]) == (2, said)


def test_a_name_that_is_proposed_steers_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "strange\n::error::name.py").write_text(LOST)
    _, out, _ = run("strange ::error::name.py", "-f", "concise")
    assert out.splitlines()[0].endswith(r"did you mean `strange\n::error::name.py`?")


# --- explain


def test_explain_lists_a_family_and_all(run: Run) -> None:
    status, out, _ = run("explain", "gt2")
    assert (status, out.splitlines()[0]) == (0, "GT2  the path leaves the tape")
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  GT")] == [
        f"GT20{n}" for n in range(1, 9)
    ]
    assert run("explain")[1] == run("rules")[1]
    assert [rule["code"] for rule in json.loads(run("explain", "GT6", "--output-format", "json")[1])] == [
        *("GT601", "GT602", "GT603")
    ]
    assert run("explain", "GT8")[0] == 2


# --- completion


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("explain GT20", {"GT201", "GT208"}),
        ("explain num", {"numpy-call"}),
        ("--output-format s", {"statistics", "sarif"}),
        ("--select GT101,GT30", {"GT101,GT301", "GT101,GT307"}),
        ("--ignore GT6", {"GT6", "GT601"}),
        ("--per-file-ignores tests/*:GT40", {"tests/*:GT401"}),
        ("--config confirm.t", {"confirm.timeout="}),
        ("--severity-threshold w", {"warning"}),
        ("add-ignores --select GT1,GT50", {"GT1,GT505"}),
        ("--no-f", {"--no-fix", "--no-fix-only", "--no-force-exclude"}),
    ],
)
def test_values_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str, wanted: set[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = f"gradlint {words}"
    for name, value in {"": "fish_complete", "WORDS": command, "CWORD": command.split()[-1]}.items():
        monkeypatch.setenv(f"COMP_{name}" if name else "_GRADLINT_COMPLETE", value)
    with pytest.raises(SystemExit):
        cli.run([])
    found = {line.partition(",")[2].partition("\t")[0] for line in capsys.readouterr().out.splitlines()}
    assert found >= wanted
    begun = command.split()[-1]
    assert all(word.startswith(begun) for word in found)


# --- links


class _Terminal:
    def __init__(self, tty: bool) -> None:
        self.isatty = lambda: tty


@pytest.mark.parametrize(
    ("tty", "environment", "links"),
    [
        (True, {"VTE_VERSION": "7006", "TERM": "xterm-256color"}, True),
        (True, {"VTE_VERSION": "4600"}, False),
        (True, {"TERM_PROGRAM": "vscode"}, True),
        (True, {"TERM": "xterm-kitty"}, True),
        (True, {"WT_SESSION": "x"}, True),
        (True, {"TERM": "xterm-256color"}, False),
        (True, {"FORCE_HYPERLINK": "1"}, True),
        (True, {"FORCE_HYPERLINK": "0", "WT_SESSION": "x"}, False),
        (True, {"TERM_PROGRAM": "vscode", "NO_COLOR": "1"}, False),
        (True, {"TERM_PROGRAM": "vscode", "TERM": "dumb"}, False),
        (False, {"TERM_PROGRAM": "vscode", "FORCE_HYPERLINK": "1"}, False),
    ],
)
def test_links_are_for_terminals_that_are_known_to_make_them(
    monkeypatch: pytest.MonkeyPatch, tty: bool, environment: dict[str, str], links: bool
) -> None:
    for name in ("VTE_VERSION", "TERM", "TERM_PROGRAM", "WT_SESSION", "FORCE_HYPERLINK", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("KITTY_WINDOW_ID", "KONSOLE_VERSION", "DOMTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = cast("TextIO", _Terminal(tty))
    assert terminal.knows_links(stream) is links
    assert terminal.style("auto", stream).links is links
