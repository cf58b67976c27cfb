"""IPython's additions to Python, taken out of a cell without moving a line.

Magics, shell lines, help requests and autocalls become ``pass``, what they are assigned to becomes the value of
an unknown call, and the Python that a magic such as ``%time`` runs stays where it is.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

PYTHON_CELL_MAGICS = frozenset(
    {
        "time",
        "timeit",
        "capture",
        "prun",
        "memit",
        "mprun",
        "wandb",
        "debug",
        "snakeviz",
        "scalene",
        "pyinstrument",
        "ipytest",
        "gradlint",
    }
)
"""The cell magics whose body is Python that runs in the notebook's own namespace."""

PYTHON_LINE_MAGICS = frozenset({"time", "timeit", "prun", "memit"})
"""The line magics that are followed by a Python statement."""

AUTOMAGICS = frozenset(
    {
        "alias",
        "autoreload",
        "bookmark",
        "cat",
        "cd",
        "conda",
        "config",
        "cp",
        "dhist",
        "dirs",
        "env",
        "history",
        "less",
        "load",
        "load_ext",
        "ls",
        "lsmagic",
        "man",
        "matplotlib",
        "mkdir",
        "more",
        "mv",
        "pdoc",
        "pfile",
        "pinfo",
        "pip",
        "popd",
        "psource",
        "pushd",
        "pycat",
        "pylab",
        "reload_ext",
        "rm",
        "rmdir",
        "run",
        "tensorflow_version",
        "timeit",
        "uv",
        "who",
        "whos",
        "xmode",
    }
)
"""The magics that work without their ``%`` where no variable has their name."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_CELL_MAGIC = re.compile(r"[ \t]*%%(?P<name>\w+)")
_LINE_MAGIC = re.compile(r"%(?P<name>\w+)(?P<space>[ \t]*)")
_OPTIONS = re.compile(r"(?:-(?:[nrp] *\d+|[a-zA-Z]+)[ \t]+)*")
_ASSIGNED = re.compile(r"(?P<targets>[A-Za-z_][\w.,\[\]'\" \t]*?)=[ \t]*(?:!|%(?=[A-Za-z_]))")
_HELP = re.compile(r"(?:[A-Za-z_][\w.]*[ \t]*=[ \t]*)?%{0,2}[A-Za-z_][\w.*\[\]-]*\?{1,2}[ \t]*;?[ \t]*$")
_AUTOMAGIC = re.compile(r"(?P<name>\w+)[ \t]+(?!(?:in|is|and|or|if|not|else|for)\b)[\w./~'\"$-]")
_PIECE = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<string>(?P<quote>'''|\"\"\"|'|"))
    |(?P<open>[(\[{])|(?P<close>[)\]}])
    |(?P<continued>\\\s*$)""",
    re.VERBOSE,
)
_STRING_END = {
    "'''": re.compile(r"(?:[^\\']|\\.|'(?!''))*'''", re.DOTALL),
    '"""': re.compile(r'(?:[^\\"]|\\.|"(?!""))*"""', re.DOTALL),
    "'": re.compile(r"(?:[^\\']|\\.)*'", re.DOTALL),
    '"': re.compile(r'(?:[^\\"]|\\.)*"', re.DOTALL),
}


@dataclass(frozen=True, slots=True)
class PythonCell:
    """A cell as Python.

    Attributes:
        lines: Its lines without their ends, as many as the cell has.
        columns: For each line, how many characters the cell's line is further right than this one.
        error: The syntax error where the cell is not Python; its lines are then blank.
    """

    lines: list[str]
    columns: list[int]
    error: SyntaxError | None = None


def split_lines(text: str) -> list[str]:
    """A text's lines without their ends, as Python's tokenizer counts them; the last one may be empty."""
    return _LINE_END.split(text)


