"""What is asked of the graph of values: ways below a target, what derivatives depend on, singular points."""
