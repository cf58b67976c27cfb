"""What a running program changes: the store and its journal, loops, activations, and what is noted."""
