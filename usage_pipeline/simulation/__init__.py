"""Synthetic logs of the three platform sources, and a truth file with every total that they must give.

What belongs here: who uses how much when, the lines, their faults, and counting what was written. Nothing here
imports the pipeline: the formats and what a line counts as are restated, so that an error there shows up.
"""
