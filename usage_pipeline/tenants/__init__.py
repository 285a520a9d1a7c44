"""Tenants and plans as people edit them in `data/reference`.

What does not belong here: limits, prices and grants, which have folders of their own.
"""
