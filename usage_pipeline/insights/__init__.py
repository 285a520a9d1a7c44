"""What changed, what comes next: anomalies, forecasts and trends of daily series.

The statistics are pure functions of series, which are read through `metrics/`; `outlook/` says what forecasts
mean for billing periods, credits and limits. What they find is an estimate: nothing is billed or limited by it.
What does not belong here: tables and alerts made of it.
"""
