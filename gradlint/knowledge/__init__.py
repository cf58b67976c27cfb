"""What each TensorFlow, Keras and NumPy callable does to a gradient.

Data that a generator made, and a few facts that were written by hand, each with a case that proves it.

:func:`gradlint.knowledge.table.lookup` answers by name and needs no TensorFlow.
"""
