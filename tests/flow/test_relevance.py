"""What is passed over has no part in a claim."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks import programs
from gradlint import registry
from gradlint.flow.account import LIMIT, opened
from gradlint.flow.analysis import analyse
from gradlint.flow.machine.machine import Machine
from gradlint.flow.machine.relevance import NEEDLE, names_tape
from gradlint.flow.state.record import Recorder
from tests.fixtures import catalogue
from tests.sampling import sample

if TYPE_CHECKING:
    from gradlint.flow.facts import Facts
    from gradlint.rule import Rule

TRUTH = Path(__file__).parents[1] / "truth" / "programs.jsonl"


@pytest.mark.parametrize(
    "code",
    [
        "tf.GradientTape()",
        "from tensorflow import GradientTape as GT",
        "getattr(tf, 'GradientTape')()",
        'x = "a" "it\'s"; tf.GradientTape()',
        "'''a''' ; tf.GradientTape() # it's",
        "f'{tf.GradientTape()}'",
        'f"{x["a"]}"; tf.GradientTape()',
        'f"{x["it\'s"]}"; tf.GradientTape()  # it\'s',
        "x = 'never closed\ntf.GradientTape()",
        "x = 'a\\\nb'; tf.GradientTape()",
        r"x = '\''; tf.GradientTape()",
    ],
)
def test_a_program_that_names_a_tape(code: str) -> None:
    assert names_tape(code)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1",
        "# tf.GradientTape()",
        '"""Use a GradientTape, it\'s easy."""\nx = 1  # "GradientTape',
        "print('a GradientTape is')",
        "r'\\GradientTape'",
        "'''\nGradientTape's\n'''",
        "rb'see GradientTape'",
    ],
)
def test_a_program_that_only_mentions_one(code: str) -> None:
    assert not names_tape(code)


def test_only_a_program_that_names_one_is_parsed_for_it() -> None:
    assert analyse("# tf.GradientTape\nx = (").tapes == 0
    with pytest.raises(SyntaxError):
        analyse("tf.GradientTape\nx = (")


def same(code: str) -> bool:
    """Whether following everything finds the same as following what matters."""
    some, everything = analyse(code), analyse(code, everything=True)
    return told(some) == told(everything)


def told(facts: Facts) -> object:
    return facts.claims, facts.tapes


@pytest.mark.parametrize("rule", registry.load(), ids=lambda rule: rule.code)
def test_the_rules_examples(rule: Rule) -> None:
    for example in rule.examples:
        assert same(example.broken)
        assert same(example.fixed)
    assert all(same(program) for program in rule.clean)


@pytest.mark.sweep(every=3)
@pytest.mark.parametrize("folder", catalogue.folders(), ids=lambda folder: folder.name)
def test_the_fixtures(folder: catalogue.Folder) -> None:
    assert [program.name for program in folder.programs if not same(program.source.code)] == []


def test_the_truth_table(whole: bool) -> None:
    """All of it with ``--whole``, else one program in four."""
    lines = sample(TRUTH.read_text().splitlines(), 4, whole=whole)
    rows = [json.loads(line) for line in lines]
    assert [row["name"] for row in rows if NEEDLE in row["code"] and not same(row["code"])] == []


@pytest.mark.parametrize("make", [programs.script, programs.classes, programs.functions])
def test_programs_that_grow(make: programs.Make) -> None:
    assert same(make(10))


def test_what_no_tape_can_reach_is_left_alone() -> None:
    helper = (
        "def helper{n}(x):\n    total = []\n    for item in x:\n        total.append(item + {n})\n    return total\n"
    )
    taped = (
        "import tensorflow as tf\nx = tf.Variable(1.0)\nwith tf.GradientTape() as t:\n    y = x * x\nt.gradient(y, x)\n"
    )
    long = taped + "".join(helper.format(n=n) for n in range(900))
    with opened(LIMIT // 10):
        assert analyse(long).complete
    with opened(LIMIT // 10):
        assert not analyse(long, everything=True).complete


TAPED = """
import tensorflow as tf
class Bench(tf.test.TestCase):
    def test_slope(self):
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            y = self.cube(x)
        self.assertClose(tape.gradient(y, x), 3.0)
    def cube(self, x):
        return x ** 3
    def assertClose(self, a, b):
        self.assertAllClose(a, b)
"""


def entered(code: str) -> set[str]:
    """The functions of a program that are followed."""
    tree = ast.parse(code)
    machine = Machine(code, Recorder())
    machine.run(tree)
    return {function.name for function in machine.defined if id(function.node) in machine.entered}


@pytest.mark.parametrize(
    "helper",
    [
        'def helper(x):\n    """As test_slope: the gradient of a tape."""\n    return [item + 1 for item in x]\n',
        "def helper(x):\n    # tape.gradient(x)\n    return [item + 1 for item in x]\n",
        "class Other(Bench):\n    def helper(self, a):\n        return super(Other, self).cube(a)\n",
        "config = dict(\n    name='test_slope',\n)\ndef helper(x):\n    return x.name\n",
    ],
)
def test_a_helper_that_no_gradient_comes_to_is_not_followed(helper: str) -> None:
    assert "helper" not in entered(TAPED + helper)


@pytest.mark.parametrize(
    "helper",
    [
        "def helper(case):\n    case.test_slope()\n",
        "def helper():\n    return Slope(3.0)\nclass Slope:\n    def __init__(self, x):\n        slope(x)\n",
        "def helper(x):\n    return Derived(x)\nclass Slope:\n    def __init__(self, x):\n        slope(x)\n"
        "class Derived(Slope):\n    def __init__(self, x):\n        super().__init__(x)\n",
        "def helper(model, x):\n    return model.step(x)\nclass Model:\n    step = slope\n",
        "def helper(x):\n    return getattr(Bench(), 'test_slope')()\n",
        "def helper(x):\n    return f'{slope(x)}'\n",
    ],
)
def test_a_helper_that_leads_to_a_gradient_is_followed(helper: str) -> None:
    slope = (
        "def slope(x):\n    with tf.GradientTape() as tape:\n        tape.watch(x)\n        y = x * x\n"
        "    return tape.gradient(y, x)\n"
    )
    assert "helper" in entered(TAPED + slope + helper)


def test_a_text_that_names_a_gradient_call_makes_no_program_be_parsed() -> None:
    assert analyse('"""model.compile(); model.fit(x)"""\nx = (').tapes == 0
    with pytest.raises(SyntaxError):
        analyse("model.compile(); model.fit(x)\nx = (")
