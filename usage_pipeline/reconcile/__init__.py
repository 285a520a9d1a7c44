"""Compares the usage and costs in a provider's export with the metered ones.

What does not belong here: costs that sources report for single records (`costs/drift.py`).
"""
