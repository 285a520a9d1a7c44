"""What changed, what comes next, what to do: anomalies, forecasts and trends of daily series, and recommendations.

The statistics are pure functions of series, which are read through `metrics/`; `outlook/` says what forecasts
mean for billing periods, credits and limits, and `kept/` keeps what is found as of each day. It is an estimate:
nothing is billed or limited by it. What does not belong here: alerts and reports made of it.
"""
