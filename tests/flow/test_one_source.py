"""What is known of library callables stands in data, each fact once, and the analysis names none of them."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

import gradlint
from gradlint.flow.analysis import analyse
from gradlint.flow.facts import Kind
from gradlint.flow.libraries.calls import MODELS
from gradlint.flow.libraries.models import model_of, modelled, models
from gradlint.flow.values.names import Wrappers
from gradlint.knowledge import behaviours, table
from gradlint.knowledge.packages import canonical
from gradlint.knowledge.stubs import read, shipped, shipped_packages
from tests.flow.naming import FLOW, naming

MOST = 30
"""How many lines of the analysis may name a callable of a library."""


def strings() -> set[str]:
    """Every string of the package's code."""
    files = Path(gradlint.__file__).parent.rglob("*.py")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in constants if isinstance(text, str)}


def test_the_analysis_names_next_to_no_callable() -> None:
    found = naming()
    assert len(found) <= MOST, "\n".join(found)
    assert FLOW.is_dir()


def test_every_source_of_knowledge_has_a_name_once() -> None:
    for path in (table.TABLE, behaviours.TABLE):
        names = [line.partition("\t")[0] for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(names) == len(set(names)), path
    told = set(table.names()) | set(behaviours.lines())
    stubbed = {
        name for package in shipped_packages() for name in (*shipped(package).functions, *shipped(package).classes)
    }
    assert stubbed
    assert not told & stubbed


def test_a_name_has_its_canonical_spelling() -> None:
    odd = [name for name in behaviours.lines() if name[0] not in "*#" and canonical(name) != name]
    assert odd == []


def test_every_word_is_read_and_every_model_has_a_callable() -> None:
    assert MODELS
    words = {word for told in behaviours.lines().values() for word in told}
    assert set(modelled()) <= words
    known = strings()
    prefixes = tuple(text for text in known if text.endswith(":") and len(text) > 2)
    idle = [word for word in words if word not in known and not word.startswith(prefixes)]
    assert idle == []


def test_a_behaviour_has_one_model() -> None:
    with pytest.raises(ValueError, match="two models"):
        models("gradient-tape")(lambda machine, call: machine.unknown("call", call.node))
    assert model_of("tensorflow.cond") is not None
    assert model_of("tensorflow.add") is None


def test_one_line_for_a_made_up_function_changes_the_finding(tmp_path: Path) -> None:
    code = dedent("""
        import acme
        import tensorflow as tf

        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = acme.render(x) * 2.0
        tape.gradient(y, x)
    """)
    stub = tmp_path / "acme.pyi"
    answers = []
    for line in ("", "def render(scene: Lost) -> Tensor: ...\n", "def render(scene: Passes) -> Tensor: ...\n"):
        stub.write_text(line)
        facts = analyse(code, wrappers=Wrappers(stubs=read((stub,))))
        (question,) = [one for call in facts.calls for one in call.questions]
        answers.append((question.answer, question.proved, [claim.kind for claim in facts.claims]))
    assert answers == [("connected", False, []), ("lost", False, [Kind.NON_DIFFERENTIABLE]), ("connected", True, [])]


SHAPED = """
import tensorflow as tf

class Scorer(tf.keras.Model):
    def __init__(self, size, learned=False):
        super().__init__()
        self.embedding = tf.keras.layers.Embedding(4, size)
        self.edge = self.add_weight(shape=(size, 1)) if learned else tf.Variable({initial}, shape=[size, 1])
    def call(self, x):
        return tf.matmul(self.embedding(x), tf.cast(self.edge, tf.float32))

scorer = Scorer(1)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(scorer(tf.constant([1])))
print(tape.gradient(loss, [scorer.edge]))
"""


def test_nothing_is_said_of_a_variable_that_refuses_its_shape() -> None:
    assert analyse(SHAPED.format(initial="1")).claims == ()
    assert [claim.kind for claim in analyse(SHAPED.format(initial="[[1]]")).claims] == ["integer-source"]
