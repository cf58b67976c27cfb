"""What NumPy does."""
