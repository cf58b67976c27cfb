"""What Python itself does: operators, subscripts, containers, builtins, the standard library."""
