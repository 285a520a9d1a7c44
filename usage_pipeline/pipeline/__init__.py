"""The pipeline from landing files to series: the order of the tables, the work to do, and the loop that does it.

It runs with and without Dagster. What does not belong here: how a single table is computed.
"""
