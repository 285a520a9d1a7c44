"""Forecasts of series: models, the backtest that chooses among them, and simulated paths that give the ranges.

The models work on many series at once, as rows of a matrix, because a deployment has thousands of them.
"""
