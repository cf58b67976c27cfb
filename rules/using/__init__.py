"""The fifth family: what is done with the gradient."""
