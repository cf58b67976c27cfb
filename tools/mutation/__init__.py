"""Makes programs that lose one gradient on purpose, at a place from which it is known that it is lost."""
