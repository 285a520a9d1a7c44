"""Outlooks: what is expected of a tenant's usage, cost and credits, read from the storage and forecast.

What does not belong here: how a series is forecast (`forecasting/`), and tables that keep outlooks.
"""
