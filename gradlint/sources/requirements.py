"""What a project says of the versions that it needs: requirements, pyproject.toml, setup.py, conda, notebooks, Docker.

Files are read and never run; what cannot be read says nothing. The nearest folder around a file that says something of
the packages asked about is the one that counts, as far up as the project's root.
"""

from __future__ import annotations

import ast
import json
import os
import re
import tomllib
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gradlint.sources.files import SourceError, decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LARGEST = 400_000
"""How many bytes a file may have to be read for its requirements."""
FILES = 24
"""How many files of a folder are read."""
_KEY = "requirements\0"
_DOCKER = re.compile(r"dockerfile(?:[._-][\w.-]{0,40})?|[\w.-]{1,40}\.dockerfile", re.IGNORECASE)
_BELOW: dict[str, Callable[[str], object]] = {
    "requirements": lambda name: name.endswith(".txt"),
    "docker": _DOCKER.fullmatch,
}
"""The folders that hold files of one form, and which of their files have it."""
_REQUIREMENTS = re.compile(r"[\w.-]{0,40}(?:requirements|constraints)[\w.-]{0,40}\.(?:txt|in)", re.IGNORECASE)
_CONDA = re.compile(r"[\w.-]{0,40}(?:environment|conda|env)[\w.-]{0,40}\.ya?ml", re.IGNORECASE)
_CONDA_LINE = re.compile(
    r"[ \t]*-[ \t]*[\"']?(?:[\w-]+::)?([A-Za-z][\w.-]*)[ \t]*([=<>!~][^\"'#\s]*(?:[ \t]*,[^\"'#\s]*)?)"
)
_IMAGE = re.compile(r"[Ff][Rr][Oo][Mm][ \t]+(?:[\w.:-]+/)?(tensorflow/tensorflow|python):v?(\d+(?:\.\d+){1,2})")
_PINNED = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,60})(?:\[[\w, -]{0,60}\])?((?:[=<>!~]=|[<>])[^\s\"'`;#]{1,60})")
_NAMED = re.compile(
    r"(?<![\w-])(?:tensorflow(?:-gpu)?|tf)[`*\])\"]{0,3}[ \t]{0,3}(?:version)?[ \t:|(\-]{0,4}([=<>~^]{0,2})[ \t]{0,2}v?"
    r"([12]\.\d{1,2}(?:\.\d{1,2})?)(?![\d/])[`*)\"]{0,3}"
    r"(\+|[ \t](?:or|and)[ \t](?:later|above|newer|higher|greater|up))?",
    re.IGNORECASE,
)
_POETRY = re.compile(r"(\^|~(?!=))\s*(\d+)(?:\.(\d+))?(?:\.(\d+))?")
_MAGIC = re.compile(r"%tensorflow_version[ \t]+(\d)")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a file says of the version of one package.

    Attributes:
        package: The package, in lower case with hyphens; ``python`` is Python.
        versions: The versions as PEP 440 writes them; empty where any will do.
        place: The file's name.
    """

    package: str
    versions: str
    place: str


def of_project(folder: str, root: str | None, speaks: Callable[[str], bool]) -> tuple[Stated, ...]:
    """What the nearest folder says that says something, from a file's own folder to its project's root.

    Args:
        folder: The file's folder, whole.
        root: The project's root; where None, only the file's own folder is looked at.
        speaks: Whether a version of a package is asked about.
    """
    for at in _folders(folder, root):
        said = tuple(one for one in _of_folder(at, _state(at)) if speaks(one.package))
        if any(one.versions for one in said):
            return said
    return ()


def of_notebook(text: str) -> tuple[Stated, ...]:
    """What a notebook says itself: what its cells install, and the Python that it was saved from.

    Args:
        text: The notebook's JSON.
    """
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    found: list[Stated] = []
    for cell in _dicts(notebook.get("cells")) if isinstance(notebook, dict) else ():
        source = cell.get("source")
        code = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if cell.get("cell_type") == "code":
            found += _installed(code, "a cell")
            found += [Stated("tensorflow", f"=={major[1]}.*", "a cell") for major in _MAGIC.finditer(code)]
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    language = metadata.get("language_info") if isinstance(metadata, dict) else None
    if isinstance(language, dict) and language.get("name") == "python":
        version = language.get("version")
        if isinstance(version, str) and _is_version(version):
            found.append(Stated("python", f"=={version}", "the notebook's kernel"))
    return tuple(found)


def key_of(folder: str, root: str | None) -> str:
    """What stands in a remembered result for the requirements around a folder."""
    return f"{_KEY}{folder}\0{root or folder}"


def is_key(path: str) -> bool:
    """Whether what a result depends on is such a key."""
    return path.startswith(_KEY)


def stamp_of(key: str) -> tuple[int, int]:
    """What the files of a key say, as a sum; what else they hold does not count."""
    _, folder, root = key.split("\0")
    told = [one for at in _folders(folder, root) for one in _of_folder(at, _state(at))]
    return 0, zlib.crc32(repr(told).encode(errors="replace"))


def _state(folder: str) -> tuple[tuple[str, int, int], ...]:
    """What the files of a folder are like: the name, the time and the size of each."""
    states = ((entry.path, _status(entry)) for entry in _files(folder))
    return tuple((path, status.st_mtime_ns, status.st_size) for path, status in states if status is not None)


def _folders(folder: str, root: str | None) -> Iterator[str]:
    """The folders from one up to the root."""
    yield folder
    while root is not None and folder != root and folder.startswith(root.rstrip(os.sep) + os.sep):
        folder = os.path.dirname(folder)
        yield folder


def _files(folder: str) -> list[os.DirEntry[str]]:
    """The files of a folder that may say something, in the order of their names."""
    try:
        with os.scandir(folder) as entries:
            found = sorted((entry for entry in entries if reader(entry.name)), key=lambda entry: entry.name)
        for name, wanted in _BELOW.items():
            below = os.path.join(folder, name)
            if os.path.isdir(below):
                with os.scandir(below) as entries:
                    found += sorted((one for one in entries if wanted(one.name)), key=lambda entry: entry.name)
    except OSError:
        return []
    return found[:FILES]


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


@lru_cache(maxsize=64)
def _of_folder(folder: str, _now: tuple[tuple[str, int, int], ...]) -> tuple[Stated, ...]:
    return tuple(one for entry in _files(folder) for one in _of_file(entry.path))


def _of_file(path: str) -> tuple[Stated, ...]:
    name = os.path.basename(path)
    read = reader(name) or of_requirements
    try:
        text = decode(read_bytes(path, LARGEST), "markdown")[0]
        return tuple(read(text, name))
    except (SourceError, ValueError, RecursionError, SyntaxError):
        return ()


# -- the forms -----------------------------------------------------------------------------------------------------


def of_requirements(text: str, place: str) -> Iterator[Stated]:
    """What a requirements file says."""
    return _requirements(text.splitlines(), place)


def of_pyproject(text: str, place: str) -> Iterator[Stated]:
    """What a ``pyproject.toml`` or a ``Pipfile`` says."""
    table = tomllib.loads(text)
    project, tool = _table(table, "project"), _table(table, "tool")
    optional = _table(project, "optional-dependencies")
    yield from _requirements(_strings(project.get("dependencies")), place)
    for extra in (*optional.values(), *_table(table, "dependency-groups").values()):
        yield from _requirements(_strings(extra), place)
    if isinstance(project.get("requires-python"), str):
        yield Stated("python", project["requires-python"], place)
    poetry = _table(tool, "poetry")
    groups = [_table(group, "dependencies") for group in _dicts(list(_table(poetry, "group").values()))]
    for named in (_table(poetry, "dependencies"), _table(poetry, "dev-dependencies"), *groups):
        yield from _named(named, place)
    for named in (_table(table, "packages"), _table(table, "dev-packages")):
        yield from _named(named, place)
    version = _table(table, "requires").get("python_version")
    if isinstance(version, str) and _is_version(version):
        yield Stated("python", f"=={version}.*", place)


def of_setup_cfg(text: str, place: str) -> Iterator[Stated]:
    """What a ``setup.cfg`` says."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(str(error)) from error
    options = parser["options"] if parser.has_section("options") else {}
    yield from _requirements(options.get("install_requires", "").splitlines(), place)
    if options.get("python_requires"):
        yield Stated("python", options["python_requires"], place)
    if parser.has_section("options.extras_require"):
        for extra in parser["options.extras_require"].values():
            yield from _requirements(extra.splitlines(), place)


def of_setup_py(text: str, place: str) -> Iterator[Stated]:
    """What a ``setup.py`` says in the texts that it is written with; it is not run."""
    tree = ast.parse(text)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    yield from _requirements([one for one in texts if isinstance(one, str) and len(one) < 200], place)
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "python_requires" and isinstance(node.value, ast.Constant):
            yield Stated("python", str(node.value.value), place)


def of_conda(text: str, place: str) -> Iterator[Stated]:
    """What a conda environment says, with what it has pip install."""
    for line in text.splitlines():
        found = _CONDA_LINE.match(line)
        if found is None:
            continue
        versions = found[2].replace(" ", "")
        if versions.startswith("=") and not versions.startswith("=="):
            version = versions[1:].partition("=")[0].removesuffix(".*")
            versions = f"=={version}.*"
        yield Stated(_normal(found[1]), versions, place)


def of_docker(text: str, place: str) -> Iterator[Stated]:
    """What a ``Dockerfile`` starts from and installs."""
    for line in text.splitlines():
        found = _IMAGE.match(line)
        if found is not None:
            yield Stated(found[1].rpartition("/")[2], f"=={found[2]}.*", place)
    yield from _installed(text, place)


def of_page(text: str, place: str) -> Iterator[Stated]:
    """What a page tells its reader to install, and the versions that it names: ``TensorFlow 2.3``, ``TF >= 2.4``."""
    yield from _installed(text, place)
    for found in _NAMED.finditer(text):
        open_end = found[3] or ">" in found[1] or "^" in found[1]
        yield Stated("tensorflow", f">={found[2]}" if open_end else f"=={found[2]}.*", place)


def of_python_version(text: str, place: str) -> Iterator[Stated]:
    """What a ``.python-version`` or a ``runtime.txt`` says."""
    version = text.strip().removeprefix("python-")
    if _is_version(version):
        yield Stated("python", f"=={version}.*" if version.count(".") < 2 else f"=={version}", place)


_READERS: dict[str, Callable[[str, str], Iterator[Stated]]] = {
    "pyproject.toml": of_pyproject,
    "pipfile": of_pyproject,
    "setup.cfg": of_setup_cfg,
    "setup.py": of_setup_py,
    "readme.md": of_page,
    "readme.rst": of_page,
    ".python-version": of_python_version,
    "runtime.txt": of_python_version,
}


def reader(name: str) -> Callable[[str, str], Iterator[Stated]] | None:
    """What reads a file of a name; None where such a file says nothing of versions."""
    known = _READERS.get(name.lower())
    if known is not None:
        return known
    if _REQUIREMENTS.fullmatch(name):
        return of_requirements
    if _DOCKER.fullmatch(name):
        return of_docker
    return of_conda if _CONDA.fullmatch(name) else None


def _requirements(lines: Iterable[str], place: str) -> Iterator[Stated]:
    """What single requirements say, each a line as pip takes it."""
    from packaging.requirements import InvalidRequirement, Requirement

    for line in lines:
        written = line.partition("#")[0].partition(" --")[0].strip()
        if not written or not written[0].isalpha():
            continue
        try:
            requirement = Requirement(written)
        except InvalidRequirement:
            continue
        yield Stated(_normal(requirement.name), str(requirement.specifier), place)


def _named(table: dict[str, Any], place: str) -> Iterator[Stated]:
    """What a table of packages says, as Poetry and Pipenv have it."""
    for name, value in table.items():
        versions = value.get("version") if isinstance(value, dict) else value
        if isinstance(versions, str):
            yield Stated(_normal(name), _from_poetry(versions), place)


def _from_poetry(versions: str) -> str:
    """Versions as PEP 440 writes them: ``^2.4`` is ``>=2.4,<3``, ``~2.4`` is ``>=2.4,<2.5``, ``2.4`` is ``==2.4``."""
    found = _POETRY.fullmatch(versions.strip())
    if found is None:
        plain = versions.strip()
        return "" if plain == "*" else f"=={plain}" if plain[:1].isdigit() else plain
    major, minor = int(found[2]), int(found[3] or 0)
    upper = f"{major + 1}" if found[1] == "^" and major else f"{major}.{minor + 1}"
    return f">={major}.{minor}.{found[4] or 0},<{upper}"


def _installed(text: str, place: str) -> Iterator[Stated]:
    """What commands of pip and conda in a text install."""
    for line in text.splitlines():
        if "install" not in line or not ("pip" in line or "conda" in line):
            continue
        for found in _PINNED.finditer(line.partition("install")[2]):
            yield Stated(_normal(found[1]), found[2].rstrip(".,)"), place)


def _is_version(text: str) -> bool:
    return bool(text) and all(part.isdecimal() for part in text.split("."))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _table(table: dict[str, Any], name: str) -> dict[str, Any]:
    held = table.get(name)
    return held if isinstance(held, dict) else {}


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in values if isinstance(one, dict)) if isinstance(values, list) else ()


def _strings(values: Any) -> list[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
