"""Tenants and plans as people edit them in `data/reference`, and what follows from them for a day.

What does not belong here: limits, prices and grants, which have folders of their own.
"""
