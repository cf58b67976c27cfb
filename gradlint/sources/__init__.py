"""What can be linted: Python files, notebooks, and Python in Markdown, each as one program with its positions."""
