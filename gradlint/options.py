"""Every option: its key, type, default and meaning, declared once.

The settings' reader, the JSON schema, ``gradlint config`` and the documentation are made from :data:`OPTIONS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradlint.finding import Severity

OutputFormat = Literal[
    "full",
    "concise",
    "grouped",
    "statistics",
    "json",
    "jsonl",
    "sarif",
    "github",
    "gitlab",
    "azure",
    "pylint",
    "rdjson",
    "markdown",
    "junit",
    "html",
    "lsp",
]
"""The formats that findings can be printed in."""


SEVERITY = ("error", "warning", "info")
"""The severities that a rule's findings can be given; those of :data:`gradlint.finding.Severity`."""


class OptionError(ValueError):
    """A value of the wrong type; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Type:
    """What an option's value may be.

    Attributes:
        expected: The type in words, as in *expected a list of strings*.
        schema: The type as JSON schema.
        check: Gives the value as the settings hold it; raises :class:`OptionError`.
    """

    expected: str
    schema: dict[str, Any]
    check: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        key: How it is written in a configuration file; ``table.key`` if it is in a table of its own.
        type: What its value may be.
        default: Its value where nothing sets it.
        help: What it does, in one or two sentences.
        example: A value as it is written in TOML.
        decides: Whether findings depend on it, so that cached results must too.
        path: Whether its value is a path, relative to the file that it is written in.
        runs: Whether it makes gradlint run code, so that a file's value counts only if the file is trusted.
        writes: Whether gradlint writes to the place it names, so that an untrusted file may only name a place in its
            own folder.
    """

    key: str
    type: Type
    default: Any
    help: str
    example: str
    decides: bool = True
    path: bool = False
    runs: bool = False
    writes: bool = False

    def check(self, value: Any) -> Any:
        """The value as the settings hold it.

        Raises:
            OptionError: If it is of the wrong type.
        """
        return self.type.check(value)


def key_of(name: str) -> str:
    """The key of a field's name."""
    return OPTIONS[name].key


