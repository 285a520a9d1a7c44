"""Sending messages: the outbox that keeps them until they are delivered, and the channels that deliver them.

What a message says and when one is due does not belong here, but to what raises it: alerts and reports.
"""
