"""What is remembered of a program's analysis comes to what the whole analysis comes to, whatever is typed."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lsprotocol import types

from gradlint import registry
from gradlint.flow.analysis import analyse
from gradlint.flow.memory import Memory
from gradlint.server.documents import OpenText, Snapshot
from gradlint.server.memories import Memories
from gradlint.server.programs import compute
from gradlint.settings import Settings
from gradlint.sources.project import Project

if TYPE_CHECKING:
    from gradlint.flow.facts import Facts
    from gradlint.flow.machine.core import Core
    from gradlint.flow.values.modules import Finder
    from gradlint.flow.values.names import Wrappers
    from gradlint.flow.values.program import Function
    from gradlint.knowledge.versions import Target
    from gradlint.server.results import Result

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
INSERTED = ("x", "tf", "self.kept", "np.mean", "(", ")", "0", "#", " ", ".", ",", ":", "'", '"""')
STATEMENTS = (
    "pass", "extra = 1", "return None", "self.kept = 3", "y = tf.round(y)", "loss = np.mean(loss)", "x = float(x)",
    "tape.watch(x)", "global w", "import helpers", "yield loss", "for w in (1, 2):", "model.run_eagerly = True",
)  # fmt: skip
CALLS = ("tf.round", "tf.stop_gradient", "np.mean", "tf.argmax", "tf.identity", "step_1", "helper")
_CALL = re.compile(r"\b(?:tf|np)\.\w+")
_NAME = re.compile(r"\b[a-z_]\w*\b")


class Remembering(Memory):
    """A memory that counts how often it served."""

    served = 0

    def recall(
        self,
        code: str,
        wrappers: Wrappers | None,
        finder: Finder | None,
        target: Target | None = None,
    ) -> Facts | None:
        found = super().recall(code, wrappers, finder, target)
        self.served += found is not None
        return found


def programs_of_rules() -> list[str]:
    """The rules' own examples, broken and clean."""
    found = []
    for rule in registry.load():
        found += [example.broken for example in rule.examples] + list(rule.clean)
    return found


def gathered(sources: list[str]) -> str:
    """Programs as functions of one program, each called by nothing."""
    parts = [
        "import numpy as np\nimport tensorflow as tf\n\nw = tf.Variable(2.0)\n\n\ndef helper(x):\n    return x * w"
    ]
    for number, source in enumerate(sources):
        lines = [f"    {line}" if line else "" for line in source.rstrip().split("\n")]
        parts.append(f"\n\ndef step_{number}(x, model):\n    y = helper(x)\n" + "\n".join(lines))
    return "\n".join(parts) + "\n"


def typed(chance: random.Random, text: str) -> str:
    """The text after some typing on one line."""
    lines = text.split("\n")
    number = chance.randrange(len(lines))
    line = lines[number]
    sort = chance.random()
    column = chance.randrange(len(line) + 1)
    if sort < 0.3:
        line = line[:column] + chance.choice(INSERTED) + line[column:]
    elif sort < 0.45:
        line = line[:column] + line[column + 1 :]
    elif sort < 0.65 and line.strip():
        line = line[: len(line) - len(line.lstrip())] + chance.choice(STATEMENTS)
    elif sort < 0.9:
        pattern, others = (_CALL, CALLS) if sort < 0.78 else (_NAME, tuple(_NAME.findall(text)))
        places = list(pattern.finditer(line))
        if places:
            place = chance.choice(places)
            line = line[: place.start()] + chance.choice(others) + line[place.end() :]
    else:
        line += chance.choice(("  # note", "\n"))
    return "\n".join([*lines[:number], line, *lines[number + 1 :]])


def looked_at(text: str, memories: Memories | None = None) -> Result:
    opened = OpenText("untitled:one", 1, text, "python", types.PositionEncodingKind.Utf16)
    return compute(Snapshot("untitled:one", 1, "python", None, (opened,)), Settings(), memories=memories)


@pytest.mark.parametrize("seed", range(6))
def test_findings_fixes_and_hovers_are_those_of_a_fresh_analysis(seed: int) -> None:
    chance = random.Random(seed)
    text = original = gathered(chance.sample(programs_of_rules(), 8))
    made: list[Remembering] = []

    def make() -> Memory:
        made.append(Remembering())
        return made[-1]

    memories = Memories(make)
    looked_at(text, memories)
    shown = 0
    for _ in range(60):
        text = typed(chance, text if chance.random() < 0.6 else original)
        again, fresh = looked_at(text, memories), looked_at(text)
        assert again == fresh, text
        if again.findings and shown < 3:
            shown += 1
            finding = chance.choice(again.findings)
            assert again.fixes.of(finding) == fresh.fixes.of(finding)
    assert sum(one.served for one in made) > 10


def real(folder: Path) -> list[Path]:
    """Programs as people write them."""
    return [path for path in sorted(folder.rglob("*.py")) if "GradientTape" in path.read_text()]


