"""The command as users run it: a process of its own, its whole output, its exit status."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from gradlint import __version__
from gradlint.cli import COMMANDS
from tests import command

UNUSED = """\
import tensorflow as tf

x = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = x**2  # gradlint: ignore[GT201]
print(tape.gradient(y, x))
"""
MENDED = UNUSED.replace("  # gradlint: ignore[GT201]", "")
BROKEN = "import tensorflow as tf\n\nwith tf.GradientTape() as tape:\n    y = (\n"
LOST = """\
import numpy as np
import tensorflow as tf

x = tf.constant(3.0)
w = tf.Variable(2.0)

with tf.GradientTape() as tape:
    y = np.square(w) * x

dx, dw = tape.gradient(y, [x, w])"""
ROOT = Path(__file__).parent.parent


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)} | more


def gradlint(*arguments: str, cwd: Path, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return command.run(*arguments, cwd=cwd, env=environment(**env), stdin=stdin)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "unused.py").write_text(UNUSED)
    (tmp_path / "src" / "clean.py").write_text(MENDED)
    (tmp_path / "src" / "other.py").write_text("print('no tape')\n")
    return tmp_path


# --- tests


def test_version(tmp_path: Path) -> None:
    for option in ("--version", "-V"):
        done = gradlint(option, cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"gradlint {__version__}\n", "")


def test_version_imports_no_argument_parser(tmp_path: Path) -> None:
    script = "import sys; sys.argv[1:] = ['--version']; from gradlint.__main__ import main; main(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment(), text=True, capture_output=True, check=True
    )
    assert {"click", "libcst", "rich", "pathspec"}.isdisjoint(done.stdout.split())


def test_a_folder_and_the_working_directory_and_the_check_command_are_the_same(project: Path) -> None:
    outputs = [gradlint(*arguments, cwd=project) for arguments in ((), ("src",), ("check",), ("check", "src/"))]
    assert {done.stdout for done in outputs} == {
        """\
src/unused.py:5:15: warning[GT900] unused-suppression
`GT201` suppresses nothing here
  |
5 |     y = x**2  # gradlint: ignore[GT201]
  |               ^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: remove it
  = fix: Remove the unused suppression (`--fix`)
  |
5 -     y = x**2  # gradlint: ignore[GT201]
5 +     y = x**2

Found 1 warning in 1 file (2 tapes checked)
1 fixable with `--fix`
`gradlint explain GT900` says why, and how to fix it
"""
    }
    assert {(done.returncode, done.stderr) for done in outputs} == {(1, "")}


def test_nothing_found(project: Path) -> None:
    done = gradlint("src/clean.py", cwd=project)
    assert (done.returncode, done.stdout, done.stderr) == (0, "No lost gradients in 1 file (1 tape checked)\n", "")


def test_an_empty_folder(tmp_path: Path) -> None:
    done = gradlint(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "No Python files, notebooks or Markdown pages here\n", "")


def test_a_file_that_is_not_python_is_told_and_the_others_are_checked(project: Path) -> None:
    (project / "src" / "broken.py").write_text(BROKEN)
    done = gradlint("--output-format", "concise", cwd=project)
    assert done.returncode == 2
    assert (
        done.stdout
        == """\
src/broken.py:4:9: error: syntax error: '(' was never closed
src/unused.py:5:15: warning: `GT201` suppresses nothing here; remove it [GT900]
"""
    )


def test_formats_without_errors_tell_them_on_standard_error(project: Path) -> None:
    (project / "src" / "broken.py").write_text(BROKEN)
    done = gradlint("--output-format", "json", cwd=project)
    assert [finding["code"] for finding in json.loads(done.stdout)] == ["GT900"]
    assert done.stderr == "gradlint: src/broken.py:4:9: syntax error: '(' was never closed\n"
    assert done.returncode == 2


@pytest.mark.parametrize("option", ["--exit-zero", "--fix-only"])
def test_exit_zero_is_for_findings_and_not_for_errors(project: Path, option: str) -> None:
    assert gradlint(option, cwd=project).returncode == 0
    assert gradlint(option, "nowhere", cwd=project).returncode == 2


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    done = gradlint("nowhere.py", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout == "nowhere.py: error: no such file or folder\n\n1 file could not be checked\n"


def test_quiet_leaves_the_summary_out(project: Path) -> None:
    done = gradlint("--quiet", "--output-format", "grouped", cwd=project)
    assert (
        done.stdout
        == """\
