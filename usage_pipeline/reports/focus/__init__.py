"""Costs and credits by the FinOps FOCUS specification, version 1.2: one row per charge.

What does not belong here: reports for people (`sections/`), and how files are written (`formats/`).
"""
