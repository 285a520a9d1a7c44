"""Compares what providers say was used and what they charge with what was metered here.

What does not belong here: what sources report of single records, which is `costs.drift`.
"""
