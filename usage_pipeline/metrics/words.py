"""The words of queries: what can be grouped and filtered by, and what can be asked for.

What is refused of them, and what a query is made of, stands in `queries.py`.
"""

from usage_pipeline.registry import DIMENSION_NAMES, METRIC_NAMES, PRICING_DIMENSION_NAMES, WITHIN_DAY_NAMES

BY_TENANT = {"tenant": "tenant_id"}
GROUPS = {"day": "day", **BY_TENANT, **{name: name for name in DIMENSION_NAMES}}
"""What usage can be grouped and filtered by, and the cube's column behind each word."""

UNRATED = "unrated"
USAGE_GROUPS = {**GROUPS, UNRATED: UNRATED}
"""The same with the reason why operations have no credits."""
CREDIT_METRICS = ("operations", "unrated_operations", "credits")
"""Operations, those of them without a rate, and the credits of the others."""
USAGE_METRICS = (*METRIC_NAMES, *CREDIT_METRICS)
"""What can be asked for of usage."""

COST_GROUPS = {
    **GROUPS,
    **{name: name for name in PRICING_DIMENSION_NAMES},
    "class": "class",
    "price": "price_id",
    "unpriced": "unpriced",
}
"""The same of costs."""

REPORTED_COST_GROUPS = {"day": "day", **BY_TENANT, "model": "model", "record": "record_id"}
"""The same of costs that sources report."""
REPORTED_COST_METRICS = ("records", "reported_cost")

INTERVAL_GROUPS = {**BY_TENANT, **{name: name for name in WITHIN_DAY_NAMES}}
"""The same of intervals."""

PERFORMANCE_GROUPS = (("day",), ("model",), ("day", "model"), ("day", "tenant"), ("model", "tenant"))
"""What performance can be grouped by; without groups it is of all days together."""

COST_METRICS = ("tokens", "unpriced_tokens", "fees", "unpriced_requests", "unpriced_tool_calls", "amount")
UNPRICED_FEES = ("unpriced_requests", "unpriced_tool_calls")
COVERAGES = {
    "coverage": ("tokens", "unpriced_tokens"),
    "fee_coverage": ("fees", *UNPRICED_FEES),
}
"""Percentages of an answer: of what, and which parts of it have no price. Each follows the last of them."""
DECIMAL_METRICS = ("amount", "credits", "reported_cost")
"""Those that are no whole numbers."""
PUBLISHED_COST_METRICS = ("tokens", "amount")
"""Those that are kept of each version."""
SERIES = ("tokens", "conversations", "messages")
PERFORMANCE_METRICS = (
    *("requests", "errors", "error_percent", "p50_ms", "p95_ms", "p99_ms"),
    *("tokens_per_request", "bytes_per_request"),
)
RELATED_IDS = (
    *("conversation_id", "message_id", "task_id", "contact_id", "blueprint_id", "bot_id"),
    *("dataset_id", "skillset_id", "ability_id", "persona_id", "session_id"),
)
"""What a record can belong to besides the dimensions."""
RESOURCES = {
    "bots": "bot_id",
    "blueprints": "blueprint_id",
    "datasets": "dataset_id",
    "skillsets": "skillset_id",
    "abilities": "ability_id",
    "contacts": "contact_id",
    "tasks": "task_id",
    "conversations": "conversation_id",
    "personas": "persona_id",
    "sessions": "session_id",
    "members": "member_id",
    "projects": "project",
    "features": "feature",
    "agents": "agent",
    "models": "model",
}
"""What is counted once however many records have it, and the column of records behind each word."""
QUALITY_GROUPS = (("issue_type",), ("issue_type", "tenant"))
"""What quality can be grouped by."""
QUALITY_METRICS = ("checks", "clean_percent", "issues", "issues_per_1000_prompts")
STOCKS = {
    "personas": ("personas_created", "personas_deleted"),
    "timeline_entries": ("timeline_appended", "timeline_superseded"),
}
"""The stocks, each with the metrics that add to it and that take away from it."""
