"""More programs that reading leaves open, and some like them that lose nothing by mistake."""

from __future__ import annotations

MORE: dict[str, str] = {
    "a scheduled dropout that reads its rate with numpy": """
rates = json.loads('{"rate": "exp"}')
w = tf.Variable([0.3, 0.6])
decay = getattr(np, rates["rate"])
with tf.GradientTape() as tape:
    gate = decay(-w)  # lost
    loss = tf.reduce_sum(gate * tf.constant([1.0, 2.0]))
tape.gradient(loss, w)
""",
    "an advantage that a registered function clips": """
config = json.loads('{"advantage": "clipped"}')
registry = {}
def register(function):
    registry[function.__name__] = function
    return function
@register
def plain(v):
    return v
@register
def clipped(v):
    return np.clip(v, -1.0, 1.0)  # lost
critic = tf.keras.layers.Dense(1)
states = tf.constant(np.random.default_rng(0).normal(size=(6, 3)), tf.float32)
with tf.GradientTape() as tape:
    values = critic(states)
    loss = tf.reduce_mean(registry[config["advantage"]](values))
tape.gradient(loss, critic.trainable_variables)
""",
    "a regression on positions in a tf.function, chosen by name": """
heads = json.loads('{"head": "argmax"}')
w = tf.Variable([[0.1, 0.9], [0.8, 0.3]])
@tf.function
def step(x):
    with tf.GradientTape() as tape:
        scores = tf.matmul(x, w)
        place = getattr(tf, heads["head"])(scores, axis=-1)  # lost
        loss = tf.reduce_mean(tf.cast(place, tf.float32))
    return tape.gradient(loss, w)
step(tf.eye(2))
""",
    "a train_step whose loss goes through a table of casts": """
kinds = json.loads('{"out": "int64"}')
class Model(tf.keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = tf.keras.layers.Dense(1)
    def call(self, x):
        return self.dense(x)
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            guess = self(x, training=True)
            hard = tf.cast(guess, kinds["out"])  # lost
            loss = tf.reduce_mean(tf.abs(tf.cast(hard, tf.float32) - y))
        grads = tape.gradient(loss, self.trainable_variables)
        return {"loss": loss}
model = Model()
model.compile("sgd")
model.fit(np.ones((8, 2), "f4"), np.ones((8, 1), "f4"), batch_size=4, verbose=0)
""",
    "a NaN of an empty mask in fit": """
def masked(y, p):
    mask = tf.cast(y > 0.0, tf.float32)
    total = tf.reduce_sum(mask * tf.abs(y - p))
    return total / tf.reduce_sum(mask)  # lost
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile("sgd", masked)
y = np.array([1, 1, 1, 1, 0, 0, 0, 0], "f4")[:, None]
model.fit(np.ones((8, 2), "f4"), y, batch_size=4, shuffle=False, verbose=0)
""",
    "a NaN of a cosine of zero rows in fit": """
class Cosine(tf.keras.layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 4), name="kernel")
    def call(self, x):
        h = tf.matmul(x, self.kernel)
        return tf.reduce_sum(h / tf.norm(h, axis=-1, keepdims=True), -1)  # lost
model = tf.keras.Sequential([tf.keras.Input((3,)), Cosine()])
model.compile("adam", "mse")
x = np.ones((12, 3), "f4")
x[9] = 0.0
model.fit(x, np.ones(12, "f4"), batch_size=4, shuffle=False, epochs=2, verbose=0)
""",
    "an infinite power of a zero in an iterator's batch": """
w = tf.Variable(0.5)
power = json.loads("0.5")
@tf.function
def step(iterator):
    x = next(iterator)
    with tf.GradientTape() as tape:
        curve = tf.pow(w * x, power)  # lost
        loss = tf.reduce_sum(curve)
    w.assign_sub(0.01 * tape.gradient(loss, w))
iterator = iter(tf.data.Dataset.from_tensor_slices(np.array([1, 2, 0, 3], "f4")).batch(1))
for _ in range(4):
    step(iterator)
""",
    "a softplus written by hand that overflows": """
data = json.loads("[1.0, 95.0]")
w = tf.Variable(1.0)
for x in data:
    with tf.GradientTape() as tape:
        z = tf.exp(w * x)  # lost
        loss = z / (1.0 + z)
    tape.gradient(loss, w)
""",
    "targets that a cache keeps from the step before": """
cache = {}
w = tf.Variable(2.0)
def features(key):
    if key not in cache:
        cache[key] = w * 3.0  # lost
    return cache[key]
for step in range(2):
    with tf.GradientTape() as tape:
        loss = tf.square(features(json.loads('"a"')))
    tape.gradient(loss, w)
""",
    "a loss collected in a list of numbers": """
w = tf.Variable(1.5)
reduce = {"mean": np.mean, "sum": tf.add_n}[json.loads('"mean"')]
with tf.GradientTape() as tape:
    parts = [w * float(one) for one in json.loads("[1, 2, 3]")]
    loss = tf.constant(1.0) * reduce(parts)  # lost
tape.gradient(loss, w)
""",
    "a thread that rounds": """
import threading
w = tf.Variable([1.2, 3.4])
found = []
snap = getattr(tf, json.loads('"round"'))
def work():
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(snap(w) * 2.0)  # lost
    found.append(tape.gradient(loss, w))
thread = threading.Thread(target=work)
thread.start()
thread.join()
""",
    "a lookup table from a file": """
table = tf.constant(json.loads("[0.0, 1.0, 4.0, 9.0]"))
w = tf.Variable([0.4, 2.2])
kind = json.loads('"int32"')
with tf.GradientTape() as tape:
    place = tf.cast(w, kind)  # lost
    loss = tf.reduce_sum(tf.gather(table, place))
tape.gradient(loss, w)
""",
    "a bin found by searchsorted": """
edges = tf.constant(json.loads("[0.0, 0.5, 1.0]"))
w = tf.Variable([0.2, 0.7])
find = getattr(tf, json.loads('"searchsorted"'))
with tf.GradientTape() as tape:
    place = find(edges, w)  # lost
    loss = tf.reduce_mean(tf.cast(place, tf.float32))
tape.gradient(loss, w)
""",
    "an exception within a tape, and the next step": """
w = tf.Variable(2.0)
convert = {"item": lambda t: t.numpy().item(), "keep": lambda t: t}  # lost
for text in json.loads('["x", "item"]'):
    try:
        with tf.GradientTape() as tape:
            loss = tf.square(convert[text](w * 1.0))
        tape.gradient(loss, w)
    except KeyError:
        pass
""",
    "a replica that takes the ranks": """
strategy = tf.distribute.get_strategy()
name = json.loads('"argsort"')
with strategy.scope():
    w = tf.Variable([0.5, -0.5])
@tf.function
def step(x):
    def replica(x):
        with tf.GradientTape() as tape:
            ranks = getattr(tf, name)(w)  # lost
            loss = tf.reduce_sum(tf.cast(ranks, tf.float32) * x)
        tape.gradient(loss, w)
        return loss
    return strategy.run(replica, args=(x,))
step(tf.constant([1.0, 2.0]))
""",
}
"""The line that loses the gradient ends in ``# lost``."""

