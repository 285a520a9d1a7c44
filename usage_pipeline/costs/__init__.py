"""The costs of usage: the price book, rating, drift from reported costs, and re-rating.

Quantities of usage are in `series/`, billing periods in `billing/`.
"""
