"""The errors with which a benchmark ends."""


class BenchError(Exception):
    """Something without which there are no numbers to show; the message says what, where and what to do."""
