"""What several rules' fixes share: NumPy and Python said in TensorFlow, watches, updates, statements moved."""
