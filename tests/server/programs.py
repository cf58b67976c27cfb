"""Programs that the server is shown; TensorFlow gives None for the broken ones and a tensor for the mended ones."""

BROKEN = """\
import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
x = tf.constant([3.0, 4.0])

with tf.GradientTape() as tape:
    root = np.sqrt(w * x)
    loss = tf.square(root)

gradient = tape.gradient(loss, w)
"""

FIXED = BROKEN.replace("np.sqrt", "tf.sqrt")

CELLS = (
    "import numpy as np\nimport tensorflow as tf\n",
    "%matplotlib inline\nw = tf.Variable([1.0, 2.0])\n",
    "with tf.GradientTape() as tape:\n    loss = tf.square(np.sqrt(w))\n",
    "tape.gradient(loss, w)\n",
)

STEP = """\
def step_{number}(model, batch):
    with tf.GradientTape() as tape:
        scores_{number} = model(batch)
        target_{number} = tf.reduce_mean(tf.square(scores_{number}))
    gradients_{number} = tape.gradient(target_{number}, model.trainable_variables)
    return gradients_{number}


"""


def long(lines: int) -> str:
    """A program with tapes of about so many lines; its first tape loses the gradient, the others do not."""
    return BROKEN + "\n\n" + "".join(STEP.format(number=number) for number in range(lines // STEP.count("\n")))
