"""Insights as of each day that are kept: trends, anomalies, forecasts and their accuracy, recommendations.

What does not belong here: how they are computed from series, and what people are told of them.
"""
