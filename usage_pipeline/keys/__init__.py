"""Keys of the read API: who may read what.

What does not belong here: how a request shows its key, which is `api/`.
"""
