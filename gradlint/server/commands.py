"""The commands that the client may ask the server to run: confirm findings, apply fixes, explain a rule."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from lsprotocol import types
from pygls.uris import from_fs_path

from gradlint.confirm import ConfirmUnavailable
from gradlint.documentation import page
from gradlint.server import actions, hints
from gradlint.server.confirm import chosen
from gradlint.server.documents import path_of
from gradlint.settings import SettingsError

if TYPE_CHECKING:
    from gradlint.finding import Confirmation, Finding
    from gradlint.rule import Rule
    from gradlint.server.results import Result
    from gradlint.server.session import Server

logger = logging.getLogger(__name__)

FIX_ALL = "gradlint.fixAll"
"""The command that applies every safe fix of a document; takes its URI."""


def register(server: Server) -> None:
    """Offer the commands."""

    @server.command(hints.CONFIRM)
    async def confirm(*arguments: Any) -> list[dict[str, Any]] | None:
        uri, key = _text(arguments, 0), _text(arguments, 1)
        result = None if uri is None else await server.result(uri)
        return None if result is None else await _confirm(server, result, key)

    @server.command(FIX_ALL)
    async def fix_all(*arguments: Any) -> bool:
        uri = _text(arguments, 0)
        result = None if uri is None else await server.result(uri)
        if result is None:
            return False
        edit = await server.checker.run(server.action_maker(result).fix_all)
        if edit is None:
            return False
        return await server.apply(edit, "Fix all with gradlint")

    @server.command(actions.APPLY)
    async def apply(*arguments: Any) -> bool:
        wanted = arguments[0] if arguments else None
        if not isinstance(wanted, dict):
            return False
        try:
            edit = server.protocol.converter.structure(wanted, types.WorkspaceEdit)
        except Exception:  # The client sends what it likes, and what structuring that raises differs with it.
            logger.warning("%s: its argument is not an edit", actions.APPLY)
            return False
        return await server.apply(edit, "gradlint")

    @server.command(actions.EXPLAIN)
    async def explain(*arguments: Any) -> str | None:
        wanted = _text(arguments, 0)
        uri = _text(arguments, 1)
        rules = server.configuration.rules(None if uri is None else path_of(uri))
        rule = next((rule for rule in rules if wanted is not None and wanted in (rule.code, rule.name)), None)
        return None if rule is None else _explain(server, rule)


def _explain(server: Server, rule: Rule) -> str:
    """Show a rule's page, as a document where the client can; gives its text."""
    text = page(rule)
    if server.client.shows_documents:
        folder = Path(tempfile.mkdtemp(prefix="gradlint-"))
        file = folder / f"{rule.code}-{rule.name}.md"
        file.write_text(text, encoding="utf-8")
        shown = types.ShowDocumentParams(cast("str", from_fs_path(str(file))), take_focus=True)
        server.window_show_document(shown)
    else:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))
    return text


async def _confirm(server: Server, result: Result, key: str | None) -> list[dict[str, Any]]:
    """Run findings of a result under TensorFlow, with progress that the user can cancel."""
    findings = chosen(result, key)
    if not findings:
        return []
    if server.configuration.restricted:
        refusal = "gradlint: findings are not run with TensorFlow in an untrusted workspace"
        server.window_show_message(types.ShowMessageParams(types.MessageType.Warning, refusal))
        return []
    token = await _progress(server, len(findings))
    cancelled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if token is not None:
        server.work_done_progress.tokens[token].add_done_callback(
            lambda _: server.loop.call_soon_threadsafe(_finish, cancelled)
        )
    verdicts: list[dict[str, Any]] = []

    def each(finding: Finding, confirmation: Confirmation) -> None:
        verdicts.append({"code": finding.code, "status": confirmation.status, "detail": confirmation.detail})
        server.confirmations.add(result, finding, confirmation)
        server.deliver_again(result)
        if token is not None:
            done = len(verdicts)
            message = f"{done} of {len(findings)}: {finding.code} {confirmation.status}"
            report = types.WorkDoneProgressReport(message=message, percentage=100 * done // len(findings))
            server.work_done_progress.report(token, report)

    summary = "cancelled"
    try:
        settings = server.configuration.settings(result.snapshot.path)
        await server.confirmations.run(result, findings, settings, each, cancelled)
        summary = _summary(verdicts, len(findings))
    except (ConfirmUnavailable, SettingsError) as error:
        summary = str(error)
        server.window_show_message(types.ShowMessageParams(types.MessageType.Error, f"gradlint: {error}"))
    finally:
        if token is not None:
            server.work_done_progress.end(token, types.WorkDoneProgressEnd(message=summary))
            server.work_done_progress.tokens.pop(token, None)
    return verdicts


async def _progress(server: Server, count: int) -> str | None:
    """Begin a progress report that can be cancelled; None where the client shows none."""
    if not server.client.shows_progress:
        return None
    token = f"gradlint-{uuid4()}"
    await server.work_done_progress.create_async(token)
    title = "Confirming with TensorFlow"
    message = f"{count} finding{'s' if count != 1 else ''}"
    begin = types.WorkDoneProgressBegin(title=title, cancellable=True, message=message, percentage=0)
    server.work_done_progress.begin(token, begin)
    return token


def _finish(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _summary(verdicts: list[dict[str, Any]], count: int) -> str:
    said = [verdict["status"] for verdict in verdicts]
    parts = [f"{said.count(status)} {status}" for status in ("confirmed", "refuted", "inconclusive") if status in said]
    left = count - len(said)
    return ", ".join([*parts, f"{left} not run"] if left else parts)


def _text(arguments: tuple[Any, ...], index: int) -> str | None:
    """An argument of a command where it is a text, since a client may send anything."""
    value = arguments[index] if index < len(arguments) else None
    return value if isinstance(value, str) else None
