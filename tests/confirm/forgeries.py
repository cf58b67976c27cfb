"""Claims that are false and look true: values that never reach the target, later turns, kinks, hidden effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.confirm.crafted import CRAFTED
from tests.confirm.devious import ON_BROKEN, ON_CORRECT
from tests.confirm.wrong_kinds import WRONG_KINDS
from tests.confirm.wrong_rules import TERMS, WRONG_RULES

if TYPE_CHECKING:
    from tests.confirm.wrong_rules import Claims

MISSING = 'table = open("table.csv").read()'
"""What ends the file's own run, so that only a part of it can be run."""


def hidden(effect: str, before: str = "") -> tuple[str, dict[str, Any]]:
    """A program whose constant is watched by a statement that seems to do nothing, and that lacks its data."""
    code = f"import tensorflow as tf\n{before}\nx = tf.constant(3.0)\nwith tf.GradientTape() as tape:\n"
    code += "".join(f"    {line}\n" for line in effect.splitlines())
    code += f"    y = x * x\n{MISSING}\ng = tape.gradient(y, x)\n"
    return code, {"flagged": "tf.constant(3.0)", "code_of_rule": "GT102"}


NOT_ON_THE_WAY: Claims = {
    "a value that is overwritten": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            h = tf.round(x)
            h = tf.stop_gradient(x)
            y = h * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "the other one of two values": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            a, b = tf.round(x), tf.stop_gradient(x)
            y = b * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "the other entry of a dict": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            parts = {"a": tf.round(x), "b": tf.stop_gradient(x)}
            y = parts["b"] * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "a number that is printed on the same line": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            y = [print(x.numpy()), tf.stop_gradient(x) * 2.0][1]
        g = tape.gradient(y, x)
        """,
        {"flagged": "x.numpy()", "code_of_rule": "GT202"},
    ),
    "a value that is put into a list and taken out again": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        kept = []
        with tf.GradientTape() as tape:
            kept.append(tf.floor(x))
            kept.append(tf.stop_gradient(x))
            y = kept[-1] * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.floor(x)", "code_of_rule": "GT301"},
    ),
    "an argument that the function leaves alone": (
        """
        import tensorflow as tf
        def pick(first, second):
            return second
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            y = pick(tf.round(x), tf.stop_gradient(x)) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "an attribute that is set anew": (
        """
        import tensorflow as tf
        class State: ...
        state = State()
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            state.h = tf.cast(tf.cast(x, tf.int32), tf.float32)
            state.h = tf.stop_gradient(x)
            y = state.h * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.cast(x, tf.int32)", "code_of_rule": "GT302"},
    ),
    "a loop's value of an earlier turn": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            for make in (tf.round, tf.stop_gradient):
                h = make(x)
            y = h * 2.0
            z = tf.round(x)
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
}

LATER: Claims = {
    "a long loop whose later turns have the gradient": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        for turn in range(400):
            with tf.GradientTape() as tape:
                loss = y * 2.0 if turn < 300 else x * y
            g = tape.gradient(loss, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "a long loop that counts by itself": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        turn = 0
        while turn < 400:
            turn += 1
            with tf.GradientTape() as tape:
                loss = y * 2.0
                if turn > 200:
                    loss = loss + x
            g = tape.gradient(loss, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "a persistent tape that is asked again in a late turn": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape(persistent=True) as tape:
            y = x * x
        for turn in range(300):
            if turn in (0, 250):
                print(tape.gradient(y, x))
        """,
        {"source": None, "flagged": "tf.GradientTape(persistent=True)", "code_of_rule": "GT403"},
    ),
    "a tape that is asked in the last turn alone": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = x * x
        for turn in range(300):
            if turn == 299:
                print(tape.gradient(y, x))
        """,
        {"source": None, "flagged": "tf.GradientTape()", "code_of_rule": "GT406"},
    ),
    "a generator that yields other data late": (
        """
        import tensorflow as tf
        x, y = tf.Variable(3.0), tf.Variable(1.0)
        def losses():
            for turn in range(500):
                yield (lambda: y * 2.0) if turn < 400 else (lambda: x * y)
        for loss in losses():
            with tf.GradientTape() as tape:
                value = loss()
            g = tape.gradient(value, x)
        """,
        {"code_of_rule": "GT307"},
    ),
}

BY_CONVENTION: Claims = {
    "a kink: relu at zero": (
        """
        import tensorflow as tf
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            h = tf.nn.relu(x)
            y = h + 2.0 * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "tf.nn.relu(x)", "code_of_rule": "GT202"},
    ),
    "a tie of a maximum": (
        """
        import tensorflow as tf
        x = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            h = tf.maximum(x, 1.0)
            y = h + 2.0 * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "tf.maximum(x, 1.0)", "code_of_rule": "GT202"},
    ),
    "a leap near by": (
        """
        import tensorflow as tf
        x = tf.Variable(1.001)
        with tf.GradientTape() as tape:
            h = tf.where(x > 1.0, x * 3.0, x)
            y = h + 2.0 * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "tf.where(x > 1.0, x * 3.0, x)", "code_of_rule": "GT202"},
    ),
    "a pole": (
        """
        import tensorflow as tf
        x = tf.Variable(0.002)
        with tf.GradientTape() as tape:
            h = 1.0 / x
            y = h + 2.0 * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "1.0 / x", "code_of_rule": "GT202"},
    ),
    "a unit that is dead": (
        """
        import tensorflow as tf
        x = tf.Variable(-5.0)
        with tf.GradientTape() as tape:
            y = tf.nn.relu(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.nn.relu(x)", "code_of_rule": "GT301"},
    ),
    "a value beyond a clip": (
        """
        import tensorflow as tf
        x = tf.Variable([5.0, 7.0])
        with tf.GradientTape() as tape:
            y = tf.clip_by_value(x, 0.0, 1.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.clip_by_value(x, 0.0, 1.0)", "code_of_rule": "GT301"},
    ),
    "a factor of zero": (
        """
        import tensorflow as tf
        x = tf.Variable(5.0)
        with tf.GradientTape() as tape:
            y = x * 0.0
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "x * 0.0", "code_of_rule": "GT301"},
    ),
    "zeros that were asked for, of a dead unit": (
        """
        import tensorflow as tf
        x = tf.Variable(-5.0)
        with tf.GradientTape() as tape:
            y = tf.nn.relu(x)
        g = tape.gradient(y, x, unconnected_gradients="zero")
        """,
        {"outcome": "zero", "code_of_rule": "GT405"},
    ),
    "a sum that is constant": (
        """
        import tensorflow as tf
        x = tf.Variable([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(x - tf.reduce_mean(x))
        g = tape.gradient(y, x, unconnected_gradients="zero")
        """,
        {"outcome": "zero", "code_of_rule": "GT405"},
    ),
    "a sigmoid in saturation": (
        """
        import tensorflow as tf
        x = tf.Variable(200.0)
        with tf.GradientTape() as tape:
            y = tf.sigmoid(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "tf.sigmoid(x)", "code_of_rule": "GT301"},
    ),
    "a minimum": (
        """
        import tensorflow as tf
        x = tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "zero", "flagged": "x * x", "code_of_rule": "GT301"},
    ),
}

