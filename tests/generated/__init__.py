"""Random tape programs, judged by TensorFlow: what it says of each gradient is held against the analysis."""
