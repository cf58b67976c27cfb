"""Code actions: the fix of a finding, all fixes at once, a suppression on the line, and the rule's explanation."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from gradlint.finding import Position
from gradlint.fixing import EditError, add_ignores, fix_source
from gradlint.fixing.text import splices, texts
from gradlint.server import diagnostics, positions
from gradlint.server.results import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from cattrs import Converter

    from gradlint.finding import Finding
    from gradlint.server.client import Client
    from gradlint.server.documents import OpenText, Snapshot
    from gradlint.server.results import Result
    from gradlint.sources.source import Source

EXPLAIN = "gradlint.explain"
"""The command that shows a rule's documentation; takes its code."""

APPLY = "gradlint.apply"
"""The command that makes an edit, for clients that take no code actions; takes the edit."""

FIX_ALL = "source.fixAll.gradlint"
"""The kind of the action that applies every safe fix."""

KINDS = (types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll)
"""The kinds of action that the server offers."""


class Actions:
    """Makes the code actions of one result.

    Args:
        result: The analysis of a document or notebook.
        client: What the client can do.
        check: Gives the findings of a changed source, under the document's settings.
        find: Gives the same without their fixes.
        read: Makes a source of the document's kind out of a changed text.
    """

    def __init__(
        self,
        result: Result,
        client: Client,
        check: Callable[[Source], Iterable[Finding]],
        find: Callable[[Source], Iterable[Finding]],
        read: Callable[[str], Source],
    ) -> None:
        self._result = result
        self._client = client
        self._check = check
        self._find = find
        self._read = read

    def offer(self, uri: str, span: types.Range, only: Sequence[str] | None) -> list[types.CodeAction]:
        """The actions for a range of a text.

        Args:
            uri: The document or cell.
            span: What the client's cursor or selection covers.
            only: The kinds that the client asks for; all where None.

        Raises:
            KeyError: If the snapshot has no text of that URI.
        """
        cell = self._result.snapshot.cell(uri)
        text = self._result.snapshot.text(cell)
        here = [
            finding
            for finding in self._result.findings
            if finding.cell == cell and _touch(text.to_client_range(finding.location, finding.end_location), span)
        ]
        made: list[types.CodeAction] = []
        if _wanted(types.CodeActionKind.QuickFix.value, only):
            made += [action for finding in here if (action := self._fix(finding)) is not None]
            made += [action for finding in here if (action := self._suppress(uri, finding)) is not None]
            made += [self._explain(finding) for finding in here]
        if _wanted(FIX_ALL, only) and (here or only) and self._fixable():
            action = self._lazy(types.CodeAction("Fix all with gradlint", kind=FIX_ALL), {"uri": uri})
            made += [] if action is None else [action]
        return made

    def resolve(self, action: types.CodeAction) -> types.CodeAction:
        """The action with its edit; as it was where there is nothing to edit any more."""
        data: Any = action.data
        if isinstance(data, dict):
            key = data.get("suppress")
            changed = self._suppressed(key) if key is not None else self._fixed()
            action.edit = None if changed is None else self._difference(changed)
        return action

    def fix_all(self) -> types.WorkspaceEdit | None:
        """Every safe fix, to a fixpoint, as one edit."""
        changed = self._fixed()
        return None if changed is None else self._difference(changed)

    def _fixable(self) -> bool:
        return self._result.fixes.any_safe()

    def _fix(self, finding: Finding) -> types.CodeAction | None:
        fix = self._result.fixes.of(finding)
        if fix is None:
            return None
        source = self._result.source
        try:
            wanted = splices(source, fix.edits)
        except EditError:
            return None
        edits: dict[int | None, list[types.TextEdit]] = {}
        for cell, changes in wanted.items():
            before, after = texts(source)[cell], self._result.snapshot.text(cell)
            edits[cell] = [
                types.TextEdit(after.to_client_range(before.place(one.start), before.place(one.end)), one.content)
                for one in changes
            ]
        safe = fix.applicability == "safe"
        return types.CodeAction(
            fix.message if safe else f"{fix.message} (unsafe)",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self._diagnostic(finding)],
            is_preferred=safe or None,
            edit=self._edit(edits),
        )

    def _suppress(self, uri: str, finding: Finding) -> types.CodeAction | None:
        action = types.CodeAction(
            f"Ignore {finding.code} on this line",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self._diagnostic(finding)],
        )
        return self._lazy(action, {"uri": uri, "suppress": key_of(finding)})

    def _explain(self, finding: Finding) -> types.CodeAction:
        title = f"Explain {finding.code} ({finding.name})"
        return types.CodeAction(
            title,
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self._diagnostic(finding)],
            command=types.Command(title, EXPLAIN, arguments=[finding.code]),
        )

    def _lazy(self, action: types.CodeAction, data: dict[str, str]) -> types.CodeAction | None:
        """The action with what its edit will be made from, or with the edit at once for a client that wants it so."""
        action.data = {**data, "revision": self._result.snapshot.revision}
        if self._client.resolves:
            return action
        resolved = self.resolve(action)
        return None if resolved.edit is None else resolved

    def _fixed(self) -> Source | None:
        fixed = fix_source(self._result.source, self._check, self._read)
        return fixed.after if fixed.changed else None

    def _suppressed(self, key: str) -> Source | None:
        finding = next((finding for finding in self._result.findings if key_of(finding) == key), None)
        if finding is None:
            return None
        wanted = finding

        def check(source: Source) -> Iterator[Finding]:
            return (one for one in self._find(source) if (one.code, one.cell, one.location) == _place(wanted))

        ignored = add_ignores(self._result.source, check, self._read)
        return ignored.after if ignored.added else None

    def _difference(self, after: Source) -> types.WorkspaceEdit:
        changed = texts(after)
        edits: dict[int | None, list[types.TextEdit]] = {}
        for cell in changed:
            made = list(difference(self._result.snapshot.text(cell), changed[cell].text))
            if made:
                edits[cell] = made
        return self._edit(edits)

    def _edit(self, edits: dict[int | None, list[types.TextEdit]]) -> types.WorkspaceEdit:
        snapshot: Snapshot = self._result.snapshot
        if not self._client.versioned:
            return types.WorkspaceEdit(changes={snapshot.text(cell).uri: made for cell, made in edits.items()})
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(snapshot.text(cell).uri, snapshot.text(cell).version),
                    made,
                )
                for cell, made in edits.items()
            ]
        )

    def _diagnostic(self, finding: Finding) -> types.Diagnostic:
        return diagnostics.diagnostic(self._result.snapshot, finding, related=self._client.related)


