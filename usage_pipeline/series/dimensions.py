"""The dimensions and metrics, the same words on every surface."""

from usage_pipeline.storage.tables import Column, columns

DIMENSIONS = ("source", "type", "model", "member_id", "project", "feature", "agent", "agent_type", "status")
"""What usage can be grouped by, beside day and tenant."""

NONE = "(none)"
"""The group of records that have no value for a dimension."""

QUARTER_HOUR_DIMENSIONS = ("source", "type", "model")
"""What usage within a day can be grouped by, beside tenant."""


def _described(names: tuple[str, ...]) -> tuple[Column, ...]:
    return columns(*((name, "VARCHAR", f"{name.replace('_', ' ').capitalize()}, or {NONE}.") for name in names))


GRAIN: tuple[Column, ...] = (
    *columns(("day", "DATE", "Event day, UTC."), ("tenant_id", "VARCHAR", "Tenant.")),
    *_described(DIMENSIONS),
)

QUARTER_HOUR_GRAIN: tuple[Column, ...] = (
    *columns(
        ("day", "DATE", "Event day, UTC."),
        ("quarter_hour", "TIMESTAMP", "Start of the 15 minutes, UTC."),
        ("tenant_id", "VARCHAR", "Tenant."),
    ),
    *_described(QUARTER_HOUR_DIMENSIONS),
)

CUBE_METRICS: tuple[Column, ...] = columns(
    ("records", "BIGINT", "Usage records.", "records"),
    ("requests", "BIGINT", "Requests; a run counts its API calls.", "requests"),
    ("prompts", "BIGINT", "Prompts.", "prompts"),
    ("runs", "BIGINT", "Agent runs.", "runs"),
    ("messages", "BIGINT", "Messages.", "messages"),
    ("tokens_in", "BIGINT", "Input tokens, cached input included.", "tokens"),
    ("tokens_cached", "BIGINT", "Input tokens read from a cache.", "tokens"),
    ("tokens_cache_write", "BIGINT", "Input tokens written to a cache.", "tokens"),
    ("tokens_out", "BIGINT", "Output tokens, reasoning included.", "tokens"),
    ("tokens_reasoning", "BIGINT", "Reasoning tokens.", "tokens"),
    ("tokens_total", "BIGINT", "Input and output tokens.", "tokens"),
    ("personas_created", "BIGINT", "Personas created.", "personas"),
    ("personas_deleted", "BIGINT", "Personas deleted.", "personas"),
    ("timeline_appended", "BIGINT", "Timeline entries appended.", "entries"),
    ("timeline_superseded", "BIGINT", "Timeline entries superseded.", "entries"),
    ("files", "BIGINT", "Files uploaded.", "files"),
    ("bytes", "BIGINT", "Bytes uploaded or processed.", "bytes"),
    ("tool_calls", "BIGINT", "Tool calls.", "calls"),
    ("errors", "BIGINT", "Records that failed.", "records"),
)

CONVERSATIONS: Column = columns(
    ("conversations", "BIGINT", "Conversations that began on the day.", "conversations")
)[0]

METRICS = (*(column.name for column in CUBE_METRICS), CONVERSATIONS.name)
"""All additive metrics: the sum of days is the range, the sum of groups is the total."""
