"""Which rules are on: the more specific selector wins."""

import os
from pathlib import Path

import pytest

from gradlint import selection
from gradlint.checking import rules_for, validate
from gradlint.finding import Finding, Position
from gradlint.settings import Settings, SettingsError

MARKER = os.path.join(os.path.dirname(__file__), "marker")
RULES = rules_for(Settings(rules=(MARKER,)))


def on(settings: Settings, path: str = "a.py") -> set[str]:
    """The markers that are on."""
    return {rule.code for rule in selection.enabled(settings, RULES, path) if rule.code.startswith("XX")}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), {"XX101", "XX102"}),
        (Settings(select=()), set()),
        (Settings(select=("ALL",)), {"XX101", "XX102", "XX201"}),
        (Settings(select=("XX1",)), {"XX101", "XX102"}),
        (Settings(select=("XX",)), {"XX101", "XX102", "XX201"}),
        (Settings(select=("XX201",)), {"XX201"}),
        (Settings(select=("quiet-marker",)), {"XX201"}),
        (Settings(extend_select=("XX201",)), {"XX101", "XX102", "XX201"}),
        (Settings(ignore=("XX101",)), {"XX102"}),
        (Settings(ignore=("lost-marker",)), {"XX102"}),
        (Settings(ignore=("ALL",)), set()),
        (Settings(select=("XX101",), ignore=("XX1",)), {"XX101"}),
        (Settings(select=("XX1",), ignore=("XX101",)), {"XX102"}),
        (Settings(select=("ALL",), ignore=("XX", "XX1")), set()),
        (Settings(select=("XX1",), ignore=("XX",)), {"XX101", "XX102"}),
        (Settings(select=("XX101",), ignore=("lost-marker",)), set()),
        (Settings(ignore=("XX1",), extend_select=("XX102",)), {"XX102"}),
    ],
)
def test_the_more_specific_selector_wins(settings: Settings, expected: set[str]) -> None:
    assert on(settings) == expected


def test_the_command_line_comes_after_the_file() -> None:
    file = Settings(select=("XX101",), ignore=("XX102",))
    assert on(file.override(ignore=["XX1"])) == set()
    assert on(file.override(select=["XX102"])) == {"XX102"}
    assert on(file.override(extend_select=["XX102"])) == {"XX101", "XX102"}
    assert on(file.override(extend_select=["XX201"], ignore=["lost-marker"])) == {"XX201"}
    assert on(file.override(jobs=2)) == {"XX101"}


def test_rules_of_some_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(
        root=str(tmp_path),
        per_file_ignores={"tests/**": ("XX101",), "!src/*.py": ("XX102",)},
        per_file_select={"*.ipynb": ("XX201",)},
    )
    assert on(settings, "src/a.py") == {"XX101", "XX102"}
    assert on(settings, "tests/a/b.py") == set()
    assert on(settings, "a.py") == {"XX101"}
    assert on(settings, str(tmp_path / "src" / "a.ipynb")) == {"XX101", "XX201"}
    assert on(settings, "/elsewhere/tests/a.py") == {"XX101", "XX102"}
    both = Settings(root=str(tmp_path), per_file_select={"a.py": ("XX201",)}, per_file_ignores={"*.py": ("XX2",)})
    assert on(both) == {"XX101", "XX102", "XX201"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (Settings(select=("XX109",)), "unknown rule `XX109`; did you mean `XX10"),
        (Settings(ignore=("lost-markers",)), "unknown rule `lost-markers`; did you mean `lost-marker`?"),
        (Settings(extend_select=("lost_marker",)), "did you mean `lost-marker`?"),
        (Settings(select=("xx101",)), "did you mean `XX101`?"),
        (Settings(select=("all",)), "did you mean `ALL`?"),
        (Settings(select=("",)), "unknown rule ``"),
        (Settings(per_file_ignores={"a": ("ZZZ1",)}), "unknown rule `ZZZ1`"),
        (Settings(per_file_select={"a": ("ZZZ1",)}), "unknown rule `ZZZ1`"),
        (Settings(severity={"ZZZ1": "info"}), "unknown rule `ZZZ1`"),
        (Settings(fixable=("ZZZ1",)), "unknown rule `ZZZ1`"),
        (Settings(unfixable=("ZZZ1",)), "unknown rule `ZZZ1`"),
        (Settings(rules=("/nowhere",)), "/nowhere"),
        (Settings(plugins=("no-such-plugin",)), "no-such-plugin"),
    ],
)
def test_selectors_that_fit_no_rule(settings: Settings, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        validate(Settings(**{**_values(settings), "rules": (*settings.rules, MARKER)}))
    assert message in str(caught.value)


def _values(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__dataclass_fields__}


def test_severities() -> None:
    where = Position(1, 1)
    finding = Finding("XX101", "lost-marker", "error", "m", "a.py", None, where, where)

    def severity(**table: str) -> str:
        settings = Settings().override(severity={key.replace("_", "-"): value for key, value in table.items()})
        return selection.with_severity([finding], settings)[0].severity

    assert severity() == "error"
    assert severity(XX101="info") == "info"
    assert severity(XX1="warning", XX="info") == "warning"
    assert severity(ALL="info", lost_marker="warning") == "warning"
    assert severity(XX2="info") == "error"


def test_which_fixes_may_be_applied() -> None:
    def fixable(settings: Settings) -> bool:
        return selection.is_fixable("XX101", "lost-marker", settings)

    assert fixable(Settings())
    assert not fixable(Settings(fixable=("XX2",)))
    assert not fixable(Settings(unfixable=("XX1",)))
    assert fixable(Settings(fixable=("XX101",), unfixable=("XX1",)))
    assert not fixable(Settings(fixable=("XX1",), unfixable=("lost-marker",)))