src/unused.py
  5:15  warning[GT900] unused-suppression
        `GT201` suppresses nothing here; remove it
"""
    )
    assert gradlint("-q", "src/clean.py", cwd=project).stdout == ""


def test_verbose_tells_what_was_done(project: Path) -> None:
    done = gradlint("--verbose", "--output-format", "concise", cwd=project)
    assert re.fullmatch(r"3 files looked at, 2 of them checked, in \d+\.\d\d s\n", done.stderr)


def test_statistics(project: Path) -> None:
    done = gradlint("--statistics", cwd=project)
    assert done.stdout.startswith(
        "count  code   name                fixable\n    1  GT900  unused-suppression        1\n\n"
    )
    assert done.stdout == gradlint("--output-format", "statistics", cwd=project).stdout


def test_several_outputs_in_one_run(project: Path) -> None:
    done = gradlint(
        *(
            "--output-format",
            "jsonl:findings.jsonl",
            "--output-format",
            "concise",
            "--output-format",
            "sarif:out.sarif",
        ),
        cwd=project,
    )
    assert done.stdout == "src/unused.py:5:15: warning: `GT201` suppresses nothing here; remove it [GT900]\n"
    assert json.loads((project / "findings.jsonl").read_text())["path"] == "src/unused.py"
    assert json.loads((project / "out.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "GT900"


def test_a_report_in_a_file_leaves_the_terminal_its_own(project: Path) -> None:
    done = gradlint("--output-format", "json:findings.json", cwd=project)
    assert done.stdout.startswith("src/unused.py:5:15: warning[GT900]")


def test_output_file_takes_what_would_go_to_standard_output(project: Path) -> None:
    done = gradlint("--output-format", "concise", "-o", "out.txt", cwd=project, FORCE_COLOR="1")
    assert (done.returncode, done.stdout) == (1, "")
    assert (project / "out.txt").read_text().startswith("src/unused.py:5:15: warning: ")


def test_an_output_that_cannot_be_written(project: Path) -> None:
    done = gradlint("-o", "nowhere/out.txt", cwd=project)
    assert (done.returncode, done.stderr) == (
        2,
        "gradlint: nowhere/out.txt cannot be written: No such file or directory\n",
    )


def test_the_format_of_the_settings(project: Path) -> None:
    (project / "gradlint.toml").write_text('output-format = "concise"\n')
    assert len(gradlint(cwd=project).stdout.splitlines()) == 1
    assert len(gradlint("--isolated", cwd=project).stdout.splitlines()) > 1
    (project / "other.toml").write_text('ignore = ["GT900"]\n')
    assert gradlint("--config", "other.toml", cwd=project).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--selct", "GT1"], "no such option --selct; did you mean --select?\nTry `gradlint check --help`."),
        (
            ["explian", "GT201"],
            "no such path 'explian'; did you mean the command `explain`?\nTry `gradlint --help`.",
        ),
        (["fix", "src"], "no such path or command 'fix'; did you mean `gradlint check --fix`?\nTry `gradlint --help`."),
        (["help"], "no such path or command 'help'; did you mean `gradlint --help`?\nTry `gradlint --help`."),
        (["explain", "GT2011"], "unknown rule `GT2011`; did you mean `GT201`? (`gradlint rules` lists them)"),
        (
            ["explain", "numpy_cal"],
            "unknown rule `numpy_cal`; did you mean `numpy-call`? (`gradlint rules` lists them)",
        ),
        (["--select", "numpy-cal"], "unknown rule `numpy-cal`; did you mean `numpy-call`?"),
        (["--output-format", "jsno"], "unknown format `jsno`; did you mean `json`?\nTry `gradlint check --help`."),
        (
            ["--output-format", "json", "--output-format", "sarif"],
            "standard output takes only one format; send `json` or `sarif` to a file: sarif:FILE\nTry `gradlint check --help`.",
        ),
        (["--output-format", "json:"], "--output-format json:: the file name is missing\nTry `gradlint check --help`."),
        (["--config", "no.toml"], "no.toml: cannot be read: No such file or directory"),
        (
            ["--config", "no.toml", "--isolated"],
            "--config cannot be combined with --isolated\nTry `gradlint check --help`.",
        ),
        (["-", "src"], "`-` reads standard input and must be the only path\nTry `gradlint check --help`."),
        (["--fix", "--diff"], "--diff writes nothing; leave out --fix\nTry `gradlint check --help`."),
        (["--confirm-timeout", "0"], "command line: confirm.timeout: expected a number above 0, got the number 0.0"),
        (["--baseline", "no.json"], "@no.json: cannot be read: No such file or directory"),
        (["config", "nowhere"], "nowhere: no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_ends_with_2(
    project: Path, arguments: list[str], message: str
) -> None:
    done = gradlint(*arguments, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    if message.startswith("@"):
        assert done.stderr.endswith(f"{message[1:]}\n")
        assert done.stderr.count("\n") == 1
    else:
        assert done.stderr == f"gradlint: {message}\n"


def test_settings_with_an_unknown_key(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.gradlint]\nselct = ["GT1"]\n')
    done = gradlint(cwd=project)
    assert done.returncode == 2
    assert done.stderr == (
        "gradlint: pyproject.toml:2:1: unknown key `selct`; did you mean `select`?\n"
        '  |\n2 | selct = ["GT1"]\n  | ^^^^^\n'
    )


def test_standard_input(project: Path) -> None:
    done = gradlint("-", "--stdin-filename", "src/new.py", "--output-format", "concise", cwd=project, stdin=UNUSED)
    assert done.stdout == "src/new.py:5:15: warning: `GT201` suppresses nothing here; remove it [GT900]\n"
    assert done.returncode == 1


def test_standard_input_mended_goes_to_standard_output(project: Path) -> None:
    done = gradlint("--fix", "-", cwd=project, stdin=UNUSED)
    assert (done.returncode, done.stdout) == (0, MENDED)
    assert "1 finding fixed" in done.stderr
    untouched = gradlint("--fix", "-", cwd=project, stdin=MENDED)
    assert (untouched.returncode, untouched.stdout) == (0, MENDED)


def test_standard_input_as_a_notebook(project: Path) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": "# Study"}]
    cells.append({"cell_type": "code", "metadata": {}, "source": UNUSED})
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    done = gradlint(
        *("-", "--stdin-filename", "study.ipynb", "--output-format", "concise"), cwd=project, stdin=notebook
    )
    assert done.stdout == "study.ipynb:cell 2:5:15: warning: `GT201` suppresses nothing here; remove it [GT900]\n"


def test_fix_writes_and_reports_what_remains(project: Path) -> None:
    done = gradlint("--fix", "--show-fixes", cwd=project)
    assert (project / "src" / "unused.py").read_text() == MENDED
    assert done.returncode == 0
    assert done.stdout == "No lost gradients in 3 files (2 tapes checked)\n1 finding fixed\n"
    assert (
        done.stderr
        == """\