@pytest.mark.sweep(every=10)
@pytest.mark.parametrize("path", real(FIXTURES), ids=lambda path: path.name)
def test_a_real_program_that_is_typed_into(path: Path) -> None:
    chance = random.Random(path.name)
    text = original = path.read_text()
    memories = Memories()
    looked_at(text, memories)
    for _ in range(8):
        text = typed(chance, text if chance.random() < 0.6 else original)
        assert looked_at(text, memories) == looked_at(text), text


CLASS = """\
import numpy as np
import tensorflow as tf

scale = tf.Variable(2.0)


def helper(x):
    return tf.square(x)


class Trainer:
    def __init__(self, model):
        self.model = model
        self.gain = tf.Variable(1.0)

    def scaled(self, x):
        return x * self.gain

    def step(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(helper(self.scaled(x)) * scale)
        return tape.gradient(loss, [self.gain, scale])

    def other(self, x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(x * scale)
        return tape.gradient(loss, scale)

    def reset(self):
        self.count = 0


def last(x):
    def inner(y):
        return tf.abs(y)

    with tf.GradientTape() as tape:
        loss = inner(x * scale)
    return tape.gradient(loss, scale)
"""


@pytest.mark.parametrize(
    ("old", "new", "is_lost"),
    [
        pytest.param("    return tf.square(x)", "    return np.square(x)", True, id="a function that is called"),
        pytest.param("return x * self.gain", "return np.abs(x * self.gain)", True, id="a method that is called"),
        pytest.param("self.count = 0", "self.gain = 0.0", False, id="a method that sets what another one reads"),
        pytest.param("scale = tf.Variable(2.0)", "scale = tf.constant(2.0)", True, id="what the module holds"),
        pytest.param("return tf.abs(y)", "return np.abs(y)", True, id="a function in a function"),
        pytest.param("tf.reduce_sum(x * scale)", "tf.reduce_sum(tf.round(x * scale))", True, id="the function itself"),
        pytest.param("self.count = 0", "self.count = 1", False, id="a function that nothing comes of"),
        pytest.param("self.model = model", "self.model = model  #", False, id="a comment"),
        pytest.param("return x * self.gain", "return (x *\n self.gain)", False, id="a line more"),
    ],
)
def test_what_was_read_counts(old: str, new: str, *, is_lost: bool) -> None:
    """There and back again."""
    memory = Memory()
    analyse(CLASS, memory=memory)
    assert CLASS.count(old) == 1
    for text in (CLASS.replace(old, new), CLASS, CLASS.replace(old, new)):
        assert analyse(text, memory=memory) == analyse(text)
        answers = [question.answer for call in analyse(text).calls for question in call.questions]
        assert ("lost" in answers) == (is_lost and text != CLASS)


def test_a_change_in_one_function_enters_that_function_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from gradlint.flow.machine import entering

    entered: list[str] = []
    whole = entering.enter_and_forget

    def noted(machine: Core, function: Function) -> None:
        entered.append(function.name)
        whole(machine, function)

    monkeypatch.setattr(entering, "enter_and_forget", noted)
    memory = Memory()
    analyse(CLASS, memory=memory)
    assert set(entered) == {"step", "other", "last"}
    entered.clear()
    text = CLASS.replace("tf.reduce_sum(x * scale)", "tf.reduce_sum(x + scale)")
    assert analyse(text, memory=memory).calls == analyse(text).calls
    assert entered[:1] == ["other"]
    assert set(entered[1:]) == {"step", "other", "last"}  # The fresh analysis.
    with pytest.raises(SyntaxError):
        analyse(CLASS.replace("tf.reduce_sum(x * scale)", "tf.reduce_sum(x * "), memory=memory)
    entered.clear()
    analyse(CLASS.replace("tf.abs(y)", "tf.square(y)").replace("(x * scale)", "(x + scale)", 0), memory=memory)
    assert set(entered) <= {"other", "last", "inner"} or set(entered) == {"step", "other", "last"}


def test_modules_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    helpers = tmp_path / "helpers.py"
    helpers.write_text("import tensorflow as tf\n\ndef squared(x):\n    return tf.square(x)\n")
    path = str(tmp_path / "train.py")
    text = CLASS.replace("import numpy as np\n", "import numpy as np\nfrom helpers import squared\n")
    text = text.replace("helper(self", "squared(self")
    memory = Remembering()
    lost = "import numpy as np\n\ndef squared(x):\n    return np.square(x)\n"
    steps = [
        (text, {}),
        (text.replace("tf.reduce_sum(x * scale)", "tf.reduce_sum(x + scale)"), {}),
        (text, {}),
        (text.replace("squared(self", "squared(-self"), {}),
        (text, {str(helpers): lost}),
        (text.replace("tf.reduce_sum(x * scale)", "tf.reduce_sum(x + scale)"), {str(helpers): lost}),
        (text, {}),
    ]
    for code, opened in steps:
        again = analyse(code, finder=Project(path, opened), memory=memory)
        assert again == analyse(code, finder=Project(path, opened))
    assert memory.served >= 2
    helpers.write_text(lost)
    again = analyse(text, finder=Project(path), memory=memory)
    assert again == analyse(text, finder=Project(path))
    assert any(claim.elsewhere for claim in again.claims)


def test_every_program_is_python() -> None:
    ast.parse(gathered(programs_of_rules()[:20]))
