"""Billing periods of tenants: the calendar, due periods, what blocks them, closing, statements.

What does not belong here: prices and amounts (`costs/`).
"""
