"""A notebook for the editors that show notebooks."""

from __future__ import annotations

import json
from typing import Any

from tests.server.programs import CELLS


def notebook() -> str:
    """A notebook file: a heading, and below it the cells whose last but one loses the gradient."""
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "id": "heading", "metadata": {}, "source": "# A study"}]
    cells += [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{index}",
            "metadata": {},
            "outputs": [],
            "source": cell,
        }
        for index, cell in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})
