"""The seventh family: what is right and worth knowing."""
