"""Prints where each gradient call loses a gradient: ``python visitor.py train.py``."""

import sys
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper

from gradlint.metadata import GradientFlowProvider


class Losses(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (GradientFlowProvider,)

    def visit_Call(self, node: cst.Call) -> None:
        flow = self.get_metadata(GradientFlowProvider, node)
        for answer in flow.call.answers if flow.call is not None else ():
            print(f"{flow.call.target} to {answer.source}: {answer.answer} {answer.why or ''}".rstrip())


MetadataWrapper(cst.parse_module(Path(sys.argv[1]).read_text())).visit(Losses())
