"""The history of agent runs, one row per run, as files of rows.

What does not belong here: how files are written (`formats/`).
"""
