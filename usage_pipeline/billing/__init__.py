"""Billing periods of tenants: the calendar, due periods, blockers, closing and statements.

What does not belong here: prices and amounts (`costs/`).
"""
