"""Makes the table of callables: walks the public API, calls each callable under a tape and writes down what happened.

TensorFlow is imported here and nowhere else in the package. The parts: :mod:`scope` says what is asked,
:mod:`samples` makes arguments, :mod:`candidates` and the file ``hints.tsv`` choose them, :mod:`probe` makes one call
and looks at its gradients, :mod:`search` finds calls that work, :mod:`worker` and :mod:`crew` run that in a process
which may die, and :mod:`rows` turns what was observed into lines of the table.
"""
