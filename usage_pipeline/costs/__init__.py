"""The costs of usage: the price book, rating, drift from reported costs, and re-rating.

What does not belong here: how much was used (`series/`), and billing periods (`billing/`).
"""
