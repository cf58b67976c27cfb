"""Settings: where they come from, what they may say, and what is told of what they may not."""

import json
import pickle
import tomllib
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from gradlint import finding
from gradlint.options import OPTIONS, SEVERITY, schema
from gradlint.settings import Resolver, Settings, SettingsError, find, load
from gradlint.trust import Trust

SCHEMA = Path(__file__).parent.parent / "gradlint" / "settings.schema.json"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(path: str, text: str) -> Path:
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def loaded(text: str) -> Settings:
    return load(write("gradlint.toml", text), Trust(everything=True))


def test_every_option_in_toml(tmp_path: Path) -> None:
    lines = [f"{option.example}" for option in OPTIONS.values() if "." not in option.key]
    grouped = [f"{option.example}" for option in OPTIONS.values() if option.key.startswith("confirm.")]
    settings = loaded("\n".join([*lines, "[confirm]", *grouped]))
    assert settings.select == ("GT1", "GT2", "tape-reused")
    assert settings.per_file_ignores == {"tests/**": ("GT405",)}
    assert settings.severity == {"GT402": "error", "GT6": "info"}
    assert settings.confirm_timeout == 30.0
    assert settings.confirm_memory == 8192
    assert settings.jobs == 4
    assert settings.cache is False
    assert settings.rules == (str(tmp_path / "lint" / "rules"),)
    assert settings.cache_dir == str(tmp_path / ".cache")
    assert settings.root == str(tmp_path)
    assert set(settings.origins) == set(OPTIONS)
    assert set(settings.origins.values()) == {"gradlint.toml"}


def test_defaults_are_those_declared() -> None:
    settings = Settings()
    for name, option in OPTIONS.items():
        assert getattr(settings, name) == option.default, name


