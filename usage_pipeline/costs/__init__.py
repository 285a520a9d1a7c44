"""What usage cost: the price book, rating, drift from what sources report, re-rating and closing.

What does not belong here: how much was used (`series`), and credits.
"""
