"""Anomalies of series: days that are not as those before them, and what explains the change."""
