"""What Python computes later than it is written, or only once: generators, ``map``, caches, descriptors, copies."""

from __future__ import annotations

import pytest

from tests.flow.test_facts_of_python_and_keras import answers, where


@pytest.mark.parametrize(
    "given",
    [
        "q * 2.0 for q in [w, v]",
        "items()",
        "map(tf.square, [w, v])",
        "filter(None, [w, v])",
        "iter([w, v])",
        "*(q * 2.0 for q in [w, v])",
        "Net",
        "Net()",
    ],
)
def test_code_of_others_may_use_all_that_it_is_given(given: str) -> None:
    code = f"""
        from elsewhere import total
        def items():
            yield w * 2.0
            yield v * 2.0
        class Net:
            def loss(self):
                return w * v
        with tf.GradientTape() as tape:
            y = total({given})
        tape.gradient(y, [w, v])
    """
    assert answers(code) == ["connected", "connected"]


def test_the_numpy_sum_of_a_generator_is_left_to_python() -> None:
    code = """
        with tf.GradientTape(persistent=True) as tape:
            y = np.sum(q * 2.0 for q in [w, v])
            z = tf.reduce_sum(np.sum([q * 2.0 for q in [w, v]]))
        tape.gradient(y, w)
        tape.gradient(z, w)
    """
    assert answers(code) == ["connected", "lost"]


@pytest.mark.parametrize(
    "lazy",
    [
        "map(tf.square, [w, v])",
        "itertools.starmap(tf.multiply, [(w, 2.0), (v, 2.0)])",
        "itertools.accumulate([w, v], tf.multiply)",
        "(q * q for q in [w, v])",
    ],
)
def test_what_is_lazy_is_recorded_where_it_is_walked_through(lazy: str) -> None:
    code = f"""
        import itertools
        with tf.GradientTape(persistent=True) as tape:
            later = {lazy}
            now = list({lazy})
            y = now[0] + now[1]
        later = list(later)
        tape.gradient(y, [w, v])
        tape.gradient(later[1], v)
    """
    assert answers(code) == ["connected", "connected", "lost"]
    assert where(code) == ["after"]


def test_accumulate_goes_on_from_what_it_gave_before() -> None:
    code = """
        import itertools
        with tf.GradientTape() as tape:
            *_, last = itertools.accumulate([w, v, w], lambda a, b: a * b)
        tape.gradient(last, v)
    """
    assert answers(code) == ["connected"]


@pytest.mark.parametrize(("decorator", "second"), [("functools.cached_property", "lost"), ("property", "connected")])
def test_a_cached_property_is_computed_once(decorator: str, second: str) -> None:
    code = f"""
        import functools
        class Scale:
            def __init__(self):
                self.raw = tf.Variable(1.0)
            @{decorator}
            def value(self):
                return tf.exp(self.raw)
        scale = Scale()
        with tf.GradientTape() as tape:
            y = scale.value * 2.0
        tape.gradient(y, scale.raw)
        with tf.GradientTape() as tape:
            y = scale.value * 2.0
        tape.gradient(y, scale.raw)
    """
    assert answers(code) == ["connected", second]


@pytest.mark.parametrize("decorator", ["@functools.lru_cache(maxsize=None)", "@functools.cache"])
def test_a_cache_gives_what_it_gave_for_the_same_arguments(decorator: str) -> None:
    code = f"""
        import functools
        {decorator}
        def power(n):
            return w ** n
        power(2.0)
        with tf.GradientTape() as tape:
            y = power(2.0) * 3.0
        tape.gradient(y, w)
        with tf.GradientTape() as tape:
            y = power(3.0) * 3.0
        tape.gradient(y, w)
    """
    assert answers(code) == ["lost", "connected"]
    called = code.replace(decorator, "").replace(
        "power(2.0)\n", "power = functools.lru_cache()(power)\n        power(2.0)\n", 1
    )
    assert answers(called) == ["lost", "connected"]


def test_a_cache_that_may_not_hold_the_arguments_loses_nothing() -> None:
    code = """
        import functools
        @functools.cache
        def power(n):
            return w ** n
        def step(n):
            with tf.GradientTape() as tape:
                y = power(n) * 3.0
            return tape.gradient(y, w)
    """
    assert answers(code) == ["connected"]


def test_a_descriptor_answers_for_the_attribute() -> None:
    code = """
        class Positive:
            def __set_name__(self, owner, name):
                self.key = "_" + name
            def __get__(self, obj, kind=None):
                return tf.exp(getattr(obj, self.key))
            def __set__(self, obj, value):
                setattr(obj, self.key, tf.Variable(value))
        class Net:
            rate = Positive()
            def __init__(self):
                self.rate = 2.0
        net = Net()
        with tf.GradientTape(persistent=True) as tape:
            y = net.rate * 3.0
            z = float(net.rate) * w
        tape.gradient(y, net._rate)
        tape.gradient(z, net._rate)
    """
    assert answers(code) == ["connected", "lost"]


def test_a_deep_copy_has_variables_of_its_own() -> None:
    code = """
        import copy
        class Net(tf.Module):
            def __init__(self):
                super().__init__()
                self.a = tf.Variable(1.0)
                self.both = [self.a, tf.Variable(2.0)]
            def __call__(self):
                return self.a * self.both[0] * self.both[1]
        net = Net()
        twin, alias = copy.deepcopy(net), copy.copy(net)
        with tf.GradientTape(persistent=True) as tape:
            y, z = twin(), alias()
        tape.gradient(y, [net.a, twin.a, twin.both[1]])
        tape.gradient(z, [net.a, alias.both[1]])
    """
    assert answers(code) == ["lost", "connected", "connected", "connected", "connected"]


def test_a_deep_copy_of_a_keras_model_has_variables_of_its_own() -> None:
    code = """
        import copy
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
        twin = copy.deepcopy(model)
        with tf.GradientTape(persistent=True) as tape:
            y = tf.reduce_sum(twin(tf.ones((1, 3))))
        tape.gradient(y, model.trainable_variables)
        tape.gradient(y, twin.trainable_variables)
    """
    assert answers(code) == ["lost", "connected"]


def test_a_map_over_a_nest_follows_its_function() -> None:
    code = """
        with tf.GradientTape(persistent=True) as tape:
            kept = tf.nest.map_structure(lambda q: q * 2.0, {"a": [w], "b": (v,)})
            left = tf.nest.map_structure(lambda q: q.numpy(), {"a": w, "b": v})
            y = kept["a"][0] + kept["b"][0]
            z = tf.convert_to_tensor(left["a"] * left["b"])
        tape.gradient(y, [w, v])
        tape.gradient(z, [w, v])
    """
    assert answers(code) == ["connected", "connected", "lost", "lost"]


def test_an_iterator_until_a_sentinel_gives_what_the_function_gives() -> None:
    code = """
        import itertools
        source = iter([w, v])
        pairs = list(iter(lambda: list(itertools.islice(source, 2)), []))
        with tf.GradientTape() as tape:
            y = sum(a * b for a, b in pairs)
        tape.gradient(y, [w, v])
    """
    assert answers(code) == ["connected", "connected"]


def test_an_attribute_may_be_set_under_a_name_that_is_not_known() -> None:
    code = """
        from elsewhere import fields
        class Net:
            rate = 2.0
            def __init__(self):
                for field in fields:
                    setattr(self, field, tf.Variable(getattr(type(self), field)))
        net = Net()
        with tf.GradientTape() as tape:
            y = net.rate * 3.0
        tape.gradient(y, net.rate)
    """
    assert "lost" not in answers(code)
