"""What a stranger's repository may hold to do harm, one trick a row; anybody may add one to :data:`TRICKS`."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.hostile.bait import BROKEN, bait, shadow, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Make = "Callable[[Path, Path], object]"

FOUND, FAILED = 1, 2
PRECIOUS = "precious\n"


@dataclass(frozen=True)
class Trick:
    """One trick.

    Attributes:
        name: What it is, in a few words.
        make: Puts it into a folder; the second is one outside the repository, which holds ``precious``.
        status: The exit status: 2 where something in the repository cannot be looked at, and is told.
        said: What is told then, in part.
        arguments: What the command is given besides.
        sound: The files that lie beside the trick with a finding that must come.
        text: The text of a file that the language server is to open as well, by its name.
    """

    name: str
    make: Callable[[Path, Path], object]
    status: int = FOUND
    said: str = ""
    arguments: tuple[str, ...] = (".",)
    sound: tuple[str, ...] = ("sound.py",)


def file(name: str, content: str | bytes) -> Callable[[Path, Path], object]:
    """A file; folders on the way are made."""

    def make(folder: Path, outside: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogateescape"))

    return make


def link(name: str, target: str) -> Callable[[Path, Path], object]:
    """A symbolic link; ``OUTSIDE`` in its target is the folder outside."""

    def make(folder: Path, outside: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target.replace("OUTSIDE", str(outside)))

    return make


def pipe(name: str) -> Callable[[Path, Path], object]:
    """A pipe that nobody writes to."""

    def make(folder: Path, outside: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(folder / name)

    return make


def both(*makes: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
    """Several in one."""

    def make(folder: Path, outside: Path) -> None:
        for one in makes:
            one(folder, outside)

    return make


def large(name: str, size: int, begin: bytes = b"") -> Callable[[Path, Path], object]:
    """A file of a size that takes no room."""

    def make(folder: Path, outside: Path) -> None:
        with (folder / name).open("wb") as made:
            made.write(begin)
            made.truncate(size)

    return make


def deep(levels: int, name: str) -> Callable[[Path, Path], object]:
    """Folders in one another, and a program in the innermost."""

    def make(folder: Path, outside: Path) -> None:
        at = os.open(folder, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=at)
            below = os.open(name, os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        made = os.open("deep.py", os.O_WRONLY | os.O_CREAT, dir_fd=at)
        os.write(made, BROKEN.encode())
        os.close(made)
        os.close(at)

    return make


def listening(folder: Path, outside: Path) -> None:
    """A socket with the name of a program."""
    with socket.socket(socket.AF_UNIX) as made:
        before = os.getcwd()
        os.chdir(folder)
        made.bind("s.py")
        os.chdir(before)


def committed_cache(name: str, target: str) -> Callable[[Path, Path], object]:
    """A cache as gradlint makes it, but for one name in it that is a link."""

    def make(folder: Path, outside: Path) -> None:
        from gradlint.cache import TAG

        file(".gradlint_cache/CACHEDIR.TAG", TAG)(folder, outside)
        (folder / ".gradlint_cache" / name).unlink(missing_ok=True)
        link(f".gradlint_cache/{name}", target)(folder, outside)

    return make


def results() -> str:
    """The name of the file of results in a cache."""
    import sys

    from gradlint import __version__

    return f"{__version__}-{sys.implementation.cache_tag}.json"


def project(folder: Path, outside: Path) -> None:
    """A nested project whose settings name code."""
    tree(folder / "nested")


def modules(folder: Path, outside: Path) -> None:
    """Modules under the names of others."""
    shadow(folder, ["click", "json", "libcst", "typing", "gradlint", "sitecustomize", "conftest", "setup", "ast"])


TAPE = "GradientTape\n"
EVIL = "*a" * 30 + "*b"
IMPORTS = BROKEN.replace("import numpy as np\n", "import numpy as np\nimport helpers\nfrom helpers import deeper\n")
UNUSABLE = "its settings cannot be used, so it was not checked"

TRICKS = [
    # -- links and what is no file
    Trick("a link to itself", link("self.py", "self.py"), FAILED, "Too many levels of symbolic links"),
    Trick("a named link to itself", link("self.py", "self.py"), FAILED, "self.py", ("self.py", "sound.py")),
    Trick("links in a circle", both(link("a.py", "b.py"), link("b.py", "a.py")), FAILED, "b.py: error: cannot be read"),
    Trick("a link to nothing", link("gone.py", "OUTSIDE/gone.py")),
    Trick("a named link to nothing", link("gone.py", "OUTSIDE/gone.py"), FAILED, "gone.py", ("gone.py", "sound.py")),
    Trick("a link to a file without an end", link("zero.py", "/dev/zero")),
    Trick("a named device", link("zero.py", "/dev/zero"), FAILED, "not a regular file", ("zero.py", "sound.py")),
    Trick("a page that is a device", link("zero.md", "/dev/random"), FAILED, "regular", ("zero.md", "sound.py")),
    Trick("a pipe", pipe("pipe.py")),
    Trick("a named pipe", pipe("pipe.py"), FAILED, "pipe.py: error: cannot be read", ("pipe.py", "sound.py")),
    Trick("a socket", listening, FAILED, "s.py: error: cannot be read", ("s.py", "sound.py")),
    Trick("a folder with the name of a file", file("folder.py/sound.py", BROKEN), sound=("sound.py", "folder.py/sound.py")),
    Trick("a folder that is a link to itself", link("loop", ".")),
    Trick("a folder that leads out", link("out", "OUTSIDE")),
    Trick("a named folder that leads out", link("out", "OUTSIDE"), arguments=("out", "--fix", "--exit-zero"),
          status=0, said="link to another place", sound=("out/victim.py",)),
    Trick("a file that leads out, fixed", link("linked.py", "OUTSIDE/victim.py"), arguments=("linked.py", "--fix"),
          said="link to another place", sound=("linked.py",)),
    Trick("a report that leads out", link("report", "OUTSIDE/precious"), FAILED, "out of the working directory", (".", "-o", "report"), ()),
    Trick("a folder of reports that leads out", link("out", "OUTSIDE"), FAILED, "out of the working directory",
          (".", "--output-format", "json:out/report"), ()),
    Trick("a baseline that leads out", link("gradlint-baseline.json", "OUTSIDE/precious"), FAILED, "out of the working directory",
          (".", "--write-baseline"), ()),
    # -- size and depth
    Trick("990 folders in one another", deep(990, "d")),
    Trick("a path longer than the system takes", deep(60, "d" * 100), FAILED, "File name too long"),
    Trick("a terabyte", large("huge.py", 1 << 40), FAILED, "it is larger than 128 MB"),
    Trick("a module of a terabyte", both(file("sound.py", IMPORTS), large("helpers.py", 1 << 40)), FAILED, "helpers.py"),
    Trick("five megabytes of program", file("long.py", TAPE + "x = 1\n" * 900_000), FAILED, "larger than 4 MB"),
    Trick("brackets without an end", file("deep.py", TAPE + "x = " + "(" * 100_000), FAILED, "deep.py"),
    Trick("a sum of 50,000", file("deep.py", TAPE + "x = " + "+".join("1" * 50_000)), FAILED, "deep.py"),
    Trick("a sign 50,000 times", file("deep.py", TAPE + "x = " + "-" * 50_000 + "1"), FAILED, "deep.py"),
    Trick("a chain of 50,000 names", file("deep.py", TAPE + "x" + ".x" * 50_000), FAILED, "deep.py"),
    Trick("a notebook nested deeply", file("deep.ipynb", "[" * 200_000 + "GradientTape"), FAILED, "too deeply nested"),
    Trick("a notebook with a number of many digits", file("n.ipynb", f'{{"GradientTape": {"9" * 5_000}}}'), FAILED, "n.ipynb"),
    # -- texts
    Trick("a page that ends in an open fence", file("page.md", f"```python\n{BROKEN}".rstrip("\n")), sound=("sound.py", "page.md")),
    Trick("a page that ends in a fence", file("page.md", f"{TAPE}\n```python")),
    Trick("a page of quotes in quotes", file("page.md", f"{TAPE}{'> ' * 500}x\n{'-  ' * 500}x\n{'1)  ' * 500}x\n")),
    Trick("a page of marks", file("page.md", f"{TAPE}{'#' * 200_000}\n{'`' * 200_000}\n")),
    Trick("an encoding that decodes nothing", file("a.py", f"# coding: undefined\n{TAPE}"), FAILED, "a.py: error: cannot be decoded"),
    Trick("an encoding that takes squared time", file("a.py", f"# coding: punycode\n{TAPE}{'x' * 500_000}"), FAILED, "a.py"),
    Trick("an encoding that a module might offer", both(file("a.py", f"# coding: evil\n{TAPE}"), file("evil.py", bait("evil"))),
          FAILED, "a.py: error: cannot be decoded"),
    Trick("bytes that are no text", file("a.py", b"# GradientTape\n\xff\xfe\x00"), FAILED, "a.py"),
    Trick("a name that is an option", both(file("--fix", BROKEN), file("-o", BROKEN)), FAILED, "is both an option and a file",
          ("sound.py", "--fix"), ()),
    Trick("names that no text has", file("\udcff\udcfe.py", BROKEN)),
    Trick("a name of 255 bytes", file("n" * 252 + ".py", BROKEN)),
    Trick("a name with a command for the terminal", file("\x1b]0;owned\x07\x1b[2J.py", BROKEN)),
    Trick("a name of two lines", file("a\n::error title=owned::b.py", BROKEN)),
    # -- settings
    Trick("settings that name code", project, sound=("sound.py", "nested/train.py")),
    Trick("settings that build on a device", file("n/gradlint.toml", 'extend = "/dev/zero"'), FAILED, UNUSABLE),
    Trick("settings that build on a pipe", both(pipe("n/p"), file("n/gradlint.toml", 'extend = "p"')), FAILED, UNUSABLE),
    Trick("settings that build on a folder", file("n/gradlint.toml", 'extend = "."'), FAILED, "a folder"),
    Trick("settings that build on themselves", file("n/gradlint.toml", 'extend = "gradlint.toml"'), FAILED, UNUSABLE),
    Trick("settings with a name of no file", file("n/gradlint.toml", 'extend = "\\u0000"'), FAILED, UNUSABLE),
    Trick("settings nested deeply", file("n/gradlint.toml", "x = " + "[" * 100_000), FAILED, "not TOML"),
    Trick("settings with a number of many digits", file("n/gradlint.toml", f"jobs = {'9' * 5_000}"), FAILED, "not TOML"),
    Trick("settings of two megabytes", file("n/gradlint.toml", "# x\n" * 500_000), FAILED, "larger than 1 MB"),
    Trick("settings with a key of many parts", file("n/gradlint.toml", "x" + ".x" * 20_000 + " = 1"), FAILED, UNUSABLE),
    Trick("settings that are no TOML", file("n/pyproject.toml", "[tool.gradlint"), FAILED, "not TOML"),
    Trick("settings with a rule that is not there", both(
        file("n/gradlint.toml", 'select = ["NOPE1"]\n'), file("n/x.py", BROKEN)), FAILED, UNUSABLE),
    Trick("settings that are a pipe", both(pipe("gradlint.toml"), pipe("pyproject.toml"))),
    Trick("settings that are a device", link("gradlint.toml", "/dev/zero")),
    Trick("settings with patterns that explode", both(
        file("gradlint.toml", f"extend-exclude = [{json.dumps(EVIL)}]\nper-file-ignores = {{ {json.dumps(EVIL)} = ['GT4'] }}"),
        file("a" * 200 + ".py", BROKEN))),
    Trick("settings that start thousands", both(
        file("gradlint.toml", "jobs = 1000000"), file("a.py", BROKEN + "# padding\n" * 12_000), file("b.py", BROKEN)),
          sound=("sound.py", "a.py", "b.py")),
    Trick("a cache elsewhere", file("gradlint.toml", 'cache-dir = "../outside"'), said="`cache-dir`"),
    Trick("a cache in the home", file("gradlint.toml", 'cache-dir = "~"'), said="`cache-dir`"),
    Trick("a cache with a name of no file", file("gradlint.toml", 'cache-dir = "\\u0000"'), said="`cache-dir`"),
    Trick("a baseline without an end", both(link("b", "/dev/zero"), file("gradlint.toml", 'baseline = "b"')), FAILED,
          "not a regular file", sound=()),
    Trick("stubs of the whole machine", both(file("n/gradlint.toml", 'models = ["/"]'), file("n/x.py", BROKEN)), FAILED, UNUSABLE),
    Trick("stubs that are a device", both(link("n/a.pyi", "/dev/zero"), file("n/gradlint.toml", 'models = ["a.pyi"]'),
                                          file("n/x.py", BROKEN)), FAILED, UNUSABLE),
    Trick("stubs that are a pipe", both(pipe("n/a.pyi"), file("n/gradlint.toml", 'models = ["a.pyi", "."]'),
                                        file("n/x.py", BROKEN)), FAILED, UNUSABLE),
    Trick("stubs that would run", both(file("n/a.pyi", bait("stub")), file("n/gradlint.toml", 'models = ["a.pyi"]'),
                                       file("n/x.py", BROKEN)), FAILED, UNUSABLE),
    # -- what git ignores
    Trick("a .gitignore that is a device", link(".gitignore", "/dev/zero")),
    Trick("a .gitignore that is a pipe", pipe(".gitignore")),
    Trick("a .gitignore that is a folder", file(".gitignore/x", "")),
    Trick("a .gitignore that explodes", both(file(".gitignore", f"{EVIL}\n**/{'a*/**/' * 20}b\n"), file("a" * 200 + ".py", BROKEN))),
    Trick("a repository's excludes that are a pipe", pipe("n/.git/info/exclude")),
    Trick("a .git that is a link to itself", link("n/.git", ".git")),
    # -- the cache
    Trick("a cache that leads out", link(".gradlint_cache", "OUTSIDE")),
    Trick("a cache that leads to nothing", link(".gradlint_cache", "OUTSIDE/made")),
    Trick("a cache that is a file", file(".gradlint_cache", PRECIOUS)),
    Trick("a cache that is a pipe", pipe(".gradlint_cache")),
    Trick("results without an end", committed_cache(results(), "/dev/zero")),
    Trick("results that lead out", committed_cache(results(), "OUTSIDE/precious")),
    Trick("a tag that leads out", committed_cache("CACHEDIR.TAG", "OUTSIDE/precious")),
    Trick("an ignore file that leads out", committed_cache(".gitignore", "OUTSIDE/made")),
    # -- modules
    Trick("modules that shadow others", modules),
    Trick("a module that is a pipe", both(file("sound.py", IMPORTS), pipe("helpers.py"))),
    Trick("a module that is a device", both(file("sound.py", IMPORTS), link("helpers.py", "/dev/zero"))),
    Trick("a module that is a link to itself", both(file("sound.py", IMPORTS), link("helpers.py", "helpers.py")), FAILED,
          "helpers.py"),
    Trick("a package that is a link to itself", both(file("sound.py", IMPORTS), link("helpers", "helpers"))),
    Trick("an import above everything", file("sound.py", BROKEN + f"from {'.' * 3_000} import x\n")),
]  # fmt: skip
