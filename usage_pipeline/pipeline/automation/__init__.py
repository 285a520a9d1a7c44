"""Finds the work that sensors request, from the state and the landing folder, without Dagster.

`arrivals.py` finds landing days with new files, `affected.py` stale event days, `gaps.py` expected days that are
missing. Each returns `Work`; `orchestration/automation` requests runs for it and knows which runs are queued,
running or have just failed.
"""
