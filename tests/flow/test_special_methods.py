"""What Python calls by itself, in operators, ``with``, ``len`` and ``if``, is followed as if it were written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation


CLASS = """
import contextlib
import tensorflow as tf

w = tf.Variable([1.0, 2.0])

class Box:
    def __init__(self, value):
        self.value = value
        self.seen = []
    def keep(self, value):
        self.seen.append(value)
        return True
    def __neg__(self): return Box(-self.value)
    def __invert__(self): return Box(self.value * 3.0)
    def __pos__(self): return Box(self.value + 1.0)
    def __abs__(self): return Box(tf.abs(self.value))
    def __round__(self, digits=None): return Box(self.value * 2.0)
    def __divmod__(self, other): return Box(self.value / other), Box(self.value * other)
    def __reversed__(self): return [self]
    def __len__(self): return 3 if self.keep(self.value) else 0
    def __contains__(self, item): return self.keep(item)
    def __ge__(self, other): return self.keep(other.value)
    def __eq__(self, other): return Box(self.value - other.value)
    def __lt__(self, other): return Box(self.value * other.value)
    def __iadd__(self, other): return self if self.keep(other) else None
    def __rshift__(self, function): return Box(function(self.value))
    def __or__(self, program): return program.keep(self.value)
    def __rxor__(self, number): return Box(self.value * number)
    def __enter__(self): return self
    def __exit__(self, *error): self.keep(self.value)

def run():
    with tf.GradientTape() as tape:
        box, other = Box(w * 1.0), Box(2.0)
        {body}
    return tape.gradient(y, w)

run()
"""
BODIES = {
    "operators": ["y = (-box).value", "y = (~box).value", "y = (+box).value", "y = (box >> tf.exp).value"],
    "reflected": ["y = (2 ^ box).value"],
    "compared": ["y = (box == other).value", "y = (box < other).value", "y = (other > box).value"],
    "builtins": ["y = abs(box).value", "y = round(box).value", "y = divmod(box, 2.0)[0].value"],
    "reversed": ["y = reversed(box)[0].value"],
    "kept": [
        "n = len(box); y = box.seen[0] * n",
        "flag = bool(box) if box else False; y = box.seen[0]",
        "found = w * 2.0 in other; y = other.seen[0]",
        "large = other >= box; y = other.seen[0]",
        "other += w * 2.0; y = other.seen[0]",
        "box | other; y = other.seen[0]",
    ],
    "exit stacks": [
        "with contextlib.ExitStack() as stack: stack.enter_context(box)\n        y = box.seen[0]",
        "with contextlib.ExitStack() as stack: stack.callback(other.keep, w * 2.0)\n        y = other.seen[0]",
    ],
}
CASES = [pytest.param(body, id=f"{kind} {at}") for kind, bodies in BODIES.items() for at, body in enumerate(bodies)]


def answers(code: str) -> list[str]:
    """The answers to all questions of a program, in order."""
    return [question.answer for call in analyse(code).calls for question in call.questions]


@pytest.mark.parametrize("body", CASES)
def test_a_gradient_that_passes_a_special_method_arrives(body: str) -> None:
    assert answers(CLASS.format(body=body)) == ["connected"]


@pytest.mark.parametrize("body", ["y = (box >> tf.round).value", "box | other; y = tf.stop_gradient(other.seen[0])"])
def test_a_loss_behind_a_special_method_is_found(body: str) -> None:
    assert answers(CLASS.format(body=body)) == ["lost"]


def test_tensorflow_gives_all_these_gradients(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    programs = {str(case.id): CLASS.format(body=case.values[0]) for case in CASES}
    seen = observe(programs)
    assert [call.outcomes for one in seen.values() for call in one.calls] == [["value"]] * len(programs)


METRIC = """
import tensorflow as tf

class Hits(tf.keras.metrics.{base}):
    def __init__(self):
        super().__init__(name="hits")
        self.hits = self.add_weight(name="hits", initializer="zeros")
    def update_state(self, y, p, sample_weight=None):
        self.hits.assign_add(tf.reduce_sum(p))
    def result(self):
        return self.hits

