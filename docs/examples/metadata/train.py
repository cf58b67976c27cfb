import numpy as np
import tensorflow as tf

w = tf.Variable([1.0, 2.0])
b = tf.Variable(0.5)

with tf.GradientTape() as tape:
    loss = tf.reduce_mean(np.square(w)) + b

gradients = tape.gradient(loss, [w, b])
