"""A hostile repository: nothing outside it is written or run, nothing in it changed, all else of it is checked."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gradlint import cli
from gradlint.reporting import FORMATS
from tests.hostile.bait import BROKEN, environment, ran
from tests.hostile.tricks import FAILED, PRECIOUS, TRICKS, Trick
from tests.sampling import sample
from tests.server.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path, Path]]:
    """A repository that is the working directory, a folder outside it, and where code that runs leaves its mark."""
    repository, outside, mark = (tmp_path / name for name in ("repository", "outside", "mark"))
    for folder in (repository, outside, mark):
        folder.mkdir()
    (outside / "precious").write_text(PRECIOUS)
    (outside / "victim.py").write_text(BROKEN)
    monkeypatch.chdir(repository)
    for name, value in environment(mark).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GRADLINT_TRUST", raising=False)

    def hang(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(PATIENCE)
    yield repository, outside, mark
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
    # What nobody's tools can remove, since its path is too long.
    subprocess.run(["rm", "-rf", str(repository)], check=True)


def state(folder: Path) -> dict[str, str]:
    """All that lies below a folder, but for what gradlint remembers."""
    found: dict[str, str] = {}
    waiting = [str(folder)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:  # The path is too long for the system, so gradlint cannot have been there either.
            continue
        for entry in entries:
            text = "folder"
            if entry.is_symlink():
                text = os.readlink(entry.path)
            elif entry.is_dir():
                waiting.append(entry.path)
            elif entry.is_file() and entry.stat().st_size < 10_000_000:
                text = str(hash(Path(entry.path).read_bytes()))
            found[os.path.relpath(entry.path, folder)] = text
    return {name: text for name, text in found.items() if not re.match(r"\.gradlint_cache(/|$)", name)}


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick.name)
def test_one_trick(trick: Trick, places: tuple[Path, Path, Path], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    repository, outside, mark = places
    (repository / "sound.py").write_text(BROKEN)
    trick.make(repository, outside)
    before = state(repository), state(outside), state(mark.parent / "home")
    status = cli.run(["check", "--output-format", "concise", *trick.arguments])
    taken = capfdbinary.readouterr()
    printed, told = taken.out.decode(), taken.err.decode()
    assert "Traceback" not in told
    assert "internal error" not in printed + told
    assert status == trick.status, printed + told
    assert trick.said in printed + told
    for name in trick.sound:
        assert re.search(rf"^{re.escape(name)}:\d+:\d+: .*\[GT201\]", printed, re.MULTILINE), printed + told
    assert not re.search(r"^::|[\x00-\x09\x0b-\x1f\x7f]", printed + told, re.MULTILINE)
    assert ran(mark) == []
    assert (state(repository), state(outside), state(mark.parent / "home")) == before


def test_there_are_tricks_enough() -> None:
    assert len({trick.name for trick in TRICKS}) == len(TRICKS) >= 40


@pytest.fixture
def repository(places: tuple[Path, Path, Path]) -> Path:
    """Every trick in a folder of its own of one repository."""
    folder, outside, _ = places
    for number, trick in enumerate(TRICKS):
        nested = folder / f"{number:02}"
        nested.mkdir()
        (nested / "sound.py").write_text(BROKEN)
        trick.make(nested, outside)
    return folder


def test_all_tricks_at_once(
    repository: Path, places: tuple[Path, Path, Path], capfdbinary: pytest.CaptureFixture[bytes], whole: bool
) -> None:
    """Every file beside a trick has its finding, in every format, and what cannot be read is told."""
    _, outside, mark = places
    signal.alarm(10 * PATIENCE)
    before = state(repository), state(outside)
    for form in sample(FORMATS, 4, whole=whole):
        status = cli.run(["--output-format", form])
        taken = capfdbinary.readouterr()
        printed, told = taken.out.decode(), taken.err.decode()
        assert "Traceback" not in told
        assert "internal error" not in printed + told
        assert status == FAILED
        for number, trick in enumerate(TRICKS):
            if "sound.py" in trick.sound and form != "statistics":
                assert f"{number:02}/sound.py" in printed, (form, trick.name)
        if form in ("json", "sarif", "gitlab"):
            json.loads(printed)
    assert ran(mark) == []
    assert (state(repository), state(outside)) == before


def test_the_language_server_goes_on(repository: Path, places: tuple[Path, Path, Path]) -> None:
    """Each trick's files are opened, and the program beside it has its finding all the same."""
    _, outside, mark = places
    signal.alarm(10 * PATIENCE)
    before = state(repository), state(outside)
    wire = Wire()
    try:
        wire.initialize()
        for number, trick in enumerate(TRICKS):
            folder = repository / f"{number:02}"
            opened = [path for path in sorted(folder.iterdir()) if opens(path)]
            for path in opened:
                text = path.read_bytes().decode(errors="replace")
                kind = "markdown" if path.suffix == ".md" else "python"
                item = {"uri": uri(path), "languageId": kind, "version": 1, "text": text}
                wire.notify("textDocument/didOpen", {"textDocument": item})
            found: list[Any] = wire.open(uri(folder / "other.py"), BROKEN)
            assert [one["code"] for one in found] == ["GT201"], trick.name
            for path in (*opened, folder / "other.py"):
                wire.notify("textDocument/didClose", {"textDocument": {"uri": uri(path)}})
        assert wire.finish() == 0
    finally:
        log = wire.close()
    assert "Traceback" not in log
    assert ran(mark) == []
    assert (state(repository), state(outside)) == before


def opens(path: Path) -> bool:
    """Whether an editor would open a file."""
    return path.is_file() and path.suffix in (".py", ".md", ".ipynb") and path.stat().st_size < 10_000_000


def uri(path: Path) -> str:
    from urllib.parse import quote

    return "file://" + quote(os.fsencode(path))


def test_a_file_that_may_not_be_read(places: tuple[Path, Path, Path]) -> None:
    """As somebody whom the system holds to a file's mode: root is not."""
    repository, _, _ = places
    (repository / "sound.py").write_text(BROKEN)
    for name in ("locked.py", "n/gradlint.toml", "n/x.py", "helpers.py"):
        (repository / name).parent.mkdir(exist_ok=True)
        (repository / name).write_text(BROKEN if name.endswith(".py") else "")
    (repository / "folder").mkdir()
    (repository / "folder" / "x.py").write_text(BROKEN)
    for name in ("locked.py", "folder", "n/gradlint.toml"):
        (repository / name).chmod(0)
    for arguments in (["."], ["locked.py", "folder", "sound.py"]):
        status, printed = as_nobody(["check", "--no-cache", "--output-format", "concise", *arguments])
        assert status == FAILED, printed
        assert "Traceback" not in printed
        assert re.search(r"^sound\.py:\d+:\d+: .*\[GT201\]", printed, re.MULTILINE)
        assert "locked.py: error: cannot be read: Permission denied" in printed
        assert "folder: error: cannot be read: Permission denied" in printed
    (repository / "folder").chmod(0o700)


def as_nobody(arguments: list[str]) -> tuple[int, str]:
    """The command's status and what it prints, run in a child process without a superuser's rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 70
        try:
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            if os.geteuid() == 0:
                for above in Path.cwd().parents:
                    if above.stat().st_uid == 0 and str(above).startswith("/tmp/"):
                        above.chmod(above.stat().st_mode | 0o711)
                os.chmod(".", 0o755)
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            status = cli.run(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as stream:
        printed = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed
