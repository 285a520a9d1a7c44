"""The query layer: `read` answers each kind of query in `queries.py`, with numbers of now or as published earlier.

What does not belong here: how numbers are shown (`cli/`), and whether they are right (`validation/`).
"""
