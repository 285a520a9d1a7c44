"""Compares the usage and costs in a provider's export with the metered ones.

Costs that sources report for single records are in `costs/drift.py`.
"""
