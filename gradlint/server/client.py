"""What the client can do, read once from its capabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pygls.capabilities import get_capability

if TYPE_CHECKING:
    from lsprotocol import types


@dataclass(frozen=True, slots=True)
class Client:
    """A client.

    Attributes:
        pulls: It asks for a document's diagnostics, so that none are pushed.
        related_documents: It takes the diagnostics of other documents with the answer.
        related: It shows a diagnostic's related information.
        versioned: It takes edits that name the version of the document that they are for.
        literals: It takes code actions; one that does not takes commands alone.
        resolves: It asks for a code action's edit only when the user has chosen the action.
        configures: It answers ``workspace/configuration``.
        registers_watchers: It watches files when it is asked to.
        registers_configuration: It reports changed settings when it is asked to.
        shows_progress: It shows the progress of what the server does.
        shows_documents: It opens a document when it is asked to.
        refreshes_diagnostics: It asks for diagnostics again when it is asked to.
        refreshes_lenses: It asks for code lenses again when it is asked to.
        refreshes_hints: It asks for inlay hints again when it is asked to.
        shows_images: It shows the images of a hover's Markdown: it parses that as Visual Studio Code does.
    """

    pulls: bool = False
    related_documents: bool = False
    related: bool = False
    versioned: bool = False
    literals: bool = False
    resolves: bool = False
    configures: bool = False
    registers_watchers: bool = False
    registers_configuration: bool = False
    shows_progress: bool = False
    shows_documents: bool = False
    refreshes_diagnostics: bool = False
    refreshes_lenses: bool = False
    refreshes_hints: bool = False
    shows_images: bool = False

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities) -> Client:
        """The client that has some capabilities."""

        def has(name: str) -> bool:
            return bool(get_capability(capabilities, name, False))

        resolved = get_capability(capabilities, "text_document.code_action.resolve_support.properties", None) or ()
        pulls = get_capability(capabilities, "text_document.diagnostic", None) is not None
        return cls(
            pulls=pulls,
            related_documents=has("text_document.diagnostic.related_document_support"),
            related=has("text_document.publish_diagnostics.related_information")
            or has("text_document.diagnostic.related_information"),
            versioned=has("workspace.workspace_edit.document_changes"),
            literals=has("text_document.code_action.code_action_literal_support"),
            resolves="edit" in resolved,
            configures=has("workspace.configuration"),
            registers_watchers=has("workspace.did_change_watched_files.dynamic_registration"),
            registers_configuration=has("workspace.did_change_configuration.dynamic_registration"),
            shows_progress=has("window.work_done_progress"),
            shows_documents=has("window.show_document.support"),
            refreshes_diagnostics=pulls and has("workspace.diagnostics.refresh_support"),
            refreshes_lenses=has("workspace.code_lens.refresh_support"),
            refreshes_hints=has("workspace.inlay_hint.refresh_support"),
            shows_images=get_capability(capabilities, "general.markdown.parser", None) == "marked",
        )
