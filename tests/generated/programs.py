"""Whole programs: imports, settings, definitions and scenes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.generated.models import Models


@dataclass(frozen=True)
class Program:
    """A program and what it is made of."""

    name: str
    code: str
    features: frozenset[str]


SETTINGS = (
    ("training", ("True", "False")), ("mode", ("'train'", "'eval'")), ("depth", ("2", "3", "1")), ("debug", ("None", "True")),
    ("verbose", ("False", "True")), ("history", ("[]",)), ("settings", ("{'rate': 0.1, 'depth': 2}",)),
)  # fmt: skip


class Author(Models):
    """Writes one program."""

    def program(self) -> str:
        """The program's code."""
        kind = self.weighted(
            {"straight": 4.0, "control": 2.0, "functions": 3.5, "classes": 2.5, "keras": 2.0, "mixed": 2.0}
        )
        self.tag(kind)
        self.loss = self.pick((0.04, 0.12, 0.12, 0.25))
        if kind in {"functions", "mixed"} and self.chance(0.5):
            self.function()
        if kind == "keras":
            self.keras_scene()
            return self.finished()
        self.sources()
        if kind in {"functions", "mixed", "control"}:
            for _ in range(self.pick((1, 2, 3)) if kind == "functions" else 1):
                self.function()
        if kind in {"classes", "mixed"}:
            self.klass()
        for _ in range(self.pick((1, 1, 2))):
            self.scene(kind)
        return self.finished()

    def scene(self, kind: str) -> None:
        """One part of the program that asks for gradients."""
        way = self.weighted({"tape": 5.0, "nested": 1.0, "loop": 1.3, "function": 1.5 if kind != "straight" else 0.3,
                             "class": 3.0 if kind == "classes" else 0.2})  # fmt: skip
        if way == "tape":
            self.tape_scene()
        elif way == "nested":
            self.nested_scene()
        elif way == "loop":
            self.loop_scene()
        elif way == "function":
            self.function_scene()
        else:
            self.class_scene()

    # -- imports ---------------------------------------------------------------------------------------------------

    def finished(self) -> str:
        """The program with its imports, in one of the styles that people use."""
        body = "\n".join(self.lines) + "\n"
        used = [(name, self.pick(values)) for name, values in SETTINGS if re.search(rf"\b{name}\b", body)]
        code = "".join(f"{name} = {value}\n" for name, value in used) + body
        style = self.weighted({"usual": 6.0, "long": 0.7, "tape": 0.7, "variable": 0.6, "math": 0.5, "alias": 0.5})
        head: list[str] = []
        if style == "long":
            code = re.sub(r"\btf\.", "tensorflow.", code)
            head.append("import tensorflow")
        elif style == "alias":
            code = re.sub(r"\btf\.", "T.", code)
            head.append("import tensorflow as T")
        else:
            head.append("import tensorflow as tf")
        if style == "tape":
            code = code.replace("tf.GradientTape(", "GradientTape(")
            head.append("from tensorflow import GradientTape")
        elif style == "variable":
            code = code.replace("tf.Variable(", "Var(").replace("tf.constant(", "constant(")
            head.append("from tensorflow import Variable as Var, constant")
        elif style == "math":
            code = re.sub(r"\btf\.math\.", "tm.", code)
            head.append("from tensorflow import math as tm")
        if style != "usual":
            self.tag("imports")
        if "keras." in code:
            head.append(self.pick(("import keras", "from tensorflow import keras", "import tensorflow.keras as keras")))
        if re.search(r"\bnp\.", code):
            way = self.pick(("as", "as", "as", "long", "from"))
            functions = sorted(set(re.findall(r"\bnp\.(sin|tanh|exp|square|mean|abs|clip)\b", code)))
            if way == "long":
                code = re.sub(r"\bnp\.", "numpy.", code)
                head.append("import numpy")
            else:
                head.append("import numpy as np")
                if way == "from" and functions:
                    head.append(f"from numpy import {functions[0]} as np_{functions[0]}")
                    code = re.sub(rf"\bnp\.{functions[0]}\b", f"np_{functions[0]}", code)
        for module in ("math", "functools", "dataclasses"):
            if re.search(rf"(?<![\w.]){module}\.", code):
                head.append(f"import {module}")
        return "\n".join(head) + "\n\n" + code


def program(seed: int, number: int) -> Program:
    """The program of a seed and a number: always the same."""
    author = Author(f"{seed}:{number}")
    code = author.program()
    compile(code, f"generated_{seed}_{number}.py", "exec")
    return Program(f"generated_{seed}_{number}.py", code, frozenset(author.features))
