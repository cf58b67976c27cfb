"""Remembers results between runs."""
