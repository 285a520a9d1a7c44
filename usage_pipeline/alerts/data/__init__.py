"""Alerts on data: when each kind is raised and resolved, and what is said of it.

What does not belong here: sums and states themselves, which other folders have, and alerts on limits.
"""
