"""Credits of usage: rates by date, and the cubes of credits that operations cost.

What does not belong here: grants and balances (`billing/ledger/`), prices in money (`costs/`).
"""
