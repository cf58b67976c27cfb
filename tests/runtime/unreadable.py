"""Programs that lose a gradient where reading cannot know it: data, configuration or an installed package decides.

The line that loses it ends in ``# lost``. Each was written after a kind of report that people make in public.
"""

from __future__ import annotations

HEAD = "import json\nimport numpy as np\nimport tensorflow as tf\n"

PROGRAMS: dict[str, str] = {
    "an activation named in a configuration": """
config = json.loads('{"activation": "np"}')
table = {"np": lambda v: np.maximum(v, 0.0), "tf": tf.nn.relu}  # lost
w = tf.Variable([1.0, -2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(table[config["activation"]](w * 2.0)))
tape.gradient(loss, w)
""",
    "a branch that the data takes": """
data = json.loads("[0.1, 5.0]")
w = tf.Variable(2.0)
def scaled(x):
    if x > 3.0:
        return float(w) * x  # lost
    return w * x
for x in data:
    with tf.GradientTape() as tape:
        loss = tf.square(scaled(tf.constant(x)))
    tape.gradient(loss, w)
""",
    "a callback that is looked up by name": """
import operator
steps = json.loads('["square", "floor"]')
w = tf.Variable([1.5, 2.5])
with tf.GradientTape() as tape:
    value = w * 1.0
    for step in steps:
        value = getattr(tf.math, step)(value)  # lost
    loss = tf.reduce_sum(value)
tape.gradient(loss, w)
""",
    "a dtype from a configuration": """
settings = json.loads('{"dtype": "int32"}')
w = tf.Variable([1.5, 2.5])
with tf.GradientTape() as tape:
    ids = tf.cast(w * 10.0, settings["dtype"])  # lost
    loss = tf.reduce_sum(tf.cast(ids, tf.float32))
tape.gradient(loss, w)
""",
    "a trainable flag from a configuration": """
settings = json.loads('{"freeze": true}')
w = tf.Variable(2.0, trainable=not settings["freeze"])  # lost
with tf.GradientTape() as tape:
    loss = w * w
tape.gradient(loss, w)
""",
    "a stop that is switched on": """
settings = json.loads('{"stop": 1}')
w = tf.Variable(2.0)
gate = {0: tf.identity, 1: tf.stop_gradient}[settings["stop"]]
with tf.GradientTape() as tape:
    features = gate(w * 3.0)  # lost
    loss = features * features
tape.gradient(loss, w)
""",
    "a model rounded by a callable attribute": """
class Quantizer:
    def __init__(self, mode):
        self.apply = getattr(tf, mode)
    def __call__(self, value):
        return self.apply(value)  # lost
quantizer = Quantizer(json.loads('"round"'))
w = tf.Variable([1.2, 2.7])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(quantizer(w) ** 2)
tape.gradient(loss, w)
""",
    "a metric picked for a loss": """
choice = json.loads('"accuracy"')
losses = {"accuracy": lambda y, p: tf.cast(tf.equal(y, tf.round(p)), tf.float32), "gap": lambda y, p: y - p}  # lost
w = tf.Variable([0.2, 0.9])
with tf.GradientTape() as tape:
    loss = tf.reduce_mean(losses[choice](tf.constant([0.0, 1.0]), tf.sigmoid(w)))
tape.gradient(loss, w)
""",
    "fit with a loss that rounds": """
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
name = json.loads('"rint"')
def loss(y, p):
    p = getattr(tf.math, name)(p)  # lost
    return tf.reduce_mean((y - p) ** 2)
model.compile("sgd", loss=loss)
try:
    model.fit(np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), verbose=0)
except ValueError:
    pass
""",
    "fit with a layer that takes the argmax": """
kind = json.loads('"argmax"')
class Choice(tf.keras.layers.Layer):
    def call(self, x):
        return tf.cast(getattr(tf, kind)(x, axis=-1), tf.float32)[:, None]  # lost
model = tf.keras.Sequential([tf.keras.Input((3,)), tf.keras.layers.Dense(4), Choice()])
model.compile("sgd", loss="mse")
try:
    model.fit(np.ones((4, 3), "float32"), np.ones((4, 1), "float32"), verbose=0)
except ValueError:
    pass
""",
    "a NaN from a zero in the data": """
points = json.loads("[[0.0, 0.0], [3.0, 4.0]]")
w = tf.Variable(1.0)
with tf.GradientTape() as tape:
    distance = tf.sqrt(tf.reduce_sum((w * tf.constant(points)) ** 2, axis=1))  # lost
    loss = tf.reduce_mean(distance)
tape.gradient(loss, w)
""",
    "a NaN from a logarithm of the data": """
rates = json.loads("[0.0, 1.0]")
w = tf.Variable([1.0, 1.0])
with tf.GradientTape() as tape:
    likelihood = tf.constant(rates) * w
    scores = tf.math.log(likelihood)  # lost
    loss = tf.reduce_sum(tf.where(likelihood > 0.5, scores, tf.zeros_like(scores)))
tape.gradient(loss, w)
""",
    "a NaN in a later batch": """
batches = json.loads("[[1.0, 2.0], [4.0, 0.0]]")
w = tf.Variable([1.0, 1.0])
for batch in batches:
    with tf.GradientTape() as tape:
        ratio = tf.constant(batch) * w
        norm = tf.pow(ratio, 0.5)  # lost
        loss = tf.reduce_sum(norm)
    tape.gradient(loss, w)
""",
    "an infinite gradient of a norm at zero": """
start = json.loads("[0.0, 0.0]")
w = tf.Variable(start)
with tf.GradientTape() as tape:
    loss = tf.norm(w)  # lost
tape.gradient(loss, w)
""",
    "a helper of scipy chosen at run time": """
import importlib
erf = importlib.import_module(json.loads('"math"')).erf
w = tf.Variable(0.3)
with tf.GradientTape() as tape:
    loss = tf.square(tf.constant(erf(w), tf.float32))  # lost
tape.gradient(loss, w)
""",
    "a preprocessing step from a list": """
pipeline = [eval(step) for step in json.loads('["tf.identity", "np.asarray"]')]
x = tf.Variable([1.0, 2.0])
def run(value):
    for step in pipeline:
        value = step(value)  # lost
    return value
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(tf.square(run(x * 1.0)))
tape.gradient(loss, x)
""",
    "a variable that the data leaves out": """
use = json.loads('{"bias": false}')
w = tf.Variable(1.0)
b = tf.Variable(0.5)
def predict(x):
    return w * x + b if use["bias"] else w * x
with tf.GradientTape() as tape:
    loss = tf.square(predict(tf.constant(2.0)))
tape.gradient(loss, [w, b])  # lost
""",
    "an operation without a gradient from a table": """
augment = getattr(tf.image, json.loads('"adjust_contrast"'))
w = tf.Variable(tf.ones((1, 4, 4, 3)))
with tf.GradientTape() as tape:
    image = augment(w, 2.0)  # lost
    loss = tf.reduce_sum(image)
try:
    tape.gradient(loss, w)
except LookupError:
    pass
""",
    "a state that a helper assigns": """
names = json.loads('["momentum"]')
state = {name: tf.Variable(0.0) for name in names}
w = tf.Variable(2.0)
def smooth(value):
    for name in names:
        state[name].assign(0.9 * state[name] + value)  # lost
        value = state[name] * 1.0
    return value
with tf.GradientTape() as tape:
    loss = smooth(w * 3.0)
tape.gradient(loss, w)
""",
    "a new variable in a helper": """
wrap = {"variable": tf.Variable, "tensor": tf.identity}[json.loads('"variable"')]
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    parameter = wrap(w * 3.0)  # lost
    loss = parameter * parameter
tape.gradient(loss, w)
""",
    "a value kept from before the tape": """
cache = {}
w = tf.Variable(2.0)
def features(key):
    if key not in cache:
        cache[key] = tf.exp(w)  # lost
    return cache[key]
features(json.loads('"a"'))
with tf.GradientTape() as tape:
    loss = features("a") * 3.0
tape.gradient(loss, w)
""",
    "a tape that a setting pauses": """
pause = json.loads("true")
import contextlib
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    with tape.stop_recording() if pause else contextlib.nullcontext():
        hidden = tf.tanh(w)  # lost
    loss = hidden * 2.0
tape.gradient(loss, w)
""",
    "an input of integers from a file": """
tokens = tf.constant(json.loads("[[1, 2], [3, 4]]"))  # lost
with tf.GradientTape() as tape:
    tape.watch(tokens)
    loss = tf.reduce_sum(tf.cast(tokens, tf.float32) ** 2)
tape.gradient(loss, tokens)
""",
    "a threshold on a score": """
compare = getattr(tf.math, json.loads('"greater"'))
w = tf.Variable([0.2, 0.8])
with tf.GradientTape() as tape:
    picked = compare(w, 0.5)  # lost
    loss = tf.reduce_sum(tf.cast(picked, tf.float32))
tape.gradient(loss, w)
""",
    "a list of numbers made of tensors": """
w = tf.Variable([1.0, 2.0, 3.0])
def collect(values, how):
    return [how(value) for value in values]  # lost
with tf.GradientTape() as tape:
    numbers = collect(tf.unstack(w), eval(json.loads('"float"')))
    loss = tf.reduce_sum(tf.constant(numbers) ** 2)
tape.gradient(loss, w)
""",
    "a plain Python sum of items": """
w = tf.Variable([1.0, 2.0])
def total(value, plain):
    if plain:
        return sum(value.numpy().tolist())  # lost
    return tf.reduce_sum(value)
with tf.GradientTape() as tape:
    loss = tf.constant(2.0) * total(w * 2.0, json.loads("true"))
tape.gradient(loss, w)
""",
    "a tf.function that floors": """
rounding = getattr(tf, json.loads('"floor"'))
w = tf.Variable([1.5, 2.5])
@tf.function
def model(x):
    y = x * w
    return rounding(y)  # lost
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(model(tf.constant([1.0, 2.0])))
tape.gradient(loss, w)
""",
    "a training step in a tf.function": """
kind = json.loads('"int64"')
w = tf.Variable([1.5, 2.5])
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        code = tf.cast(x * w, kind)  # lost
        loss = tf.reduce_sum(tf.cast(code, tf.float32))
    gradient = tape.gradient(loss, w)
    return loss if gradient is None else gradient
step(tf.constant([1.0, 2.0]))
""",
    "a numpy function in the graph": """
wrapper = getattr(tf, json.loads('"numpy_function"'))
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    y = wrapper(lambda v: v * 2.0, [w], tf.float32)  # lost
    loss = tf.reduce_sum(y)
tape.gradient(loss, w)
""",
    "a tensor that nobody watches": """
make = {"variable": tf.Variable, "tensor": tf.constant}[json.loads('"tensor"')]
x = make([1.0, 2.0])  # lost
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(x**2)
tape.gradient(loss, x)
""",
    "a watch that comes too late": """
late = json.loads("true")
x = tf.constant([1.0, 2.0])
with tf.GradientTape() as tape:
    if not late:
        tape.watch(x)
    y = x**2
    if late:
        tape.watch(x)  # lost
    loss = tf.reduce_sum(y)
tape.gradient(loss, x)
""",
    "a tape that watches nothing by itself": """
options = json.loads('{"watch_accessed_variables": false}')
w = tf.Variable(2.0)
with tf.GradientTape(**options) as tape:  # lost
    loss = w * w
tape.gradient(loss, w)
""",
    "a copy of the weights": """
choose = {"copy": tf.identity, "same": lambda v: v}[json.loads('"copy"')]
w = tf.Variable([1.0, 2.0])
with tf.GradientTape() as tape:
    tape.watch(w)
    loss = tf.reduce_sum(w**2)
source = choose(w)  # lost
tape.gradient(loss, source)
""",
    "a target that is a number": """
finish = {"number": float, "tensor": tf.identity}[json.loads('"number"')]
w = tf.Variable(2.0)
with tf.GradientTape() as tape:
    loss = finish(w * w)  # lost
try:
    tape.gradient(loss, w)
except (AttributeError, TypeError):
    pass
""",
    "a histogram for a loss": """
bins = json.loads("3")
binned = getattr(tf, json.loads('"histogram_fixed_width"'))
w = tf.Variable([0.1, 0.5, 0.9])
with tf.GradientTape() as tape:
    counts = binned(w, [0.0, 1.0], bins)  # lost
    loss = tf.reduce_mean(tf.cast(counts, tf.float32))
tape.gradient(loss, w)
""",
    "a reward computed with NumPy": """
rewards = {"distance": lambda a: -np.linalg.norm(a), "sum": lambda a: tf.reduce_sum(a)}  # lost
policy = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(2)])
with tf.GradientTape() as tape:
    action = policy(tf.ones((1, 2)))
    loss = -tf.reduce_mean(rewards[json.loads('"distance"')](action))
tape.gradient(loss, policy.trainable_variables)
""",
    "a sort by positions": """
rank = getattr(tf, json.loads('"argsort"'))
w = tf.Variable([0.3, 0.1, 0.2])
with tf.GradientTape() as tape:
    order = rank(w)  # lost
    loss = tf.reduce_sum(tf.cast(order, tf.float32) * tf.constant([1.0, 2.0, 3.0]))
tape.gradient(loss, w)
""",
    "an inner gradient outside the outer tape": """
early = json.loads("true")
x = tf.Variable(1.5)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x**3
    if not early:
        first = inner.gradient(y, x)
if early:
    first = inner.gradient(y, x)  # lost
outer.gradient(first, x)
""",
    "a dataset chosen for batching": """
w = tf.Variable([1.0, 2.0])
def batches(value, size):
    if size:
        return tf.data.Dataset.from_tensor_slices(value).batch(size)
    return [value]
with tf.GradientTape() as tape:
    loss = tf.constant(0.0)
    for batch in batches(w * 2.0, json.loads("2")):  # lost
        loss += tf.reduce_sum(batch)
tape.gradient(loss, w)
""",
    "a layer that nothing calls": """
used = json.loads('["first"]')
layers = {name: tf.keras.layers.Dense(1) for name in ("first", "second")}
for layer in layers.values():
    layer.build((None, 2))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(sum(layers[name](tf.ones((1, 2))) for name in used))
weights = layers["second"].trainable_variables
tape.gradient(loss, weights)  # lost
""",
}
"""The programs by what they do; each runs to its end."""
