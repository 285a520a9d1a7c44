"""Simulated logs of the three platform sources, and a truth file with every total that the pipeline must find.

Nothing here imports the pipeline. Formats, counting and pricing are written again, so that an error there shows.
"""
