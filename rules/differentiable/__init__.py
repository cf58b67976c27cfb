"""The third family: the way to the target has no derivative."""
