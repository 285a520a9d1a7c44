"""Balances of credits: grants, their burn-down, and the ledger that explains both.

What does not belong here: what operations cost (`credits/`).
"""
