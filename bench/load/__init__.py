"""The read API under load: a server process, clients that ask it at the same time, and what they ask for.

What does not belong here: the limits that it is held against (`bars.py`).
"""
