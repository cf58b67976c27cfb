"""The first family: what a gradient is asked for."""