def parses(code: str) -> SyntaxError | None:
    """None where a text is a Python program, else what is wrong with it; top-level ``await`` is Python here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(code)
    except SyntaxError as error:
        return error
    except ValueError as error:
        return SyntaxError(str(error))
    except (RecursionError, MemoryError):
        return SyntaxError("too deeply nested")
    return None


def to_python(text: str) -> PythonCell:
    """Turn a cell's text into Python, line by line.

    Args:
        text: The cell's source as the notebook holds it.

    Returns:
        The cell's lines as ``ast.parse`` takes them; blank ones where the cell is not Python at all.
    """
    lines = split_lines(text)
    if parses("\n".join(lines)) is None:
        return PythonCell(lines, [0] * len(lines))
    cell = _without_ipython(lines)
    error = parses("\n".join(cell.lines))
    if error is not None:
        return PythonCell([""] * len(lines), [0] * len(lines), error)
    return cell


def _without_ipython(lines: list[str]) -> PythonCell:
    body = list(lines)
    columns = [0] * len(lines)
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        magic = _CELL_MAGIC.match(line)
        if magic is None:
            break
        if magic["name"] not in PYTHON_CELL_MAGICS:
            return PythonCell([""] * len(lines), columns)
        body[index] = ""
    _outdent(body, columns)
    _blank_lines(body, columns)
    return PythonCell(body, columns)


def _outdent(lines: list[str], columns: list[int]) -> None:
    """Take off the first line's indent, as IPython does."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return
    for index, line in enumerate(lines):
        if line.startswith(indent):
            lines[index] = line[len(indent) :]
            columns[index] = len(indent)


def _blank_lines(lines: list[str], columns: list[int]) -> None:
    """Replace what is IPython's at the beginning of each logical line."""
    depth = 0
    quote: str | None = None
    continued = False
    index = 0
    while index < len(lines):
        line = lines[index]
        if depth == 0 and quote is None and not continued:
            last = _replace(lines, columns, index)
            if last is not None:
                index = last + 1
                continue
            line = lines[index]
        depth, quote, continued = _scan(line, depth, quote)
        index += 1


def _replace(lines: list[str], columns: list[int], index: int) -> int | None:
    """Replace the IPython line that begins here; gives its last line, or None where it is plain Python."""
    line = lines[index]
    text = line.lstrip(" \t")
    indent = line[: len(line) - len(text)]
    magic = _LINE_MAGIC.match(text)
    if magic is not None and magic["name"] in PYTHON_LINE_MAGICS and not _HELP.match(text):
        start = _OPTIONS.match(text, magic.end())
        assert start is not None
        statement = text[start.end() :]
        if statement.strip():
            lines[index] = indent + statement
            columns[index] += start.end()
            return None
    assigned = _ASSIGNED.match(text)
    automagic = _AUTOMAGIC.match(text)
    if assigned is not None:
        replacement = f"{assigned['targets']}= get_ipython()"
    elif (
        text.startswith(("%", "!", "?", "/", ",", ";"))
        or _HELP.match(text)
        or (automagic is not None and automagic["name"] in AUTOMAGICS)
    ):
        replacement = "pass"
    else:
        return None
    last = index
    while lines[last].endswith("\\") and last + 1 < len(lines):
        last += 1
    lines[index : last + 1] = [indent + replacement] + [""] * (last - index)
    return last


def _scan(line: str, depth: int, quote: str | None) -> tuple[int, str | None, bool]:
    """What is open at the end of a line: brackets, a string that goes on, a continued line."""
    at = 0
    if quote is not None:
        end = _STRING_END[quote].match(line)
        if end is None:
            return depth, quote, False
        at = end.end()
    while piece := _PIECE.search(line, at):
        if piece["comment"] is not None:
            return depth, None, False
        if piece["continued"] is not None:
            return depth, None, True
        at = piece.end()
        if piece["open"] is not None:
            depth += 1
        elif piece["close"] is not None:
            depth = max(0, depth - 1)
        else:
            end = _STRING_END[piece["quote"]].match(line, at)
            if end is None:
                goes_on = len(piece["quote"]) == 3 or line.endswith("\\")
                return depth, piece["quote"] if goes_on else None, False
            at = end.end()
    return depth, None, False
