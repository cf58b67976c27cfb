"""The hooks, run by the real pre-commit from a clone of the project in a repository made for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.server.programs import BROKEN, FIXED

ROOT = Path(__file__).parent.parent.parent
PARTS = (".pre-commit-hooks.yaml", "LICENSE", "README.md", "docs", "gradlint", "pyproject.toml", "rules")
in_turn = pytest.mark.sweep(every=4, name="pre-commit")
"""They share an environment that takes long to make."""
PLAIN = "def add(first, second):\n    return first + second\n"


class Repository:
    """A git repository whose commits pass through the hook."""

    def __init__(self, folder: Path, hooks: Path | None, cache: Path, hook: str) -> None:
        self.folder = folder
        folder.mkdir()
        identity = {f"GIT_{role}_{what}": "tester" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, **identity, "PATH": path, "PRE_COMMIT_HOME": str(cache), "HOME": str(cache)}
        self.git("init", "--quiet")
        (folder / ".pre-commit-config.yaml").write_text(hook if hooks is None else _config(hooks, hook))
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "begin")
        subprocess.run(
            [sys.executable, "-m", "pre_commit", "install", "--install-hooks"],
            cwd=folder, env=self.environment, check=True, capture_output=True,
        )  # fmt: skip

    def git(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run git."""
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def commit(self, **files: str) -> tuple[int, str]:
        """Stage files and commit them; gives git's exit status and what it says."""
        for name, text in files.items():
            (self.folder / name.replace("_dot_", ".")).write_text(text)
        self.git("add", ".")
        done = self.git("commit", "--message", "work")
        return done.returncode, done.stdout + done.stderr


def _config(hooks: Path, hook: str) -> str:
    """What takes a hook from a clone of the project."""
    revision = subprocess.check_output(["git", "-C", hooks, "rev-parse", "HEAD"], text=True).strip()
    return yaml.safe_dump({"repos": [{"repo": str(hooks), "rev": revision, "hooks": [{"id": hook}]}]})


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a repository that pre-commit can clone, whatever state the working tree is in."""
    folder = tmp_path_factory.mktemp("hooks") / "gradlint"
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    identity = ["-c", "user.name=tester", "-c", "user.email=tester"]
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "hooks"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pre-commit's own folder; the hooks share the one environment that it makes in it."""
    return tmp_path_factory.mktemp("cache")


@in_turn
def test_a_broken_gradient_is_blocked_and_the_mended_one_passes(tmp_path: Path, hooks: Path, cache: Path) -> None:
    repository = Repository(tmp_path / "work", hooks, cache, "gradlint")
    status, said = repository.commit(train_dot_py=BROKEN, add_dot_py=PLAIN)
    assert status == 1
    assert "GT201" in said
    assert "train.py:8:12" in said
    status, said = repository.commit(train_dot_py=FIXED)
    assert status == 0, said
    assert "Passed" in said
    page = f"# Guide\n\n```python\n{BROKEN}```\n"
    status, said = repository.commit(guide_dot_md=page)
    assert status == 1
    assert "guide.md:11:12" in said

    # Nothing that mentions a tape is quickly passed over.
    repository.git("rm", "--quiet", "--force", "guide.md")
    status, said = repository.commit(add_dot_py=PLAIN.replace("add", "plus"))
    assert (status, "Passed" in said) == (0, True), said


@in_turn
def test_the_fixing_hook_mends_and_asks_to_stage(tmp_path: Path, hooks: Path, cache: Path) -> None:
    repository = Repository(tmp_path / "work", hooks, cache, "gradlint-fix")
    status, said = repository.commit(train_dot_py=BROKEN)
    assert status == 1
    assert "files were modified by this hook" in said
    assert (repository.folder / "train.py").read_text() == FIXED
    status, said = repository.commit()
    assert status == 0, said


@in_turn
def test_the_project_s_settings_count(tmp_path: Path, hooks: Path, cache: Path) -> None:
    repository = Repository(tmp_path / "work", hooks, cache, "gradlint")
    status, said = repository.commit(train_dot_py=BROKEN, gradlint_dot_toml='exclude = ["train.py"]\n')
    assert status == 0, said


@pytest.mark.sweep(every=4, name="pre-commit of the pages")
@pytest.mark.parametrize("page", ["README.md", "docs/ci.md"])
def test_what_the_pages_show_works_with_the_gradlint_that_is_installed(page: str, tmp_path: Path, cache: Path) -> None:
    recipe = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)[0]
    repository = Repository(tmp_path / "work", None, cache, recipe)
    status, said = repository.commit(train_dot_py=BROKEN, add_dot_py=PLAIN)
    assert (status, "train.py:8:12" in said) == (1, True), said
    status, said = repository.commit(train_dot_py=FIXED)
    assert status == 0, said


def test_the_manifest_is_valid() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