Fixed 1 finding:
src/unused.py:
    1 × GT900 (unused-suppression): Remove the unused suppression
"""
    )
    again = gradlint("--fix", cwd=project)
    assert again.stdout == "No lost gradients in 3 files (2 tapes checked)\n"


def test_diff_shows_and_writes_nothing(project: Path) -> None:
    done = gradlint("--diff", cwd=project)
    assert (project / "src" / "unused.py").read_text() == UNUSED
    assert (done.returncode, done.stderr) == (1, "1 finding would be fixed\n")
    assert (
        done.stdout
        == """\
--- src/unused.py
+++ src/unused.py
@@ -2,5 +2,5 @@
 \n x = tf.Variable(2.0)
 with tf.GradientTape() as tape:
-    y = x**2  # gradlint: ignore[GT201]
+    y = x**2
 print(tape.gradient(y, x))
"""
    )
    assert gradlint("--diff", "src/clean.py", cwd=project).returncode == 0


def test_a_file_that_cannot_be_written_is_told_and_left(project: Path) -> None:
    target = project / "src" / "unused.py"
    target.chmod(0o444)
    (project / "src").chmod(0o555)
    try:
        done = gradlint("--fix", "--no-cache", cwd=project)
    finally:
        (project / "src").chmod(0o755)
    assert target.read_text() == UNUSED
    assert done.returncode == 1
    assert done.stderr.startswith("gradlint: not fixed: src/unused.py: ")


def test_baseline(project: Path) -> None:
    written = gradlint("--baseline", "known.json", "--write-baseline", cwd=project)
    assert (written.returncode, written.stdout) == (0, "")
    assert written.stderr.endswith("known.json\n")
    known = gradlint("--baseline", "known.json", cwd=project)
    assert known.returncode == 0
    assert known.stdout.endswith("1 finding in the baseline\n")
    (project / "src" / "new.py").write_text(UNUSED.replace("y", "z"))
    fresh = gradlint("--baseline", "known.json", "--output-format", "concise", cwd=project)
    assert fresh.stdout == "src/new.py:5:15: warning: `GT201` suppresses nothing here; remove it [GT900]\n"


def test_show_files_and_show_settings(project: Path) -> None:
    files = gradlint("--show-files", cwd=project)
    assert files.stdout == "src/clean.py\nsrc/other.py\nsrc/unused.py\n"
    settings = gradlint("--show-settings", "--jobs", "3", cwd=project).stdout
    assert [line.split() for line in settings.splitlines() if line.startswith("jobs")] == [
        ["jobs", "=", "3", "#", "command", "line"]
    ]


def test_config_tells_what_is_in_force_and_from_where(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.gradlint]\nignore = ["GT402"]\n')
    rows = json.loads(gradlint("config", "src/unused.py", "--output-format", "json", cwd=project).stdout)
    (ignore,) = [row for row in rows if row["key"] == "ignore"]
    assert ignore == {"key": "ignore", "value": ["GT402"], "origin": "pyproject.toml"}
    schema = json.loads(gradlint("config", "--schema", cwd=project).stdout)
    assert schema["properties"]["ignore"]["type"] == "array"


@pytest.mark.parametrize(
    ("arguments", "env", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour(project: Path, arguments: list[str], env: dict[str, str], colored: bool) -> None:
    assert ("\x1b[" in gradlint(*arguments, cwd=project, **env).stdout) is colored
    assert ("\x1b[" in gradlint("explain", "GT900", *arguments, cwd=project, **env).stdout) is colored


def test_output_is_as_wide_as_asked(project: Path) -> None:
    widths = [max(map(len, gradlint("rules", cwd=project, COLUMNS=wide).stdout.splitlines())) for wide in ("80", "110")]
    assert widths[0] <= 80 < widths[1] <= 110


def test_explain(tmp_path: Path) -> None:
    by_code, by_name = (gradlint("explain", name, cwd=tmp_path) for name in ("GT201", "numpy-call"))
    assert by_code.stdout == by_name.stdout
    page = (ROOT / "docs/rules/GT201.md").read_text(encoding="utf-8").partition("-->\n\n")[2]
    without_picture = re.sub(r"!\[[^\]]*\]\([^)]*\)\n\n?", "", page)
    assert by_code.stdout.split() == without_picture.partition("\n## In public code\n")[0].split()
    record = json.loads(gradlint("explain", "gt201", "--output-format", "json", cwd=tmp_path).stdout)
    assert (record["code"], record["name"], record["default"]) == ("GT201", "numpy-call", True)
    assert len(record["examples"]) >= 2


def test_rules(tmp_path: Path) -> None:
    records = json.loads(gradlint("rules", "--output-format", "json", cwd=tmp_path).stdout)
    codes = [record["code"] for record in records]
    assert codes == sorted(set(codes))
    text = gradlint("rules", cwd=tmp_path).stdout
    assert all(f"  {record['code']}  {record['name']} " in text for record in records)


def test_add_ignores_without_findings(project: Path) -> None:
    done = gradlint("add-ignores", "--ignore", "GT900", cwd=project)
    assert (done.returncode, done.stderr) == (0, "0 findings suppressed in 0 files\n")


def test_clean_removes_what_is_remembered(project: Path) -> None:
    gradlint(cwd=project)
    assert (project / ".gradlint_cache" / "CACHEDIR.TAG").exists()
    assert gradlint("clean", cwd=project).stderr == "removed .gradlint_cache\n"
    assert not (project / ".gradlint_cache").exists()
    assert gradlint("clean", cwd=project).stderr == "there is no cache here\n"
    gradlint("--no-cache", cwd=project)
    assert not (project / ".gradlint_cache").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(tmp_path: Path, shell: str) -> None:
    done = gradlint("completions", shell, cwd=tmp_path)
    assert done.returncode == 0
    assert f"_GRADLINT_COMPLETE={shell}_complete" in done.stdout


def test_the_completion_script_asks_the_command(tmp_path: Path) -> None:
    done = gradlint(cwd=tmp_path, _GRADLINT_COMPLETE="bash_complete", COMP_WORDS="gradlint exp", COMP_CWORD="1")
    assert done.stdout == "plain,explain\nfile,exp\n"
    options = gradlint(
        cwd=tmp_path, _GRADLINT_COMPLETE="bash_complete", COMP_WORDS="gradlint check --no-c", COMP_CWORD="2"
    )
    assert options.stdout == "plain,--no-confirm\nplain,--no-cache\n"
    default = gradlint(cwd=tmp_path, _GRADLINT_COMPLETE="bash_complete", COMP_WORDS="gradlint --no-c", COMP_CWORD="1")
    assert default.stdout == options.stdout


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_every_command_has_help_that_fits_a_terminal(tmp_path: Path, arguments: list[str]) -> None:
    done = gradlint(*arguments, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: gradlint ")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\\b" not in done.stdout, "click's mark is taken as one"
    assert gradlint(*arguments, "-h", cwd=tmp_path).stdout == done.stdout


def test_a_reader_who_goes_away_is_no_error(project: Path) -> None:
    for number in range(200):
        (project / "src" / f"more_{number}.py").write_text(UNUSED)
    with subprocess.Popen(
        [sys.executable, "-m", "gradlint"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def interruptible() -> None:
    """Let Ctrl-C reach a child, whatever this process was started to ignore."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_leaves_no_traceback(project: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gradlint", "-"],
        cwd=project,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=interruptible,
    ) as process:
        assert process.stderr is not None
        time.sleep(3.0)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b"\n"
    assert process.returncode == 130


