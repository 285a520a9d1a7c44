"""Recommendations: what a tenant could do to use or pay less, with the SELECT behind each number.

Each kind is one `.sql` file beside its words in `kinds.py`. What does not belong here: forecasts of what will be
used, and words on how good the answers of a model are.
"""
