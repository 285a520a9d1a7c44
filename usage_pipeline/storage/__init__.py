"""Where data lies and how a partition is written: lake, rollups, warehouse, state, locks, digests.

What does not belong here: the meaning of any table. The tables are declared as `TableSpec`s with the
concept that they hold, and listed in `usage_pipeline.pipeline`.
"""