def test_watch_checks_again_after_a_change(project: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "gradlint", "--watch", "--output-format", "concise", "src"],
        cwd=project,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=interruptible,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert "unused.py:5:15" in process.stdout.readline()
            assert process.stderr.readline() == "Watching for changes; press Ctrl-C to stop.\n"
            time.sleep(1.0)
            (project / "src" / "unused.py").write_text("\n" + UNUSED)
            assert "unused.py:6:15" in process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def test_lost_gradients_are_told_with_their_story(tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST)
    done = gradlint("lost.py", cwd=tmp_path)
    assert done.returncode == 1
    assert (
        done.stdout
        == """\
lost.py:4:5: error[GT102] unwatched-tensor
`x` is a constant Tensor
   |
 4 | x = tf.constant(3.0)
   |     ^^^^^^^^^^^^^^^^ `x` is made here
...
10 | dx, dw = tape.gradient(y, [x, w])
   |          ------------------------ `x` gets None
   |
   = so: the tape does not watch it, so the gradient of `y` with respect to it
     (line 10) is None
   = help: call `tape.watch(x)` first in the block
   = fix: Watch `x` in the tape's block (`--fix`)
   |
 8 +     tape.watch(x)

lost.py:8:9: error[GT201] numpy-call
`np.square` returns a NumPy array
   |
 5 | w = tf.Variable(2.0)
   |     ---------------- connected to `w`
...
 8 |     y = np.square(w) * x
   |         ^^^^^^^^^^^^ the gradient is lost here
 9 |
10 | dx, dw = tape.gradient(y, [x, w])
   |          ------------------------ `w` gets None
   |
   = so: the gradient of `y` with respect to `w` (line 10) is None
   = help: use `tf.square`
   = fix: Compute it with TensorFlow (`--fix`)
   |
 8 -     y = np.square(w) * x
 8 +     y = tf.square(w) * x

Found 2 errors in 1 file (1 tape checked)
2 fixable with `--fix`
`gradlint explain GT102` says why, and how to fix it
"""
    )


