from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from gradlint import check_source, registry
from tools import docs

ROOT = Path(__file__).parent.parent


def test_what_is_generated_is_current() -> None:
    assert [str(path.relative_to(ROOT)) for path in docs.stale()] == []


def test_every_rule_has_a_page_that_shows_a_broken_and_a_fixed_program() -> None:
    for rule in registry.load():
        text = (ROOT / "docs" / "rules" / f"{rule.code}.md").read_text(encoding="utf-8")
        assert f"# {rule.name} ({rule.code})" in text
        assert text.count("Broken: ") == text.count("Fixed:\n") == len(rule.examples)


def test_links_between_pages_lead_somewhere() -> None:
    dangling = []
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", prose):
            path, _, anchor = link.partition("#")
            if "://" in path:
                continue
            target = page.parent / path if path else page
            if not target.exists() or (anchor and anchor not in _anchors(target)):
                dangling.append(f"{page.relative_to(ROOT)}: {link}")
    assert dangling == []


def test_no_page_or_manifest_names_a_home_on_the_net_that_is_not_there() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    names = listed or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    home = re.compile(rb"https?://[\w./-]*/(tf-)?gradlint\b|uses: (?!\./)[\w-]*gradlint")
    assert [name for name in names if (ROOT / name).is_file() and home.search((ROOT / name).read_bytes())] == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_programs_of_the_readme_are_what_it_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    program = next(block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "GradientTape" in block)
    (change,) = re.findall(r"```diff\n(.*?)```", text, re.DOTALL)
    (old,) = [line[1:] for line in change.splitlines() if line.startswith("-")]
    (new,) = [line[1:] for line in change.splitlines() if line.startswith("+")]
    assert [finding.code for finding in check_source(program)] == ["GT201"]
    assert check_source(program.replace(old, new)) == []
    assert program != program.replace(old, new)


def test_the_programs_of_two_files_say_what_the_readme_says(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition("## More than one file")[2]
    for name, program in zip(
        ("train.py", "losses.py"), re.findall(r"```python\n(.*?)```", text, re.DOTALL), strict=True
    ):
        (tmp_path / name).write_text(program, encoding="utf-8")
    said = re.findall(r"```text\n\$ gradlint train.py\n(.*?)```", text, re.DOTALL)
    command = [sys.executable, "-m", "gradlint", "--no-cache", "train.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
    assert ([done.stdout], done.stderr, done.returncode) == (said, "", 1)


def test_the_readme_runs_the_tests_as_ci_does() -> None:
    readme, script = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))
    assert "python -m pytest -n 2\n" in readme
    assert 'python" -m pytest -n 2 --whole\n' in script


def test_a_new_rule_is_scaffolded_where_it_is_found(tmp_path: Path) -> None:
    family = tmp_path / "leaving"
    family.mkdir()
    (family / "__init__.py").touch()

    def scaffold(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tools.new_rule", *arguments]
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)

    assert scaffold("GT299", "left-behind", str(family)).returncode == 0
    text = (family / "left_behind.py").read_text(encoding="utf-8")
    (rule,) = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    assert rule.name == "LeftBehind"
    assert scaffold("GT299", "left-behind", str(family)).stderr.endswith("exists\n")
    assert scaffold("GT201", "left-again", str(family)).stderr == "GT201 numpy-call exists\n"
    assert scaffold("GT2", "left-again", str(family)).returncode == 2


def test_a_new_rule_is_one_file_and_its_page(tmp_path: Path) -> None:
    """CONTRIBUTING's steps, taken: the scaffold's module is found, type-checks, and owns its claims."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "rules" / "differentiable" / "stopped_gradient.py").unlink()
    command = [sys.executable, "-m", "tools.new_rule", "GT308", "gradient-held-back", "--kind", "STOPPED"]
    family = tmp_path / "rules" / "differentiable"
    done = subprocess.run([*command, str(family)], cwd=ROOT, text=True, capture_output=True, check=False)
    assert [Path(line).name for line in done.stdout.splitlines()] == ["gradient_held_back.py", "gradient_held_back.md"]
    (tmp_path / "asks.py").write_text(
        "import tensorflow as tf\nx = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n"
        "    y = tf.stop_gradient(x)\ntape.gradient(y, x)\n",
        encoding="utf-8",
    )
    script = (
        "import sys; from rules.differentiable.gradient_held_back import GradientHeldBack as Rule\n"
        "from gradlint import engine; from gradlint.sources.read import read_path\n"
        "print(*[(one.code, one.message) for one in engine.check(read_path('asks.py'), [Rule()])])"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert ran.stdout.startswith("('GT308', '`x` is ..., so the gradient of `y` with respect to it"), ran.stderr


def test_the_worked_example_of_own_rules_works(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "own-rules.md").read_text(encoding="utf-8")
    rule = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    settings = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0]
    (said,) = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    (tmp_path / "lint").mkdir()
    (tmp_path / "lint" / "jacobian_call.py").write_text(rule, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "train.py").write_text(
        "import tensorflow as tf\n\n\ndef step(x):\n    with tf.GradientTape() as tape:\n        y = x**2\n"
        "    return tape.jacobian(y, x)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "gradlint", "--trust", "--output-format", "concise", "--no-cache", "train.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (said, "", 1)
