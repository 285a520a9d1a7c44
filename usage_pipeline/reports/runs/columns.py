"""The columns of the run history. Those of records have their names and meanings."""

from usage_pipeline.events.record import FACTS
from usage_pipeline.storage.tables import columns

_FACTS = {column.name: column for column in FACTS}

WHOSE = ("member_id", "project", "feature", "agent", "agent_type", "task_id", "conversation_id")
"""What the start of a run says, too: it counts where the end says nothing."""
RESOURCES = (
    *("model", "provider", "tokens_in", "tokens_cached", "tokens_cache_write", "tokens_out", "tokens_reasoning"),
    *("tokens_total", "api_calls", "tool_calls", "web_searches", "bytes"),
)
"""What the end of a run says."""
RUN_TEXTS = ("input", "output", "error")
"""The texts that may be asked for."""

RUN_COLUMNS = (
    *columns(
        ("day", "DATE", "The day on which the run ended; of one that has not, the day on which it started. UTC."),
        ("tenant_id", "VARCHAR", "Tenant."),
        ("source", "VARCHAR", "The format that read the log."),
        ("type", "VARCHAR", "`agent_run`, or `agent_run_started` of a run that has not ended."),
        ("run_id", "VARCHAR", "Id of the run."),
        ("status", "VARCHAR", "Outcome, as logged."),
        ("started_at", "TIMESTAMP", "When it began, UTC; null if no line says so.", "µs"),
        ("ended_at", "TIMESTAMP", "When it ended, UTC; null of a run that has not.", "µs"),
        ("duration_ms", "BIGINT", "How long it took.", "ms"),
    ),
    *(_FACTS[name] for name in (*WHOSE, *RESOURCES)),
    *columns(
        (
            "cost",
            "DECIMAL(38,12)",
            "Its cost by the price book of the day; null if any of it has no price.",
            "USD",
        ),
        ("unpriced", "VARCHAR", "The reason why it has no cost; null with one."),
        ("credits", "DECIMAL(38,12)", "Its credits by the rates of the day; null without a rate.", "credits"),
        ("unrated", "VARCHAR", "The reason why it has no credits; null with some."),
    ),
    *(_FACTS[name] for name in ("reported_cost", "currency", "reported_credits", "error_code", "meta")),
)