def _strings(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise OptionError("a list of strings")
    return tuple(value)


def _table_of_strings(value: Any) -> dict[str, tuple[str, ...]]:
    try:
        if isinstance(value, dict):
            return {str(key): _strings(one) for key, one in value.items()}
    except OptionError:
        pass
    raise OptionError("a table of lists of strings")


def _severities(value: Any) -> dict[str, Severity]:
    if not isinstance(value, dict) or not all(one in SEVERITY for one in value.values()):
        raise OptionError("a table of rules with `error`, `warning` or `info`")
    return dict(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise OptionError("true or false")
    return value


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise OptionError("a string")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise OptionError("a whole number above 0")
    return value


def _positive(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
        raise OptionError("a number above 0")
    return float(value)


def _versions(value: Any) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        if isinstance(value, str) and value:
            plain = value.strip()
            return str(SpecifierSet(f"=={plain.removesuffix('.*')}.*" if plain[0].isdigit() else plain))
    except InvalidSpecifier:
        pass
    raise OptionError("a version or versions, such as `2.15` or `>=2.10,<2.16`")


def _severity(value: Any) -> str:
    if value not in SEVERITY:
        raise OptionError("`error`, `warning` or `info`")
    return str(value)


def _format(value: Any) -> str:
    if value not in get_args(OutputFormat):
        raise OptionError("one of " + ", ".join(get_args(OutputFormat)))
    return str(value)


STRINGS = Type("a list of strings", {"type": "array", "items": {"type": "string"}}, _strings)
TABLE = Type(
    "a table of lists of strings",
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    _table_of_strings,
)
SEVERITIES = Type(
    "a table of severities",
    {"type": "object", "additionalProperties": {"enum": list(SEVERITY)}},
    _severities,
)
SEVERITY_NAME = Type("a severity", {"enum": list(SEVERITY)}, _severity)
BOOLEAN = Type("true or false", {"type": "boolean"}, _boolean)
STRING = Type("a string", {"type": "string"}, _string)
VERSIONS = Type("a version or versions, such as `2.15` or `>=2.10,<2.16`", {"type": "string"}, _versions)
WHOLE = Type("a whole number above 0", {"type": "integer", "minimum": 1}, _whole)
POSITIVE = Type("a number above 0", {"type": "number", "exclusiveMinimum": 0}, _positive)
FORMAT = Type("an output format", {"enum": list(get_args(OutputFormat))}, _format)

INCLUDE = ("*.py", "*.pyi", "*.ipynb", "*.md", "*.markdown")
EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".gradlint_cache", ".hg", ".hypothesis", ".ipynb_checkpoints", ".mypy_cache",
    ".nox", ".pants.d", ".pixi", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv",
    ".vscode", "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules",
    "site-packages", "venv",
)  # fmt: skip

OPTIONS: dict[str, Option] = {
    "select": Option(
        "select", STRINGS, None,
        "Rules to turn on, by code, prefix (`GT2`), name, or `ALL`; default: all but those of severity `info`.",
        'select = ["GT1", "GT2", "tape-reused"]',
    ),
    "ignore": Option(
        "ignore", STRINGS, (),
        "Rules to turn off. Between `select` and `ignore`, the more specific selector wins.",
        'ignore = ["GT402"]',
    ),
    "extend_select": Option(
        "extend-select", STRINGS, (), "Rules to turn on in addition to `select`.", 'extend-select = ["GT701"]'
    ),
    "per_file_ignores": Option(
        "per-file-ignores", TABLE, {},
        "Rules to turn off in the files that a pattern matches; a leading `!` negates the pattern.",
        'per-file-ignores = { "tests/**" = ["GT405"] }',
    ),
    "extend_per_file_ignores": Option(
        "extend-per-file-ignores", TABLE, {},
        "Rules to turn off in the files that a pattern matches, in addition to `per-file-ignores`.",
        'extend-per-file-ignores = { "examples/**" = ["GT4"] }',
    ),
    "per_file_select": Option(
        "per-file-select", TABLE, {},
        "Additional rules to turn on in the files that a pattern matches.",
        'per-file-select = { "*.ipynb" = ["GT701"] }',
    ),
    "severity": Option(
        "severity", SEVERITIES, {},
        "Overrides the severity of a rule's findings; the most specific selector wins.",
        'severity = { GT402 = "error", GT6 = "info" }',
    ),
    "severity_threshold": Option(
        "severity-threshold", SEVERITY_NAME, "info",
        "The lowest severity that makes the exit status 1; milder findings are still reported.",
        'severity-threshold = "error"', decides=False,
    ),
    "respect_suppressions": Option(
        "respect-suppressions", BOOLEAN, True, "Whether comments suppress findings.", "respect-suppressions = false"
    ),
    "include": Option(
        "include", STRINGS, INCLUDE, "Which files to check in folders.", 'include = ["*.py", "*.ipynb"]', decides=False
    ),
    "extend_include": Option(
        "extend-include", STRINGS, (), "Additional files to check in folders.",
        'extend-include = ["*.pyw"]', decides=False
    ),
    "exclude": Option(
        "exclude", STRINGS, EXCLUDE, "Files and folders to skip in folders, as in .gitignore.",
        'exclude = [".venv", "third_party"]', decides=False,
    ),
    "extend_exclude": Option(
        "extend-exclude", STRINGS, (), "Additional files and folders to skip.", 'extend-exclude = ["legacy/"]',
        decides=False,
    ),
    "respect_gitignore": Option(
        "respect-gitignore", BOOLEAN, True, "Whether to skip what git ignores.", "respect-gitignore = false",
        decides=False,
    ),
    "force_exclude": Option(
        "force-exclude", BOOLEAN, False,
        "Whether excludes also apply to files named on the command line, as pre-commit names them.",
        "force-exclude = true", decides=False,
    ),
    "differentiable": Option(
        "differentiable", STRINGS, (),
        "Callables of other packages whose result is connected to their arguments, as dotted names with `*`.",
        'differentiable = ["mylib.ops.*"]',
    ),
    "opaque": Option(
        "opaque", STRINGS, (),
        "Callables of other packages that no gradient passes through, as dotted names with `*`.",
        'opaque = ["mylib.render.*"]',
    ),
    "models": Option(
        "models", STRINGS, (),
        "Stubs that say what callables of other packages do to a gradient, argument by argument: `.pyi` files and "
        "folders of them. They are read, never run.",
        'models = ["stubs/acme.pyi"]', path=True,
    ),
    "rules": Option(
        "rules", STRINGS, (), "Folders with the project's own rules; they are code, so they need trust.",
        'rules = ["lint/rules"]', path=True, runs=True,
    ),
    "plugins": Option(
        "plugins", STRINGS, (),
        "Installed packages whose `gradlint.rules` entry point adds rules; they need trust.",
        'plugins = ["my-gradlint-rules"]', runs=True,
    ),
    "output_format": Option(
        "output-format", FORMAT, "full", "How to print findings.", 'output-format = "concise"', decides=False
    ),
    "fixable": Option(
        "fixable", STRINGS, ("ALL",), "Rules whose fixes `--fix` applies.", 'fixable = ["GT2"]', decides=False
    ),
    "unfixable": Option(
        "unfixable", STRINGS, (), "Rules whose fixes `--fix` does not apply.", 'unfixable = ["GT204"]', decides=False
    ),
    "extend_fixable": Option(
        "extend-fixable", STRINGS, (), "Rules whose fixes `--fix` applies in addition to `fixable`.",
        'extend-fixable = ["GT3"]', decides=False,
    ),
    "unsafe_fixes": Option(
        "unsafe-fixes", BOOLEAN, False, "Whether `--fix` also applies fixes that may change what a program does.",
        "unsafe-fixes = true", decides=False,
    ),
    "show_fixes": Option(
        "show-fixes", BOOLEAN, False, "Whether to list what was fixed, and what was not and why.",
        "show-fixes = true", decides=False,
    ),
    "baseline": Option(
        "baseline", STRING, None, "A file of known findings, which are not reported again.",
        'baseline = "gradlint-baseline.json"', decides=False, path=True,
    ),
    "confirm_timeout": Option(
        "confirm.timeout", POSITIVE, 20.0, "How many seconds TensorFlow may spend on one finding.",
        "timeout = 30", decides=False,
    ),
    "confirm_memory": Option(
        "confirm.memory", WHOLE, 4096, "How many megabytes of memory TensorFlow may use.",
        "memory = 8192", decides=False,
    ),
    "confirm_python": Option(
        "confirm.python", STRING, None,
        "The path of a Python that has TensorFlow; default: gradlint's own. It is run, so it needs trust.",
        'python = ".venv/bin/python"', decides=False, path=True, runs=True,
    ),
    "follow_imports": Option(
        "follow-imports", BOOLEAN, True, "Whether to follow imports into the project's own modules.",
        "follow-imports = false",
    ),
    "tensorflow_version": Option(
        "tensorflow-version", VERSIONS, None,
        "The TensorFlow version that the programs are written for, or versions as in a requirement; default: what the "
        "project's own files ask for.",
        'tensorflow-version = "2.15"',
    ),
    "jobs": Option("jobs", WHOLE, None, "Number of processes; default: one for each core.",
        "jobs = 4", decides=False),
    "cache": Option("cache", BOOLEAN, True, "Whether to cache results between runs.",
        "cache = false", decides=False),
    "cache_dir": Option(
        "cache-dir", STRING, None,
        "The folder in which gradlint creates `.gradlint_cache`; default: the folder of the settings.",
        'cache-dir = ".cache"', decides=False, path=True, writes=True,
    ),
}  # fmt: skip
"""The options by the names of their fields in :class:`gradlint.settings.Settings`."""


def schema() -> dict[str, Any]:
    """The JSON schema of a ``[tool.gradlint]`` table, which is also that of a ``gradlint.toml``."""
    properties: dict[str, Any] = {
        "extend": {"type": "string", "description": "Another configuration file that this one builds on."}
    }
    for option in OPTIONS.values():
        entry = {"description": option.help, **option.type.schema}
        if option.default is not None:
            entry["default"] = list(option.default) if isinstance(option.default, tuple) else option.default
        table, _, key = option.key.rpartition(".")
        if table:
            group = properties.setdefault(
                table,
                {
                    "type": "object",
                    "description": f"The options of `--{table}`.",
                    "properties": {},
                    "additionalProperties": False,
                },
            )
            group["properties"][key] = entry
        else:
            properties[key] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gradlint",
        "description": "The settings of gradlint: [tool.gradlint] in pyproject.toml, or gradlint.toml.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
