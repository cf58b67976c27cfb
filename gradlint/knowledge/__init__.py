"""What each TensorFlow, Keras and NumPy callable does to a gradient: data that a generator made, and a few facts by hand.

:func:`gradlint.knowledge.table.lookup` answers by name and needs no TensorFlow.
"""
