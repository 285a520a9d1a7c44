"""The usage record, the event catalogue, source formats, and landing, which makes records of log lines.

Deduplication is in `records/`, sums are in `series/`.
"""
