"""The whole, from landing files to series: the order of the tables, what needs work, and the run that does it.

Dagster wraps this; it also runs without. What does not belong here: how any single table is made.
"""
