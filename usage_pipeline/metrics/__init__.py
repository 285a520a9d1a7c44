"""The query layer: usage, costs and series by day, interval, tenant and dimension.

What does not belong here: how numbers are shown (`cli/`), and whether they are right (`validation/`).
"""