def as_commands(made: Iterable[types.CodeAction], converter: Converter) -> list[types.Command]:
    """The same as commands, for a client that takes no code actions; those have their edits already.

    Args:
        made: The code actions.
        converter: Makes JSON of an edit.
    """
    commands = []
    for action in made:
        if action.command is not None:
            commands.append(action.command)
        elif action.edit is not None:
            commands.append(types.Command(action.title, APPLY, arguments=[converter.unstructure(action.edit)]))
    return commands


def difference(text: OpenText, after: str) -> Iterator[types.TextEdit]:
    """The edits, line by line, that make another text of a text."""
    old, new = text.lines, positions.split(after)
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    for tag, start, end, new_start, new_end in SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
        if tag != "equal":
            content = "".join(middle[1][new_start:new_end])
            yield types.TextEdit(_lines(text, head + start, head + end), content)


def _lines(text: OpenText, start: int, end: int) -> types.Range:
    """The range of whole lines from index ``start`` up to, not including, ``end``."""
    last = Position(len(text.lines), len(text.lines[-1]) + 1)
    places = [Position(index + 1, 1) if index < len(text.lines) else last for index in (start, end)]
    return text.to_client_range(*places)


def _place(finding: Finding) -> tuple[str, int | None, Position]:
    return finding.code, finding.cell, finding.location


def _touch(one: types.Range, other: types.Range) -> bool:
    """Whether the line ranges meet: the cursor need only stand on the finding's line."""
    return one.start.line <= other.end.line and other.start.line <= one.end.line


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a kind is asked for: ``source.fixAll`` asks for everything below it."""
    if only is None:
        return True
    values = [one.value if isinstance(one, types.CodeActionKind) else one for one in only]
    return any(kind == value or kind.startswith(f"{value}.") for value in values)
