"""The read API and the dashboard, over HTTP: who asks, what may be read, and how it is answered.

What does not belong here: numbers. They come from the rooms below, through `metrics/` or a reader of their own.
"""
