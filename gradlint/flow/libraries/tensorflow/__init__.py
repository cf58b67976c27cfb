"""What TensorFlow does beyond the table of what was measured."""
