"""A codemod that adds a comment to each line that says why it loses a gradient."""

import libcst as cst
from libcst.codemod import VisitorBasedCodemodCommand

from gradlint.metadata import GradientFlowProvider


class ExplainLosses(VisitorBasedCodemodCommand):
    """Adds a comment to each statement that loses a gradient."""

    DESCRIPTION = "Say why a line loses a gradient."
    METADATA_DEPENDENCIES = (GradientFlowProvider,)

    def visit_Module(self, node: cst.Module) -> None:
        self.losses: dict[cst.CSTNode, str] = {}
        for name in _calls(node):
            flow = self.get_metadata(GradientFlowProvider, name)
            for answer in flow.call.answers if flow.call is not None else ():
                if answer.answer == "lost" and answer.lost_at is not None:
                    self.losses[answer.lost_at] = f"# loses {answer.source}: {answer.why}"

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        for one in _nodes(original_node):
            if one in self.losses:
                comment = cst.Comment(self.losses[one])
                space = cst.SimpleWhitespace("  ")
                return updated_node.with_changes(trailing_whitespace=cst.TrailingWhitespace(space, comment))
        return updated_node


def _nodes(node: cst.CSTNode) -> list[cst.CSTNode]:
    return [node, *(inner for child in node.children for inner in _nodes(child))]


def _calls(node: cst.CSTNode) -> list[cst.Call]:
    return [one for one in _nodes(node) if isinstance(one, cst.Call)]