def test_pyproject() -> None:
    path = write("pyproject.toml", '[project]\nname = "x"\n[tool.gradlint]\nignore = ["GT402"]\n')
    assert load(path).ignore == ("GT402",)
    with pytest.raises(SettingsError, match=r"other/pyproject.toml: it has no \[tool.gradlint\] table"):
        load(write("other/pyproject.toml", "[tool.ruff]\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = []", "gradlint.toml:1:1: unknown key `selct`; did you mean `select`?"),
        ("extend_select = []", "unknown key `extend_select`; did you mean `extend-select`?"),
        ("output_format = 'json'", "did you mean `output-format`?"),
        ("wholly-else-zzz = 1", "unknown key `wholly-else-zzz`"),
        ("[confirm]\ntime-out = 3", "unknown key `confirm.time-out`; did you mean `confirm.timeout`?"),
        ("confirm = 3", "gradlint.toml:1:1: confirm: expected a table, got the integer 3"),
        ("select = 'GT1'", "gradlint.toml:1:1: select: expected a list of strings, got the string 'GT1'"),
        ("select = [1]", "select: expected a list of strings, got a list: [1]"),
        ("jobs = 0", "jobs: expected a whole number above 0, got the integer 0"),
        ("jobs = true", "jobs: expected a whole number above 0, got the boolean true"),
        ("cache = 'no'", "cache: expected true or false, got the string 'no'"),
        ("[confirm]\ntimeout = inf", "confirm.timeout: expected a number above 0, got the number inf"),
        ("[confirm]\ntimeout = '3'", "confirm.timeout: expected a number above 0, got the string '3'"),
        ("severity = { GT1 = 'fatal' }", "severity: expected a table of rules with `error`, `warning` or `info`"),
        ("per-file-ignores = ['GT1']", "per-file-ignores: expected a table of lists of strings"),
        ("per-file-ignores = { a = 'GT1' }", "per-file-ignores: expected a table of lists of strings"),
        ("output-format = 'xml'", "output-format: expected one of full, concise, "),
        ("cache-dir = 3", "cache-dir: expected a string, got the integer 3"),
        ("extend = 3", "extend: expected a path, got the integer 3"),
        ("extend = 'nope.toml'", "nope.toml: cannot be read: No such file"),
        ("extend = 'gradlint.toml'", "extends this file in turn"),
        ("a = ", "gradlint.toml:1:5: not TOML: "),
    ],
)
def test_what_cannot_be_used(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(text)
    assert message in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args


def test_other_things_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load("nope.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)
    Path("gradlint.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not TOML"):
        load("gradlint.toml")
    with pytest.raises(SettingsError, match=r"tool\.gradlint: expected a table"):
        load(write("pyproject.toml", "[tool]\ngradlint = 3\n"))


def test_the_nearest_file_counts() -> None:
    write("pyproject.toml", '[tool.gradlint]\nignore = ["GT1"]\n')
    write("a/pyproject.toml", "[tool.other]\n")
    write("a/b/.gradlint.toml", 'ignore = ["GT2"]\n')
    write("a/b/c/pyproject.toml", '[tool.gradlint]\nignore = ["GT3"]\n')
    write("a/b/c/gradlint.toml", 'ignore = ["GT4"]\n')
    resolver = Resolver()
    ignored = {
        path: resolver.for_file(path).ignore for path in ("x.py", "a/x.py", "a/b/x.py", "a/b/c/x.py", "a/b/c/d/x.py")
    }
    assert ignored == {
        "x.py": ("GT1",),
        "a/x.py": ("GT1",),
        "a/b/x.py": ("GT2",),
        "a/b/c/x.py": ("GT4",),
        "a/b/c/d/x.py": ("GT4",),
    }
    assert resolver.for_file("x.py") is resolver.for_file("a/y.py")
    assert find("a/b") == str(Path("a/b/.gradlint.toml").absolute())


def test_no_file_at_all(tmp_path: Path) -> None:
    assert Resolver().for_file("x.py") == Settings(root=str(tmp_path))


def test_a_broken_file_that_counts_is_an_error() -> None:
    write("a/gradlint.toml", "nope = 1")
    with pytest.raises(SettingsError, match=r"a/gradlint\.toml:1:1: unknown key `nope`"):
        Resolver().for_file("a/x.py")


def test_one_file_for_all_and_none_for_all(tmp_path: Path) -> None:
    write("a/gradlint.toml", 'ignore = ["GT1"]')
    write("other.toml", 'ignore = ["GT2"]')
    assert Resolver("other.toml").for_file("a/x.py").ignore == ("GT2",)
    assert Resolver(isolated=True).for_file("a/x.py") == Settings(root=str(tmp_path))
    with pytest.raises(SettingsError, match=r"nope\.toml: cannot be read"):
        Resolver("nope.toml")


def test_extend(tmp_path: Path) -> None:
    write("base.toml", 'select = ["GT1"]\nextend-exclude = ["a"]\nrules = ["r"]\n[confirm]\ntimeout = 3\nmemory = 5\n')
    write("sub/mid.toml", 'extend = "../base.toml"\nextend-exclude = ["b"]\nignore = ["GT101"]\n')
    path = write("sub/sub/gradlint.toml", 'extend = "../mid.toml"\nselect = ["GT2"]\n[confirm]\ntimeout = 4\n')
    settings = load(path, Trust(everything=True))
    assert settings.select == ("GT2",)
    assert settings.ignore == ("GT101",)
    assert settings.extend_exclude == ("a", "b")
    assert (settings.confirm_timeout, settings.confirm_memory) == (4.0, 5)
    assert settings.rules == (str(tmp_path / "r"),)
    assert settings.root == str(tmp_path / "sub" / "sub")
    assert settings.origins["ignore"] == "sub/mid.toml"
    assert settings.origins["select"] == "sub/sub/gradlint.toml"
    assert settings.origins["confirm_memory"] == "base.toml"


def test_extend_in_a_circle() -> None:
    write("a.toml", 'extend = "b.toml"')
    write("b.toml", 'extend = "a.toml"')
    with pytest.raises(SettingsError, match="extends this file in turn"):
        load("a.toml")


def test_the_command_line_goes_on_top(tmp_path: Path) -> None:
    settings = loaded('output-format = "json"\njobs = 3').override(
        output_format="concise", jobs=None, cache_dir="c", select=["GT1"]
    )
    assert (settings.output_format, settings.jobs) == ("concise", 3)
    assert settings.cache_dir == str(tmp_path / "c")
    rows = {key: (value, origin) for key, value, origin in settings.describe()}
    assert rows["output-format"] == ("concise", "command line")
    assert rows["jobs"] == (3, "gradlint.toml")
    assert rows["select"] == (("GT1",), "command line")
    assert rows["cache"] == (True, "default")
    assert list(rows) == [option.key for option in OPTIONS.values()]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"output_format": "xml"}, "command line: output-format: expected one of"),
        ({"jobs": -1}, "command line: jobs: expected a whole number"),
        ({"jbos": 1}, "command line: unknown key `jbos`; did you mean `jobs`?"),
    ],
)
def test_what_the_command_line_may_not_say(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings().override(**values)
    assert message in str(caught.value)


def test_a_resolver_puts_the_command_line_on_top_of_every_file() -> None:
    write("a/gradlint.toml", 'ignore = ["GT1"]')
    resolver = Resolver(overrides={"jobs": 2, "cache": None})
    assert (resolver.for_file("a/x.py").jobs, resolver.for_file("x.py").jobs) == (2, 2)
    assert resolver.for_file("a/x.py").ignore == ("GT1",)


def test_the_fingerprint_tells_what_findings_depend_on() -> None:
    plain = Settings()
    assert plain.override(jobs=3, output_format="json", cache=False, exclude=["a"]).fingerprint == plain.fingerprint
    for change in (
        {"select": ["GT1"]}, {"ignore": ["GT1"]}, {"extend_select": ["GT1"]}, {"severity": {"GT1": "info"}},
        {"opaque": ["a.*"]}, {"differentiable": ["a.*"]}, {"rules": ["r"]}, {"plugins": ["p"]},
        {"per_file_ignores": {"a": ["GT1"]}}, {"per_file_select": {"a": ["GT1"]}},
    ):  # fmt: skip
        assert plain.override(**change).fingerprint != plain.fingerprint, change


def test_settings_are_picklable_and_equal_by_value() -> None:
    settings = Settings(ignore=("GT1",), severity={"GT2": "info"})
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_the_severities_are_those_of_findings() -> None:
    assert get_args(finding.Severity) == SEVERITY


def test_the_schema_in_the_package_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == schema()


def test_the_schema_takes_what_the_settings_take() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    for option in OPTIONS.values():
        table, _, _ = option.key.rpartition(".")
        text = f"[{table}]\n{option.example}" if table else option.example
        validator.validate(tomllib.loads(text))
        loaded(text)
    for text in ("selct = []", "jobs = 0", "[confirm]\nx = 1", "severity = { GT1 = 'x' }", "output-format = 'xml'"):
        assert not validator.is_valid(tomllib.loads(text))
        with pytest.raises(SettingsError):
            loaded(text)
