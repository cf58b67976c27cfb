"""Runs a program: an abstract interpreter for Python."""
