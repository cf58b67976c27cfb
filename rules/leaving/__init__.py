"""The second family: the value leaves TensorFlow on its way to the target."""
