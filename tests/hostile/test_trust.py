"""What a tree's settings name as code runs only where the user says so from outside the tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import gradlint
from gradlint.api import check_paths
from gradlint.notebook import CellSession
from gradlint.settings import Resolver, SettingsError, load
from gradlint.trust import Trust, TrustError, of_user
from tests import command
from tests.hostile.bait import BROKEN, MARK, RULE, bait, environment, ran, tree
from tests.server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = (
    "gradlint: gradlint.toml sets `rules`, `plugins`, `confirm.python`, which may run code or write elsewhere: "
    "ignored without --trust (see docs/safety.md)"
)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    folder = tmp_path / "mark"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path, mark: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    tree(folder)
    monkeypatch.chdir(folder)
    for name, value in environment(mark).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GRADLINT_TRUST", raising=False)
    return folder


def run(mark: Path, *arguments: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return command.run(*arguments, env=environment(mark, **more), stdin=stdin)


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "shown"),
    [
        (["check", "--no-cache", "--output-format", "concise", "."], None, 1, "train.py:6:23: error"),
        (["--no-cache", "--output-format", "concise", "-j", "2", "train.py"], None, 1, "train.py:6:23: error"),
        (["-", "--output-format", "concise", "--stdin-filename", "sub/new.py"], BROKEN, 1, "sub/new.py:6:23: error"),
        (["--diff", "train.py"], None, 1, "+    y = tf.reduce_sum(tf.square(x))"),
        (["--config", "gradlint.toml", "--no-cache", "--output-format", "concise"], None, 1, "train.py:6:23: error"),
        (["add-ignores", "--diff", "."], None, 1, "gradlint: ignore[GT201]"),
        (["rules"], None, 0, "GT201"),
        (["explain", "GT201"], None, 0, "numpy-call"),
        (["config"], None, 0, "rules = []"),
        (["--show-settings"], None, 0, "rules = []"),
        (["--show-files"], None, 0, "train.py"),
        (["clean"], None, 0, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_every_command(
    project: Path, mark: Path, arguments: list[str], stdin: str | None, status: int, shown: str
) -> None:
    """Nothing of the tree runs, one line says so, and the rest is done."""
    done = run(mark, *arguments, stdin=stdin)
    assert ran(mark) == []
    assert (done.returncode, shown in done.stdout) == (status, True), done.stdout + done.stderr
    assert "EVIL001" not in done.stdout.replace('select = ["GT", "EVIL001"]', "")
    assert done.stderr.count("ignored without --trust") == (arguments != ["--show-files"])
    assert arguments == ["--show-files"] or LINE in done.stderr.splitlines()


def test_tensorflow_is_not_run_with_a_stranger_s_python(project: Path, mark: Path) -> None:
    done = run(mark, "--confirm", "--output-format", "json", "train.py")
    assert ran(mark) == []
    assert [record["confirmation"]["status"] for record in json.loads(done.stdout)] == ["confirmed"], done.stderr


def test_nested_settings_are_told_once(project: Path, mark: Path) -> None:
    for name in ("a", "b"):
        tree(project / name)
    done = run(mark, "--no-cache", "--output-format", "concise")
    assert ran(mark) == []
    assert done.stdout.count("GT201") == 3
    (line,) = [line for line in done.stderr.splitlines() if "trust" in line]
    assert "and 2 other files do the like" in line


@pytest.mark.parametrize("way", ["option", "variable", "folder", "file"])
def test_the_user_may_trust(project: Path, mark: Path, way: str) -> None:
    (project / "gradlint.toml").write_text('rules = ["lint"]\nextend-select = ["EVIL001"]\n')
    home = mark.parent / "home" / ".config" / "gradlint"
    home.mkdir(parents=True)
    options, more = [], {}
    if way == "option":
        options = ["--trust"]
    elif way == "variable":
        more = {"GRADLINT_TRUST": "1"}
    elif way == "folder":
        more = {"GRADLINT_TRUST": os.pathsep.join(["/nowhere", str(project.parent)])}
    else:
        (home / "trust.toml").write_text(f"folders = [{json.dumps(str(project))}]\n")
    for line in (["check", "--no-cache"], ["rules"]):
        done = run(mark, *line, *options, **more)
        assert ran(mark) == ["rule"], done.stderr
        assert "trust" not in done.stderr
        (mark / "rule").unlink()
    assert "EVIL001" in done.stdout


def test_another_folder_s_trust_is_not_this_one_s(project: Path, mark: Path) -> None:
    (project.parent / "project-2").mkdir()
    (project / "trusted").symlink_to(project.parent / "project-2")
    for folder in (project.parent / "project-2", project / "lint", project / "trusted"):
        run(mark, "--no-cache", GRADLINT_TRUST=str(folder))
        assert ran(mark) == []


def test_a_tree_cannot_trust_itself(project: Path, mark: Path) -> None:
    """Files by which a tree might say so, in the places where such files usually lie."""
    for name in ("trust.toml", "gradlint/trust.toml", ".gradlint/trust.toml", ".config/gradlint/trust.toml"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'folders = [{json.dumps(str(project))}, "."]\n')
    (project / ".env").write_text("GRADLINT_TRUST=1\n")
    run(mark, "--no-cache")
    assert ran(mark) == []
    (project / "gradlint.toml").write_text("trust = true\n")
    done = run(mark, "--no-cache")
    assert (done.returncode, "unknown key `trust`" in done.stderr) == (2, True)


@pytest.mark.parametrize("config", ["extended", "linked"])
def test_trust_is_of_the_file_that_says_it(project: Path, mark: Path, config: str, tmp_path: Path) -> None:
    """A stranger's file that builds on a trusted one gets what that says; one that is linked to stays a stranger's."""
    mine = tmp_path / "mine"
    tree(mine)
    (mine / "gradlint.toml").write_text('rules = ["lint"]\n')
    if config == "extended":
        (project / "gradlint.toml").write_text(f'extend = "{mine}/gradlint.toml"\nplugins = ["stranger"]\n')
        settings = Resolver(trust=Trust(folders=(str(mine),))).for_folder(str(project))
        assert (settings.rules, settings.plugins) == ((str(mine / "lint"),), ())
        assert settings.withheld == (("gradlint.toml", "plugins"),)
    else:
        (mine / "link").symlink_to(project)
        settings = Resolver(trust=Trust(folders=(str(mine),))).for_folder(str(mine / "link"))
        assert settings.rules == ()


@pytest.mark.parametrize("said", ["relative", "mine:relative"])
def test_a_folder_that_counts_from_here_is_refused(
    project: Path, said: str, monkeypatch: pytest.MonkeyPatch, mark: Path
) -> None:
    monkeypatch.setenv("GRADLINT_TRUST", said.replace("mine", str(project)))
    with pytest.raises(TrustError, match="expected absolute paths"):
        of_user()
    with pytest.raises(SettingsError, match="GRADLINT_TRUST: expected absolute paths"):
        Resolver().for_folder(str(project))
    done = run(mark, "--no-cache", GRADLINT_TRUST=said)
    assert (done.returncode, "GRADLINT_TRUST: expected absolute paths" in done.stderr) == (2, True)


@pytest.mark.parametrize("text", ["folders = 1", "folder = []", "folders = [1]", "not toml", 'folders = ["here"]'])
def test_a_file_of_the_user_s_that_cannot_be_used(project: Path, mark: Path, text: str) -> None:
    file = mark.parent / "home" / ".config" / "gradlint" / "trust.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = run(mark, "--no-cache")
    assert (done.returncode, str(file) in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    (project / "gradlint.toml").write_text("")
    assert run(mark, "--no-cache").returncode == 1


def test_selectors_of_rules_that_are_not_loaded_do_no_harm(project: Path, mark: Path) -> None:
    """Without the rules nobody can tell a rule of theirs from a mistake; with no rules of others it is a mistake."""
    (project / "train.py").write_text(BROKEN.replace("(x))\n", "(x))  # gradlint: ignore[EVIL001]\n", 1))
    done = run(mark, "--no-cache", "--output-format", "concise")
    assert "GT201" in done.stdout
    assert "GT900" not in done.stdout
    (project / "gradlint.toml").write_text('select = ["GT", "EVIL001"]\n')
    done = run(mark, "--no-cache")
    assert (done.returncode, "unknown rule `EVIL001`" in done.stderr) == (2, True)


def test_results_with_and_without_trust_are_not_mixed_up(project: Path, mark: Path) -> None:
    rule = RULE.replace("kinds = ()", "kinds = ()\n    def check(self, facts, module):\n        return [Diagnostic("
                        'Claim(Other(), facts.calls[0].span, "warning"), "seen")]')  # fmt: skip
    modules = {"flow.causes": "Other", "flow.facts": "Claim", "rule": "Diagnostic"}
    imports = "".join(f"from gradlint.{module} import {name}\n" for module, name in modules.items())
    (project / "lint" / "stranger.py").write_text(imports + rule)
    (project / "gradlint.toml").write_text('rules = ["lint"]\nextend-select = ["EVIL001"]\n')
    for trusted in (True, False, True, False):
        done = run(mark, "--output-format", "concise", *(["--trust"] if trusted else []))
        assert ("EVIL001" in done.stdout, "GT201" in done.stdout) == (trusted, True), done.stdout + done.stderr


def test_the_python_interface(project: Path, mark: Path) -> None:
    with pytest.warns(UserWarning, match="ignored without trust=True"):
        (found,) = check_paths(["."])
    assert (found.code, ran(mark)) == ("GT201", [])
    assert load("gradlint.toml").rules == ()
    assert [one.code for one in gradlint.check_source(BROKEN, "train.py")] == ["GT201"]
    assert ran(mark) == []


def test_a_notebook_s_magics(project: Path, mark: Path) -> None:
    shown: list[str] = []
    session = CellSession(_Shell(), shown.append)
    session.remember(BROKEN)
    session.check_last()
    session.magic("")
    session.magic("train.py")
    assert ran(mark) == []
    assert sum("ignored without the environment variable GRADLINT_TRUST" in text for text in shown) == 1
    assert sum("GT201" in text for text in shown) == 3


class _Shell:
    events: Any = None

    def register_magic_function(self, func: Any, magic_kind: str, magic_name: str) -> None:
        raise AssertionError

    def run_cell(self, raw_cell: str) -> Any:
        raise AssertionError


# -- the language server -----------------------------------------------------------------------------------------------


@pytest.fixture
def wire(project: Path) -> Iterator[Wire]:
    answers: dict[str, Any] = {}
    wire = Wire(lambda method, _: {"result": answers.get(method)})
    wire.configuration = answers  # type: ignore[attr-defined]
    yield wire
    wire.close()


def codes(found: list[Any]) -> list[str]:
    return [one["code"] for one in found]


def warned(wire: Wire) -> list[str]:
    return [one["params"]["message"] for one in wire.told if one["method"] == "window/showMessage"]


@pytest.mark.parametrize("options", [None, {}, {"trust": False}, {"trust": ["/nowhere"]}])
def test_a_document_that_is_opened(wire: Wire, project: Path, mark: Path, options: Any) -> None:
    wire.initialize(initializationOptions=options)
    assert codes(wire.open((project / "train.py").as_uri(), BROKEN)) == ["GT201"]
    assert codes(wire.open((project / "other.py").as_uri(), BROKEN)) == ["GT201"]
    assert ran(mark) == []
    assert sum("ignored without trust" in message for message in warned(wire)) == 1
    assert wire.finish() == 0


@pytest.mark.parametrize("options", [{"trust": True}, {"trust": ["PROJECT"]}])
def test_a_workspace_that_the_client_trusts(wire: Wire, project: Path, mark: Path, options: Any) -> None:
    (project / "gradlint.toml").write_text('rules = ["lint"]\n')
    wire.initialize(initializationOptions=json.loads(json.dumps(options).replace("PROJECT", str(project))))
    assert codes(wire.open((project / "train.py").as_uri(), BROKEN)) == ["GT201"]
    assert ran(mark) == ["rule"]
    assert warned(wire) == []


def test_what_the_client_answers_later_trusts_nobody(project: Path, mark: Path) -> None:
    """An editor's settings may stand in a file of the workspace, such as ``.vscode/settings.json``."""
    settings = {"trust": True, "rules": [str(project / "lint")], "configuration": str(project / "gradlint.toml")}
    wire = Wire(lambda method, _: {"result": [settings] if method == "workspace/configuration" else None})
    try:
        wire.initialize(capabilities={"workspace": {"configuration": True}})
        assert codes(wire.open((project / "train.py").as_uri(), BROKEN)) == ["GT201"]
        wire.notify("workspace/didChangeConfiguration", {"settings": {"gradlint": settings}})
        assert codes(wire.published((project / "train.py").as_uri())) == ["GT201"]
        assert ran(mark) == []
        assert any("trust: only takes effect in the initialization options" in message for message in warned(wire))
        assert any("the editor sets `rules`" in message for message in warned(wire))
    finally:
        wire.close()


