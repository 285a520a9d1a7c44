"""What can be limited, and for whom; without what it takes to read `limits.yaml`."""

from usage_pipeline.registry import METRIC_NAMES

COST, CREDITS = "cost", "credits"
LIMITED_METRICS = (*METRIC_NAMES, COST, CREDITS)
SCOPED = ("member_id", "project", "model")
"""The dimensions by which a limit can be restricted."""
