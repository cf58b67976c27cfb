"""The sixth family: the gradient exists and its value is useless."""