def test_nothing_is_run_for_a_client_that_does_not_trust_its_workspace(wire: Wire, project: Path, mark: Path) -> None:
    wire.initialize(initializationOptions={"trust": False})
    uri = (project / "train.py").as_uri()
    wire.open(uri, BROKEN)
    answer = wire.request(7, "workspace/executeCommand", {"command": "gradlint.confirm", "arguments": [uri]})
    assert answer["result"] == []
    assert any("untrusted workspace" in message for message in warned(wire))
    assert ran(mark) == []


# -- where settings let gradlint write ---------------------------------------------------------------------------------


def test_a_cache_elsewhere_needs_trust(project: Path, mark: Path) -> None:
    (project / "out").symlink_to(project.parent)
    for place in ("../elsewhere", "/tmp/gradlint-elsewhere", "~", "out", "out/elsewhere"):
        (project / "gradlint.toml").write_text(f"cache-dir = {json.dumps(place)}\n")
        done = run(mark)
        assert "sets `cache-dir`" in done.stderr
        assert (project / ".gradlint_cache").is_dir()
    assert sorted(path.name for path in project.parent.iterdir()) == ["home", "mark", "project"]
    assert list((project.parent / "home").iterdir()) == []
    assert not Path("/tmp/gradlint-elsewhere").exists()
    (project / "gradlint.toml").write_text('cache-dir = "../elsewhere"\n')
    assert run(mark, "--trust").stderr == ""
    assert (project.parent / "elsewhere" / ".gradlint_cache").is_dir()


