"""The names of the additive metrics, in the order in which tables of the warehouse hold them.

Apart from `schema.py`, because Dagster loads them with its definitions and SQLAlchemy is slow to import. What
a metric means is said in `series/dimensions.py`.
"""

BREAKDOWN_METRICS = (
    *("records", "requests", "prompts", "runs", "messages", "conversations"),
    *("tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_reasoning", "tokens_total"),
    *("personas_created", "personas_deleted", "timeline_appended", "timeline_superseded"),
    *("files", "bytes", "tool_calls", "errors"),
)
