"""From usage records to sums: cubes, quarter hours, conversations, the three series, and the status of a day.

Cubes lie in the rollups and outlive the records; the series lie in the warehouse. What does not belong
here: money (`costs/`) and reading numbers (`metrics/`).
"""