def test_sarif_of_a_real_run_is_valid(tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST)
    done = gradlint("--output-format", "sarif", cwd=tmp_path)
    schema = json.loads((ROOT / "tests/reporting/sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    log = json.loads(done.stdout)
    jsonschema.Draft7Validator(schema).validate(log)
    (run,) = log["runs"]
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert all(result["codeFlows"] for result in run["results"])


def test_add_ignores_keeps_todays_findings_back(tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST)
    shown = gradlint("add-ignores", "--diff", "--reason", "known", cwd=tmp_path)
    assert (shown.returncode, (tmp_path / "lost.py").read_text()) == (1, LOST)
    written = gradlint("add-ignores", "--reason", "known", cwd=tmp_path)
    assert written.returncode == 0
    assert written.stderr == shown.stderr.replace("would be suppressed", "suppressed")
    assert (tmp_path / "lost.py").read_text().count("known") >= 1
    after = gradlint("lost.py", cwd=tmp_path)
    assert after.returncode == 0
    assert "suppressed by comments" in after.stdout


def test_tensorflow_judges_and_verifies(tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST)
    done = gradlint("--confirm", "--repro", "probes", "--output-format", "json", cwd=tmp_path)
    assert done.returncode == 1
    verdicts = {finding["code"]: finding["confirmation"]["status"] for finding in json.loads(done.stdout)}
    assert verdicts == {"GT102": "confirmed", "GT201": "confirmed"}
    assert len(list((tmp_path / "probes").glob("*.py"))) == 2


def test_fixes_are_verified_by_tensorflow_before_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "lost.py").write_text(LOST)
    done = gradlint("--confirm", "--fix", "--show-fixes", "lost.py", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "No lost gradients in 1 file (1 tape checked)\n2 findings fixed\n")
    assert done.stderr.count(" verified: before: ") == 2
    mended = LOST.replace("    y = np.square(w) * x\n", "    tape.watch(x)\n    y = tf.square(w) * x\n")
    assert (tmp_path / "lost.py").read_text() == mended


FIXTURES = ROOT / "fixtures"
SHOWN = {
    "GT108-source-is-a-copy/notebook_broken.ipynb": "with respect to points arrived: ",
    "GT205-outside-the-tape/script_broken.py": "with respect to model.trainable_variables (Dense) arrived: ",
    "GT304-comparison-on-the-way/class_broken.py": "with respect to self.rate arrived: ",
    "GT401-tape-reused/never_entered_broken.py": "with respect to b arrived: ",
    "GT503-none-applied/script_broken.py": "with respect to w arrived: ",
}
"""Broken programs as one meets them, and what TensorFlow says of the gradient once the fix is in."""


def test_true_to_life_programs_are_mended_and_verified(tmp_path: Path) -> None:
    copies = {name: tmp_path / name.replace("/", "-") for name in SHOWN}
    for name, path in copies.items():
        path.write_bytes((FIXTURES / name).read_bytes())
    done = gradlint("--confirm", "--fix", "--unsafe-fixes", "--show-fixes", ".", cwd=tmp_path)
    assert (done.returncode, "No lost gradients in 5 files" in done.stdout) == (0, True)
    told = {part.partition(":")[0]: part for part in done.stderr.split("\nGT")}
    for name, evidence in SHOWN.items():
        said = told[copies[name].name.removeprefix("GT")]
        assert " verified: before: " in said
        assert f"; after: the gradient {evidence}" in said
        assert copies[name].read_bytes() != (FIXTURES / name).read_bytes()
    again = gradlint("--diff", "--unsafe-fixes", ".", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (0, "")


OTHERWISE_LOST = {
    "part.py": """w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.exp(w)) + tf.reduce_sum(np.square(w))
print(tape.gradient(loss, w))
""",
    "nan.py": """x = tf.Variable([0.0, 1.0])
with tf.GradientTape() as tape:
    y = tf.reduce_sum(tf.where(x > 0.0, tf.math.log(x), 0.0))
print(tape.gradient(y, x))
""",
    "zipped.py": """w = tf.Variable([1.0, 2.0])
optimizer = tf.keras.optimizers.SGD(0.1)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(w * w)
gradients = tape.gradient(loss, [w])
optimizer.apply_gradients(zip([w], gradients))
""",
}
"""Programs that lose a part of a gradient, may give NaN, and use gradients in a wrong way."""


def test_what_loses_no_whole_gradient_is_verified_too(tmp_path: Path) -> None:
    for name, text in OTHERWISE_LOST.items():
        (tmp_path / name).write_text("import numpy as np\nimport tensorflow as tf\n" + text)
    done = gradlint("--confirm", "--fix", "--show-fixes", ".", cwd=tmp_path)
    assert (done.returncode, "No lost gradients in 3 files" in done.stdout) == (0, True)
    assert done.stderr.count(" verified: before: ") == 3
    assert "no input was found for which the gradient is NaN" in done.stderr


def test_a_fix_that_needs_the_flag_is_not_written_without_it(tmp_path: Path) -> None:
    text = (FIXTURES / "GT304-comparison-on-the-way/class_broken.py").read_text("utf-8")
    (tmp_path / "program.py").write_text(text)
    done = gradlint("--confirm", "--fix", "program.py", cwd=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "program.py").read_text() == text
