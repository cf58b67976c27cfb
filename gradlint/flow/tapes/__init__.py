"""What ``tf.GradientTape`` does, and the questions of its gradient calls."""
