"""What Python and its library call without being told to: text, ``del``, copies, caches, closing and patches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gradlint.flow.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.fixtures.observe import Observation

PROGRAM = """
import abc, contextlib, copy, functools
from unittest import mock
import tensorflow as tf

class Box:
    kept = other = None

    def __init__(self, value, **others):
        self.value = value
        self.seen = [tf.constant(0.0)]
        self.__dict__.update(others)
    def keep(self):
        self.seen.append(self.value * 2.0)
        return ""
    def close(self):
        self.keep()
    def give(self):
        return tf.stop_gradient(self.value)
    @functools.cached_property
    def twice(self):
        return self.value * 2.0
    @property
    def slot(self):
        return self.kept
    @slot.setter
    def slot(self, value):
        self.kept = value
    @slot.deleter
    def slot(self):
        self.kept = self.value * 3.0

class Told(Box):
    def {method}(self, *given):
        self.keep()
        return 0 if "{method}" == "__hash__" else ""

class Copied(Box):
    def {copying}(self, *given):
        return Copied(self.value * 3.0)

class Stated(Box):
    def __getstate__(self):
        return {{**self.__dict__, "other": self.value * 2.0}}

class Like(abc.ABC):
    @classmethod
    def __subclasshook__(cls, one):
        return hasattr(one, "numpy")

class Carrying(Exception):
    pass

@functools.lru_cache
def scaled(factor):
    return w * factor

def raises():
    raise Carrying(w * 2.0)

def ends():
    yield 1
    return w * 2.0

w = tf.Variable(2.0)
box, told, copied, early = Box(w), Told(w), Copied(w), (scaled(3.0), Box(w).twice)
losses = [tf.constant(1.0)]
with tf.GradientTape() as tape:
    {body}
print(tape.gradient(y, w))
"""
TEXTS = {
    "__format__": ['f"{told}"', '"{}".format(told)', "format(told)"],
    "__str__": ['f"{told}"', 'f"{told!s}"', "str(told)", "print(told)", '"%s" % told'],
    "__repr__": ['f"{told!r}"', "repr(told)", "print([told])"],
    "__hash__": ["hash(told)", "{told: 1}", "{told}", "kept = {}; kept[told] = 1", "{}.get(told)"],
    "__delitem__": ['del told["a"]'],
    "__delattr__": ["del told.value"],
    "__del__": ["seen = told.seen; del told"],
}
BODIES = {
    "a property's deleter": ["del box.slot; y = box.slot"],
    "the table": [
        "box.__dict__['other'] = w * 2.0; y = box.other",
        "vars(box).update(other=w * 2.0); y = box.other",
        "box.other = w * 2.0; y = Box(w, other=box.other).other",
    ],
    "a cache": ["scaled.cache_clear(); y = scaled(3.0)", "print(box.twice); del box.twice; y = box.twice"],
    "a removed item": ["losses.append(w * w); del losses[0]; y = losses[0]"],
    "a copy": ["y = copy.copy(Stated(w)).other"],
    "a manager": ["with contextlib.closing(box): pass\n    y = box.seen[-1]"],
    "a patch": ["with mock.patch.object(Box, 'give', lambda self: self.value): y = box.give()"],
    "an exception": [
        "try: raises()\n    except Carrying as found: y = found.args[0]",
        "end = ends(); next(end)\n    try: next(end)\n    except StopIteration as found: y = found.value",
    ],
    "a class's objects": ["y = w * 2.0 if isinstance(w, Like) else tf.constant(0.0)"],
}
CASES = {
    **{f"{method} {at}": (method, f"{text}; y = {'seen' if text.startswith('seen') else 'told.seen'}[-1]")
       for method, texts in TEXTS.items() for at, text in enumerate(texts)},
    **{f"{kind} {at}": ("nothing", body) for kind, bodies in BODIES.items() for at, body in enumerate(bodies)},
    "__copy__": ("__copy__", "y = copy.copy(copied).value"),
    "__reduce__": ("__reduce__", "y = copy.copy(Box(w)).value"),
}  # fmt: skip
COPYING = {"__copy__", "__reduce__"}
PROGRAMS = {
    name: PROGRAM.format(method=method, copying=method if method in COPYING else "nothing", body=body)
    for name, (method, body) in CASES.items()
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_gradient_that_passes_what_nothing_names_arrives(name: str) -> None:
    found = analyse(PROGRAMS[name])
    assert not found.claims, found.claims[0]


def test_tensorflow_gives_all_these_gradients(
    observe: Callable[[Mapping[str, str]], dict[str, Observation]],
) -> None:
    seen = observe(PROGRAMS)
    got = {name: [call.outcomes for call in one.calls] for name, one in seen.items()}
    assert got == {name: [["value"]] for name in PROGRAMS}


LOST = {
    "an item that is gone": "losses.append(w * w); del losses[1]; y = losses[0]",
    "an attribute that is gone": "box.twice; del box.twice; box.value = tf.stop_gradient(w); y = box.twice",
    "a written attribute": "box.other = w * 2.0; vars(box)['other'] = tf.constant(1.0); y = box.other",
    "a text": 'told.value = tf.stop_gradient(w); f"{told}"; y = told.seen[-1]',
    "a cache": "scaled.cache_clear(); y = tf.round(scaled(3.0))",
}


@pytest.mark.parametrize("name", LOST)
def test_a_loss_behind_it_is_found(name: str) -> None:
    found = analyse(PROGRAM.format(method="__str__", copying="nothing", body=LOST[name]))
    assert [question.answer for call in found.calls for question in call.questions] in (["lost"], ["unrelated"])
