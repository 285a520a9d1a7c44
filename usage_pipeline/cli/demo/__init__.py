"""The command `demo`: simulated logs of a platform, landed, computed and compared with their known totals."""
