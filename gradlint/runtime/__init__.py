"""The gradient watched while a program runs: what ``gradlint run`` and :func:`gradlint.watching` stand on.

A watcher records which operation made which tensor from which, on which line of the user's code, and where a value left
TensorFlow. When a gradient call gives None, raises or gives NaN, it walks back from the target to the source over that
record and names the line where the way was cut. It reads TensorFlow's own reports (op callbacks) and changes no value.
"""
