"""What the callables of libraries do."""
