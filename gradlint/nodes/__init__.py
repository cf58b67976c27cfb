"""The program as LibCST nodes: where a claim stands, and fixes as changed nodes that become minimal edits of the text.

LibCST is imported, and a program parsed by it, where a rule looks at a node for the first time and not before.
"""
