"""What the editors say of themselves when a session begins, as far as it can concern gradlint, and how they answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_KINDS = ["", "quickfix", "refactor", "source", "source.organizeImports", "source.fixAll"]
_LITERALS = {"codeActionKind": {"valueSet": _KINDS}}
_DYNAMIC = {"dynamicRegistration": True}
_STATIC = {"dynamicRegistration": False}


@dataclass(frozen=True)
class Profile:
    """A client.

    Attributes:
        capabilities: What it says that it can do.
        options: What it sends as initialization options.
        settings: What it tells by ``workspace/didChangeConfiguration`` at once; nothing where it is ``...``.
        configured: What it answers ``workspace/configuration`` with: the whole response but for its identity.
        root: The keys that it names the workspace by.
    """

    capabilities: dict[str, Any]
    options: Any = None
    settings: Any = ...
    configured: dict[str, Any] = field(default_factory=lambda: {"result": [None, None]})
    root: tuple[str, ...] = ("rootUri", "workspaceFolders")

    def able(self, path: str) -> bool:
        """Whether it says so of a capability, written with dots."""
        value: Any = self.capabilities
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        return bool(value)

    @property
    def pulls(self) -> bool:
        """Whether it asks for diagnostics."""
        return "diagnostic" in self.capabilities.get("textDocument", {})

    def encoding(self) -> str:
        """The position encoding that is to be agreed upon."""
        offered = self.capabilities.get("general", {}).get("positionEncodings", ["utf-16"])
        return str(offered[0])


PROFILES = {
    "helix": Profile(
        {
            "workspace": {
                "configuration": True,
                "didChangeConfiguration": _STATIC,
                "workspaceFolders": True,
                "applyEdit": True,
                "executeCommand": _STATIC,
                "inlayHint": {"refreshSupport": False},
                "workspaceEdit": {"documentChanges": True, "failureHandling": "abort"},
                "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
                # Its library writes the key without an "s".
                "diagnostic": {"refreshSupport": True},
            },
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "codeAction": {
                    "codeActionLiteralSupport": _LITERALS,
                    "isPreferredSupport": True,
                    "dataSupport": True,
                    "resolveSupport": {"properties": ["edit", "command"]},
                },
                "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": True},
                "publishDiagnostics": {"versionSupport": True, "tagSupport": {"valueSet": [1, 2]}},
                "inlayHint": _STATIC,
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": True}},
            "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
        },
        settings=None,
        root=("rootPath", "rootUri", "workspaceFolders"),
    ),
    "eglot": Profile(
        {
            "workspace": {
                "applyEdit": True,
                "executeCommand": _STATIC,
                "workspaceEdit": {"documentChanges": True},
                "didChangeWatchedFiles": _DYNAMIC,
                "configuration": True,
                "workspaceFolders": True,
            },
            "textDocument": {
                "synchronization": {"dynamicRegistration": False, "willSave": True, "didSave": True},
                "hover": {"dynamicRegistration": False, "contentFormat": ["markdown", "plaintext"]},
                "codeAction": {
                    "dynamicRegistration": False,
                    "resolveSupport": {"properties": ["edit", "command"]},
                    "dataSupport": True,
                    "codeActionLiteralSupport": _LITERALS,
                    "isPreferredSupport": True,
                },
                "publishDiagnostics": {
                    "relatedInformation": False,
                    "codeDescriptionSupport": False,
                    "tagSupport": {"valueSet": [1, 2]},
                },
                "inlayHint": _STATIC,
            },
            "window": {"showDocument": {"support": True}, "workDoneProgress": True},
            "general": {"positionEncodings": ["utf-32", "utf-8", "utf-16"]},
            "experimental": {},
        },
        options={},
        settings={},
        root=("rootPath", "rootUri", "workspaceFolders"),
    ),
    "lsp-mode": Profile(
        {
            "general": {"positionEncodings": ["utf-32", "utf-16"]},
            "workspace": {
                "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "rename", "delete"]},
                "applyEdit": True,
                "executeCommand": _STATIC,
                "didChangeWatchedFiles": _DYNAMIC,
                "workspaceFolders": True,
                "configuration": True,
                "codeLens": {"refreshSupport": True},
                "diagnostics": {"refreshSupport": False},
            },
            "textDocument": {
                "codeAction": {
                    "dynamicRegistration": True,
                    "isPreferredSupport": True,
                    "codeActionLiteralSupport": _LITERALS,
                    "resolveSupport": {"properties": ["edit", "command"]},
                    "dataSupport": True,
                },
                "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
                "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": False},
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        },
        configured={"result": [{}, {}]},
        root=("rootPath", "rootUri", "workspaceFolders"),
    ),
    "sublime": Profile(
        {
            "general": {"positionEncodings": ["utf-16"]},
            "textDocument": {
                "codeAction": {
                    "dynamicRegistration": True,
                    "codeActionLiteralSupport": _LITERALS,
                    "isPreferredSupport": True,
                    "dataSupport": True,
                    "resolveSupport": {"properties": ["edit"]},
                },
                "publishDiagnostics": {"relatedInformation": True, "versionSupport": True, "dataSupport": True},
                "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": True},
                "inlayHint": _DYNAMIC,
            },
            "workspace": {
                "applyEdit": True,
                "workspaceEdit": {"documentChanges": True, "failureHandling": "abort"},
                "didChangeConfiguration": _DYNAMIC,
                "workspaceFolders": True,
                "configuration": True,
                "codeLens": {"refreshSupport": True},
                "inlayHint": {"refreshSupport": True},
                "diagnostics": {"refreshSupport": True},
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        },
        options={},
        settings={},
        configured={"result": [{}, {}]},
        root=("rootPath", "rootUri", "workspaceFolders"),
    ),
    "zed": Profile(
        {
            "general": {"positionEncodings": ["utf-16"]},
            "workspace": {
                "configuration": True,
                "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
                "didChangeConfiguration": _DYNAMIC,
                "workspaceFolders": True,
                "inlayHint": {"refreshSupport": True},
                "diagnostics": {"refreshSupport": True},
                "codeLens": {"refreshSupport": True},
                "workspaceEdit": {"documentChanges": True},
                "applyEdit": True,
            },
            "textDocument": {
                "codeAction": {
                    "codeActionLiteralSupport": _LITERALS,
                    "dataSupport": True,
                    "resolveSupport": {
                        "properties": ["kind", "diagnostics", "isPreferred", "disabled", "edit", "command"]
                    },
                },
                "publishDiagnostics": {"relatedInformation": True, "versionSupport": True, "dataSupport": True},
                "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": True},
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": False}},
        },
        settings={},
        configured={"error": {"code": -32601, "message": "Method not found"}},
    ),
    "kate": Profile(
        {
            "textDocument": {
                "publishDiagnostics": {"relatedInformation": True},
                "codeAction": {"codeActionLiteralSupport": _LITERALS},
                "synchronization": {"didSave": True},
                "hover": {"contentFormat": ["markdown", "plaintext"]},
                "inlayHint": _STATIC,
                "diagnostic": {"dynamicRegistration": False, "relatedInformation": True},
            },
            "window": {"workDoneProgress": True},
            "workspace": {"configuration": True},
        },
        options={},
        configured={"result": [None]},
        root=("rootPath", "rootUri"),
    ),
    "lsp4ij": Profile(
        {
            "general": {"staleRequestSupport": {"cancel": True}, "positionEncodings": ["utf-16"]},
            "workspace": {
                "applyEdit": True,
                "configuration": True,
                "executeCommand": _DYNAMIC,
                "workspaceFolders": True,
                "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create", "delete", "rename"]},
                "didChangeWatchedFiles": _DYNAMIC,
                "didChangeConfiguration": _DYNAMIC,
                "codeLens": {"refreshSupport": True},
                "inlayHint": {"refreshSupport": True},
                "diagnostics": {"refreshSupport": True},
            },
            "textDocument": {
                "publishDiagnostics": {
                    "dataSupport": True,
                    "codeDescriptionSupport": True,
                    "relatedInformation": True,
                    "tagSupport": {"valueSet": [1, 2]},
                },
                "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": True},
                "codeAction": {
                    "codeActionLiteralSupport": _LITERALS,
                    "dynamicRegistration": True,
                    "dataSupport": True,
                    "resolveSupport": {"properties": ["edit"]},
                },
                "codeLens": _DYNAMIC,
                "inlayHint": _DYNAMIC,
                "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
                "synchronization": {"willSave": True, "willSaveWaitUntil": True, "didSave": True},
            },
            "window": {"workDoneProgress": True, "showDocument": {"support": True}},
        },
        options={},
        settings={"gradlint": {"inlayHints": "lost"}},
        configured={"result": [{"inlayHints": "lost"}, {"inlayHints": "lost"}]},
        root=("rootPath", "rootUri", "workspaceFolders"),
    ),
    "jupyterlab": Profile(
        {
            "textDocument": {
                "synchronization": {"dynamicRegistration": True, "didSave": True},
                "publishDiagnostics": {"tagSupport": {"valueSet": [2, 1]}},
                "hover": {"dynamicRegistration": True, "contentFormat": ["markdown", "plaintext"]},
            },
            "workspace": {"didChangeConfiguration": _DYNAMIC},
        },
        settings={},
        root=("rootUri",),
    ),
    "nothing": Profile({}, root=()),
}
"""The clients by name; the last says nothing of itself."""