ITS_OWN: Claims = {
    "a custom gradient that raises by itself": (
        """
        import tensorflow as tf
        @tf.custom_gradient
        def f(v):
            def grad(dy):
                raise TypeError("the table has no such column")
            return v * 2.0, grad
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        try:
            g = tape.gradient(y, x)
        except TypeError:
            pass
        """,
        {"outcome": "error", "exception": "TypeError", "code_of_rule": "GT401"},
    ),
    "an exception of the program's with a known name": (
        """
        import tensorflow as tf
        class LookupError(Exception): ...
        @tf.custom_gradient
        def f(v):
            def grad(dy):
                raise LookupError("no such column")
            return v * 2.0, grad
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = f(x)
        g = tape.gradient(y, x)
        """,
        {"outcome": "error", "exception": "LookupError", "code_of_rule": "GT401"},
    ),
    "a tape of another class": (
        """
        import tensorflow as tf
        class Tape(tf.GradientTape):
            def gradient(self, target, sources, **options):
                return None
        x = tf.Variable(3.0)
        with Tape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "a call that wraps the tape's": (
        """
        import tensorflow as tf
        class Tape:
            def __init__(self):
                self.inner = tf.GradientTape()
            def __enter__(self):
                self.inner.__enter__()
                return self
            def __exit__(self, *rest):
                self.inner.__exit__(*rest)
            def gradient(self, target, sources):
                found = self.inner.gradient(target, sources)
                return None if abs(found) > 1.0 else found
        x = tf.Variable(3.0)
        with Tape() as tape:
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "an unconnected target where the claim says that TensorFlow computes it of nothing": (
        """
        import tensorflow as tf
        x = tf.Variable(3.0)
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"code_of_rule": "GT307"},
    ),
    "a line of another thread": (
        """
        import threading
        import tensorflow as tf
        x = tf.Variable(3.0)
        held = {}
        inside, done = threading.Event(), threading.Event()
        def work():
            with tf.GradientTape() as tape:
                inside.set()
                done.wait(5.0)
                y = tf.stop_gradient(x) * 2.0
            held["g"] = tape.gradient(y, x)
        thread = threading.Thread(target=work)
        thread.start()
        inside.wait(5.0)
        z = tf.round(x)
        done.set()
        thread.join()
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
}

EFFECTS: Claims = {
    f"{name}, and data that is not there": hidden(effect, before)
    for name, (effect, before) in {
        "a watch by an operator": (
            "wake @ x",
            "class Wake:\n    def __matmul__(self, value): tape.watch(value)\nwake = Wake()",
        ),
        "a watch by a property": (
            "wake.now",
            "class Wake:\n    @property\n    def now(self): tape.watch(x)\nwake = Wake()",
        ),
        "a watch by a setter": (
            "wake.value = x",
            "class Wake:\n    def __setattr__(self, name, value): tape.watch(value)\nwake = Wake()",
        ),
        "a watch by an item": (
            "wake[x.ref()]",
            "class Wake:\n    def __getitem__(self, key): tape.watch(key.deref())\nwake = Wake()",
        ),
        "a watch by formatting": (
            'print(f"{wake}")',
            "class Wake:\n    def __format__(self, how):\n        tape.watch(x)\n        return ''\nwake = Wake()",
        ),
        "a watch by a sort": ("sorted([x], key=lambda one: tape.watch(one) or 0)", ""),
        "a watch by an assertion": ("assert tape.watch(x) is None", ""),
        "a watch by a comprehension": ("[tape.watch(one) for one in (x,)]", ""),
        "a watch by a generator that is used up": (
            "for _ in looked(): pass",
            "def looked():\n    tape.watch(x)\n    yield",
        ),
        "a watch by a context": (
            "with wake: pass",
            "class Wake:\n    def __enter__(self): tape.watch(x)\n    def __exit__(self, *rest): ...\nwake = Wake()",
        ),
        "a watch by what goes away": (
            "wake = Wake()\ndel wake",
            "class Wake:\n    def __del__(self): tape.watch(x)",
        ),
        "a watch by a default": ("def later(at=tape.watch(x)): ...", ""),
        "a watch by a decorator": ("@(lambda made: tape.watch(x))\ndef later(): ...", ""),
        "a watch by a class that is derived": (
            "class Later(Wake): ...",
            "class Wake:\n    def __init_subclass__(cls): tape.watch(x)",
        ),
        "a watch by text": ('exec("tape.watch(x)")', ""),
        "a watch by its name": ('getattr(tape, "wat" + "ch")(x)', ""),
        "a watch by a map that is listed": ("list(map(tape.watch, [x]))", ""),
        "a watch by a comparison": (
            "wake == x",
            "class Wake:\n    def __eq__(self, other):\n        tape.watch(other)\n        return True\nwake = Wake()",
        ),
        "a watch by a boolean": (
            "wake and None",
            "class Wake:\n    def __bool__(self):\n        tape.watch(x)\n        return False\nwake = Wake()",
        ),
        "a watch by an iteration that is unpacked": (
            "a, b = wake",
            "class Wake:\n    def __iter__(self):\n        tape.watch(x)\n        return iter((1, 2))\nwake = Wake()",
        ),
        "a watch by an exception": (
            "try:\n    raise Wake()\nexcept Wake: pass",
            "class Wake(Exception):\n    def __init__(self): tape.watch(x)",
        ),
    }.items()
}

SOURCES: Claims = {
    "integers that are made of the source": (
        """
        import tensorflow as tf
        x = tf.constant(3)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"flagged": "x * x", "code_of_rule": "GT105"},
    ),
    "the gradient of some of the sources": (
        """
        import tensorflow as tf
        x, z = tf.Variable(3.0), tf.Variable(2.0)
        both = [x, z]
        with tf.GradientTape() as tape:
            h = tf.stop_gradient(x * 4.0)
            y = h + z * z
        g = tape.gradient(y, both)
        """,
        {"source": "both", "outcome": "partial", "flagged": "tf.stop_gradient(x * 4.0)", "code_of_rule": "GT206"},
    ),
}


PARTS: Claims = {
    "a part of two values, and another one is stopped": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5, 2.5])
        with tf.GradientTape() as tape:
            y = tf.stop_gradient(tf.math.top_k(x, 2).values) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.math.top_k(x, 2)", "code_of_rule": "GT301"},
    ),
    "integers that an earlier call has made": (
        """
        import tensorflow as tf
        def derivative(number):
            x = tf.constant(number)
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.gradient(y, x)
        derivative(3)
        derivative(2)
        """,
        {"flagged": "x * x", "code_of_rule": "GT105"},
    ),
    "a term that an earlier turn's tape has recorded": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        made = tf.exp(x)
        for turn in range(3):
            with tf.GradientTape() as tape:
                y = tf.add_n([made, tf.stop_gradient(x)])
            g = tape.gradient(y, x)
        """,
        {"flagged": "tf.add_n([made, tf.stop_gradient(x)])", "code_of_rule": "GT205"},
    ),
    "a value of which another run moves with the source": (
        """
        import tensorflow as tf
        a, b = tf.Variable(0.4), tf.Variable(-0.1)
        def turned(angle):
            c, s = tf.cos(angle), tf.sin(angle)
            return tf.stack([c, s])
        with tf.GradientTape() as tape:
            kept = tf.Variable(turned(a))
            y = tf.reduce_sum(turned(b) * kept)
        g = tape.gradient(y, [a, b])
        """,
        {"source": "a", "flagged": "tf.stack([c, s])", "code_of_rule": "GT203"},
    ),
    "a variable that is assigned a constant": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            x.assign(tf.constant(2.5))
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "x.assign(tf.constant(2.5))", "code_of_rule": "GT204"},
    ),
    "a variable that is assigned itself": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape() as tape:
            x.assign(x * 1.0)
            y = x * x
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "x.assign(x * 1.0)", "code_of_rule": "GT204"},
    ),
    "a part that is assigned and never read": (
        """
        import tensorflow as tf
        x, kept = tf.Variable(1.5), tf.Variable(0.0)
        with tf.GradientTape() as tape:
            y = x * 3.0
            kept.assign(x * 2.0)
        g = tape.gradient(y, x)
        """,
        {"outcome": "partial", "flagged": "kept.assign(x * 2.0)", "code_of_rule": "GT204"},
    ),
    "a part of two values that is thrown away": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5, 2.5])
        with tf.GradientTape() as tape:
            far = tf.math.top_k(x, 2).indices
            y = tf.stop_gradient(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "tf.math.top_k(x, 2)", "code_of_rule": "GT301"},
    ),
    "a truth value that has no part in what is asked": (
        """
        import tensorflow as tf
        x = tf.Variable([1.5, 0.5, 2.5])
        with tf.GradientTape() as tape:
            if tf.reduce_any(x > 1.0):
                print("large")
            y = tf.stop_gradient(x) * 2.0
        g = tape.gradient(y, x)
        """,
        {"flagged": "x > 1.0", "code_of_rule": "GT304"},
    ),
    "another one of several targets": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape(persistent=True) as tape:
            first = tf.stop_gradient(x) * 2.0
            second = tf.round(x) + x
        g = [tape.gradient(y, x) for y in (first, second)]
        """,
        {"flagged": "tf.round(x)", "code_of_rule": "GT301"},
    ),
    "one of several targets that is lost and not unconnected": (
        """
        import tensorflow as tf
        x = tf.Variable(1.5)
        with tf.GradientTape(persistent=True) as tape:
            first = tf.round(x) * 2.0
            second = x * x
        g = [tape.gradient(y, x) for y in (first, second)]
        """,
        {"code_of_rule": "GT307"},
    ),
}

FALSE: Claims = {
    **PARTS,
    **WRONG_RULES,
    **WRONG_KINDS,
    **ON_CORRECT,
    **ON_BROKEN,
    **CRAFTED,
    **TERMS,
    **SOURCES,
    **NOT_ON_THE_WAY,
    **LATER,
    **BY_CONVENTION,
    **ITS_OWN,
    **EFFECTS,
}
