"""Random layouts of a program, made of LibCST's own whitespace nodes: what says the same and looks different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import libcst as cst
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

GAPS = [" ", "  ", "\t", " \t", " \f"]
COMMENTS = [None, "# größe 😀", "#", "#: tape.watch(x)", "# type: ignore"]
ENDS = ["\n", "\r\n", "\r"]


class _Layout(cst.CSTTransformer):
    """Gives each gap, line and block a form that is drawn."""

    def __init__(self, draw: Callable[[Any], Any], end: str) -> None:
        super().__init__()
        self.draw = draw
        self.end = end

    def leave_SimpleWhitespace(self, _: cst.SimpleWhitespace, node: cst.SimpleWhitespace) -> cst.SimpleWhitespace:
        return node.with_changes(value=self.draw(st.sampled_from(GAPS))) if node.value == " " else node

    def leave_TrailingWhitespace(
        self, _: cst.TrailingWhitespace, node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        comment = self.draw(st.sampled_from(COMMENTS))
        return node.with_changes(
            whitespace=cst.SimpleWhitespace("  " if comment else ""), comment=cst.Comment(comment) if comment else None
        )

    def leave_SimpleStatementLine(
        self, _: cst.SimpleStatementLine, node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine:
        return node.with_changes(leading_lines=self.lines())

    def leave_With(self, _: cst.With, node: cst.With) -> cst.With:
        return node.with_changes(leading_lines=self.lines())

    def leave_If(self, _: cst.If, node: cst.If) -> cst.If:
        return node.with_changes(leading_lines=self.lines())

    def leave_IndentedBlock(self, _: cst.IndentedBlock, node: cst.IndentedBlock) -> cst.IndentedBlock:
        return node.with_changes(indent=self.draw(st.sampled_from(["    ", "  ", "\t", " "])))

    def leave_Call(self, _: cst.Call, node: cst.Call) -> cst.Call:
        if not self.draw(st.booleans()):
            return node
        gap = cst.ParenthesizedWhitespace(
            cst.TrailingWhitespace(comment=self.comment()), indent=True, last_line=cst.SimpleWhitespace("  ")
        )
        return node.with_changes(whitespace_before_args=gap)

    def lines(self) -> list[cst.EmptyLine]:
        many = self.draw(st.integers(0, 2))
        return [
            cst.EmptyLine(indent=comment is not None, comment=comment) for comment in map(self.comment, range(many))
        ]

    def comment(self, _: int = 0) -> cst.Comment | None:
        said = self.draw(st.sampled_from(COMMENTS))
        return cst.Comment(said) if said else None


@st.composite
def layouts(draw: Any, program: str) -> str:
    """A program in a random layout."""
    module = cst.parse_module(program)
    laid = module.visit(_Layout(draw, "\n"))
    end = draw(st.sampled_from(ENDS))
    code = laid.with_changes(default_newline=end).code.replace("\r\n", "\n").replace("\r", "\n").replace("\n", end)
    return code if draw(st.booleans()) else code.removesuffix(end)