CLEAN: dict[str, str] = {
    "an activation of TensorFlow from a configuration": """
w = tf.Variable([1.0, -2.0])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(getattr(tf.nn, json.loads('"relu"'))(w))
assert tape.gradient(loss, w) is not None
""",
    "a loss that is logged": """
log = []
w = tf.Variable(2.0)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = w * w
        log.append(float(loss))
    w.assign_sub(0.1 * tape.gradient(loss, w))
assert log[0] > log[-1]
""",
    "a fit with a metric of NumPy's": """
def near(y, p):
    return tf.reduce_mean(tf.cast(tf.abs(y - p) < 0.5, tf.float32))
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile("sgd", "mse", metrics=[near])
model.fit(np.ones((8, 2), "f4"), np.ones((8, 1), "f4"), verbose=0)
""",
    "a target network that is stopped on purpose": """
online, target = tf.Variable([1.0, 2.0]), tf.Variable([1.0, 2.0])
for step in range(3):
    with tf.GradientTape() as tape:
        wanted = tf.stop_gradient(tf.reduce_sum(target * 3.0))
        loss = tf.square(tf.reduce_sum(online) - wanted)
    online.assign_sub(0.01 * tape.gradient(loss, online))
    target.assign(0.9 * target + 0.1 * online)
""",
    "a safe division in fit": """
def masked(y, p):
    mask = tf.cast(y > 0.0, tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(mask * tf.abs(y - p)), tf.reduce_sum(mask))
model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
model.compile("sgd", masked)
model.fit(np.ones((8, 2), "f4"), np.zeros((8, 1), "f4"), batch_size=4, verbose=0)
""",
    "steps over an iterator": """
w = tf.Variable(0.5)
@tf.function
def step(iterator):
    x = next(iterator)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(w * x - 1.0))
    w.assign_sub(0.01 * tape.gradient(loss, w))
    return loss
iterator = iter(tf.data.Dataset.from_tensor_slices(np.array([1, 2, 0, 3], "f4")).batch(1))
assert [bool(tf.math.is_finite(step(iterator))) for _ in range(4)] == [True] * 4
""",
    "a straight-through estimate": """
w = tf.Variable([1.2, 2.7])
with tf.GradientTape() as tape:
    loss = tf.reduce_sum((w + tf.stop_gradient(tf.round(w) - w)) ** 2)
assert tape.gradient(loss, w) is not None
""",
    "a thread that trains": """
import threading
w = tf.Variable(2.0)
def work():
    with tf.GradientTape() as tape:
        loss = w * w
    w.assign_sub(0.1 * tape.gradient(loss, w))
threads = [threading.Thread(target=work) for _ in range(2)]
for one in threads:
    one.start()
    one.join()
""",
    "a generator and a discriminator in turn": """
make = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(2)])
judge = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)
one, two = tf.keras.optimizers.Adam(0.01), tf.keras.optimizers.Adam(0.01)
@tf.function
def step(real):
    noise = tf.random.normal((4, 2))
    with tf.GradientTape() as forger, tf.GradientTape() as critic:
        fake = make(noise, training=True)
        yes, no = judge(real, training=True), judge(fake, training=True)
        cheat = entropy(tf.ones_like(no), no)
        loss = entropy(tf.ones_like(yes), yes) + entropy(tf.zeros_like(no), no)
    one.apply_gradients(zip(forger.gradient(cheat, make.trainable_variables), make.trainable_variables))
    two.apply_gradients(zip(critic.gradient(loss, judge.trainable_variables), judge.trainable_variables))
for _ in range(3):
    step(tf.ones((4, 2)))
""",
    "an embedding that fit trains": """
layers = [tf.keras.layers.Embedding(12, 4), tf.keras.layers.GlobalAveragePooling1D(), tf.keras.layers.Dense(1)]
model = tf.keras.Sequential([tf.keras.Input((5,), dtype="int32"), *layers])
model.compile("rmsprop", "mse")
model.fit(np.arange(40).reshape(8, 5) % 12, np.ones((8, 1), "f4"), epochs=2, verbose=0)
""",
}
"""Programs like these that lose nothing by mistake."""
