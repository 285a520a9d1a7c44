"""What should run by itself: decisions from the state and the landing folder, without Dagster.

`arrivals.py` looks at the landing folder, `affected.py` at event days, `gaps.py` at everything that was
expected and is not there. What they find is `Work`; `orchestration/automation` makes runs of it, and knows
which of it is under way already or has just failed.
"""