def test_a_baseline_elsewhere_needs_trust_to_be_written(project: Path, mark: Path) -> None:
    (project / "gradlint.toml").write_text('baseline = "../known.json"\n')
    done = run(mark, "--write-baseline")
    assert (done.returncode, "gradlint.toml puts the baseline elsewhere" in done.stderr) == (2, True)
    assert not (project.parent / "known.json").exists()
    assert run(mark, "--write-baseline", "--trust").returncode == 0
    assert run(mark, "--no-cache").returncode == 0


@pytest.mark.parametrize("content", ["precious\n", '{"precious": true}', "[" * 100_000, ""])
def test_only_a_baseline_is_written_over(project: Path, mark: Path, content: str) -> None:
    (project / "gradlint.toml").write_text("")
    (project / "precious").write_text(content)
    done = run(mark, "--write-baseline", "--baseline", "precious")
    assert (done.returncode, "it was left alone" in done.stderr, "Traceback" in done.stderr) == (2, True, False)
    assert (project / "precious").read_text() == content


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "link"],
        ["--output-format", "json:link"],
        ["--output-format", "sarif:folder/report"],
        ["--baseline", "link", "--write-baseline"],
        ["--fix", "linked.py"],
        ["--fix"],
        ["add-ignores", "linked.py"],
        ["--repro", "folder"],
    ],
)
def test_nothing_is_written_through_a_link_that_leads_out(project: Path, mark: Path, arguments: list[str]) -> None:
    outside = project.parent / "outside"
    outside.mkdir()
    (outside / "victim").write_text('{"version": 1, "findings": []}')
    (outside / "victim.py").write_text(BROKEN)
    (project / "gradlint.toml").write_text("")
    (project / "train.py").unlink()
    (project / "link").symlink_to(outside / "victim")
    (project / "folder").symlink_to(outside)
    (project / "linked.py").symlink_to(outside / "victim.py")
    done = run(mark, *arguments)
    assert "Traceback" not in done.stderr
    assert "link" in done.stderr
    assert done.returncode in ((1,) if "--fix" in arguments else (2,)), done.stderr
    assert {path.name: path.read_text() for path in outside.iterdir()} == {
        "victim": '{"version": 1, "findings": []}',
        "victim.py": BROKEN,
    }


def test_a_file_whose_name_is_an_option_is_no_option(project: Path, mark: Path) -> None:
    """A shell's ``*`` and pre-commit hand over names as they are."""
    (project / "--trust").write_text(BROKEN)
    (project / "--output-file=train.py").write_text(BROKEN)
    for name in ("--trust", "--output-file=train.py"):
        done = run(mark, "check", "--no-cache", "train.py", name)
        assert (done.returncode, f"{name} is both an option and a file here" in done.stderr) == (2, True), done.stderr
        done = run(mark, "check", "--no-cache", "--output-format", "concise", "--", name)
        assert (done.returncode, "GT201" in done.stdout) == (1, True), done.stderr
    assert ran(mark) == []
    assert (project / "train.py").read_text() == BROKEN


def test_the_mark_is_left_by_code_that_runs(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, str(mark))
    subprocess.run([sys.executable, "-c", bait("seen")], check=True)
    assert ran(mark) == ["seen"]
