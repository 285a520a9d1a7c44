"""Alerts: what raises and resolves them, and the messages that tell of it.

What does not belong here: how much of a limit is used (`limits/`), and sending messages (`delivery/`).
"""
