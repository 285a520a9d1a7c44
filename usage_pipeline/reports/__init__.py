"""Reports: what a report says, computed once, and the files that it is rendered into.

What does not belong here: numbers that are not in the query layer, and sending files (`delivery/`).
"""
