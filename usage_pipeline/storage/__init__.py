"""Where data lies and how a partition is written: lake, rollups, warehouse, state, locks, digests.

What does not belong here: what any table means. The tables are declared as `TableSpec`s beside the
concept that they hold, and listed in `usage_pipeline.pipeline`.
"""