class Net(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
        self.hits = Hits()
    def call(self, x):
        return self.dense(x)

net = Net()
x = tf.ones([2, 3])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean({loss})
print(tape.gradient(loss, net.trainable_variables))
"""


@pytest.mark.parametrize("base", ["Metric", "Mean"])
def test_what_a_metric_counts_with_is_not_trained(
    base: str, observe: Callable[[Mapping[str, str]], dict[str, Observation]]
) -> None:
    kept, lost = (METRIC.format(base=base, loss=loss) for loss in ("net(x)", "tf.round(net(x))"))
    seen = observe({"kept": kept, "lost": lost})
    assert [call.outcomes for call in seen["kept"].calls] == [["value", "value"]]
    assert [call.outcomes for call in seen["lost"].calls] == [["none", "none"]]
    assert analyse(kept).claims == ()
    assert [claim.kind for claim in analyse(lost).claims] == ["non-differentiable"]


HANDED_ON = """
import tensorflow as tf

class Heads(tf.keras.Model):
    def build(self, shapes):
        for at in range(len(shapes)):
            {kept}
    def call(self, inputs):
        return [getattr(self, f"head_{{at}}")(x) for at, x in enumerate(inputs)]

def step(inputs, loss_of):
    heads = Heads()
    with tf.GradientTape() as tape:
        loss = {loss}
    return tape.gradient(loss, heads.trainable_variables)
"""


@pytest.mark.parametrize("kept", ['setattr(self, f"head_{at}", tf.keras.layers.Dense(3))', "self.head = Dense(3)"])
def test_a_model_that_others_may_have_built_may_have_variables(kept: str) -> None:
    assert analyse(HANDED_ON.format(kept=kept, loss="loss_of(inputs, heads)")).claims == ()


def test_attributes_of_computed_names_may_hold_layers() -> None:
    kept = 'setattr(self, f"head_{at}", tf.keras.layers.Dense(3))'
    assert analyse(HANDED_ON.format(kept=kept, loss="heads(inputs)[0]")).claims == ()


def test_a_model_that_nothing_calls_has_no_variables() -> None:
    code = HANDED_ON.format(kept="self.head = Dense(3)", loss="loss_of(inputs)")
    assert [claim.kind for claim in analyse(code).claims] == ["no-variables"]


WEAK = """
import weakref
import tensorflow as tf

class Node:
    value = None

w = tf.Variable(1.0)
root = Node()
parent = weakref.ref(root)
with tf.GradientTape() as tape:
    parent().value = {value}
    y = root.value
print(tape.gradient(y, w))
"""


def test_a_weak_reference_gives_the_object_itself() -> None:
    assert answers(WEAK.format(value="w * 2.0")) == ["connected"]
    assert answers(WEAK.format(value="tf.round(w)")) == ["lost"]


BARE = """
import tensorflow as tf

class Part(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.w = tf.ones([2, 2])
    def call(self, x):
        return x @ self.w

class Whole(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.part = {part}
    def call(self, x):
        return self.part(x)

whole = Whole()
scale = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = scale * 3.0
print(tape.gradient(y, whole.trainable_weights))
"""


@pytest.mark.parametrize(("part", "why"), [("Part()", "none"), ("tf.keras.layers.Dense(2)", "unbuilt")])
def test_why_a_layer_of_layers_has_no_variables_is_what_its_layers_are(part: str, why: str) -> None:
    assert [getattr(claim.cause, "why", "") for claim in analyse(BARE.format(part=part)).claims] == [why]


WATCHED = """
import tensorflow as tf

model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])

def slopes():
    params = list(model.trainable_variables)
    with tf.GradientTape() as tape:
        tape.watch({watched})
        y = model(tf.ones([1, 2]))
    return tape.gradient(y, params)

slopes()
"""


def test_what_a_condition_may_leave_out_of_a_list_is_not_refused() -> None:
    left_out = WATCHED.format(watched="[p for p in params if not hasattr(p, 'assign')]")
    assert analyse(left_out).claims == ()
    assert [claim.kind for claim in analyse(WATCHED.format(watched="params")).claims] == ["watch-refused"]


OUT_OF_VIEW = """
import tensorflow as tf
{base}

class Wrapped(Base):
    def __init__(self, value):
        self.value = value

w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    y = {used}
print(tape.gradient(y, w))
"""
BASE = """
class Base:
    def __gt__(self, other):
        return self.value * other
    def __neg__(self):
        return -self.value
    def __abs__(self):
        return tf.abs(self.value)
"""
USED = ("Wrapped(w) > w", "w < Wrapped(w)", "-Wrapped(w)", "abs(Wrapped(w))")


@pytest.mark.parametrize("used", USED)
def test_a_base_out_of_view_may_have_special_methods(used: str) -> None:
    assert analyse(OUT_OF_VIEW.format(base="from elsewhere import Base", used=used)).claims == ()


def test_tensorflow_gives_the_gradients_of_such_a_base(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    codes = {f"/{number}.py": OUT_OF_VIEW.format(base=BASE, used=used) for number, used in enumerate(USED[2:])}
    codes["/gt.py"] = OUT_OF_VIEW.format(base=BASE, used=USED[0])
    assert all(call.outcomes == ["value"] for one in observe(codes).values() for call in one.calls)


ENTERED = """
import contextlib
import tensorflow as tf

class Box:
    value = None

    @contextlib.contextmanager
    def filled(self):
        self.value = w * 3.0
        yield self

@contextlib.contextmanager
def filling():
    box.value = w * 3.0
    yield box

w, box = tf.Variable(2.0), Box()
with tf.GradientTape() as tape:
    with contextlib.ExitStack() as stack:
        stack.enter_context({manager})
        y = tf.constant(0.0) if box.value is None else box.value * 2.0
print(tape.gradient(y, w))
"""
MANAGERS = ("filling()", "box.filled()")


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_generator_that_a_stack_enters_may_set_what_it_writes(manager: str) -> None:
    assert analyse(ENTERED.format(manager=manager)).claims == ()
    unused = ENTERED.replace("value = None", "value = other = None").replace("box.value", "box.other")
    assert analyse(unused.replace("box.other = w", "box.value = w").format(manager=manager)).claims != ()


def test_tensorflow_gives_what_a_stack_s_generator_set(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    codes = {f"/{manager}.py": ENTERED.format(manager=manager) for manager in MANAGERS}
    assert all(call.outcomes == ["value"] for one in observe(codes).values() for call in one.calls)
