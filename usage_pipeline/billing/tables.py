"""The tables of this folder: closed billing periods, and the costs that they froze."""

from usage_pipeline.storage.tables import Erasure, TableSpec, columns

CLOSED_PERIODS = TableSpec(
    name="closed_periods",
    description="Closed billing periods, one row per tenant and period.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_day", "DATE", "The period's first day, UTC."),
        ("last_day", "DATE", "The period's last day, UTC."),
        ("late_usage", "VARCHAR", "`restate` or `next_period`, from the plan at the closing."),
        ("closed_at", "TIMESTAMPTZ", "When it was closed."),
        ("by", "VARCHAR", "The person, or `usage-pipeline` for a period that was due."),
        ("reason", "VARCHAR", "The reason given."),
        ("forced", "BOOLEAN", "Closed although something blocked it."),
        ("last_change", "BIGINT", "The last `id` of `usage_versions` that the closing knew."),
        ("digest", "VARCHAR", "Digest of the frozen costs."),
    ),
    rules=(
        "`usage-pipeline run`, and the job `close_periods` every night, close the periods that are due.",
        "A period is due when its last day is final; a missing or stale day, or an unusable file, blocks it.",
    ),
    key=("tenant_id", "first_day"),
    nullable=frozenset({"reason"}),
    erasure=Erasure.SUMMED,
)

CLOSED_COSTS = TableSpec(
    name="closed_costs",
    description="The costs that a closing froze, one row per tenant, period, day, model and class.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_day", "DATE", "The period's first day, UTC."),
        ("day", "DATE", "Event day, UTC."),
        ("model", "VARCHAR", "Model."),
        ("class", "VARCHAR", "Class, as in `tenant_costs`."),
        ("quantity", "BIGINT", "Tokens, requests or tool calls.", "tokens, requests or calls"),
        ("unpriced_quantity", "BIGINT", "How many of them have no price.", "tokens, requests or calls"),
        ("amount", "DECIMAL(38,12)", "Cost of those with a price; null where none has.", "USD"),
        ("price_book_version", "VARCHAR", "The price book that the day was rated with."),
        ("version", "INTEGER", "The day's version of `tenant_costs`."),
    ),
    key=("tenant_id", "first_day", "day", "model", "class"),
    nullable=frozenset({"amount"}),
    erasure=Erasure.SUMMED,
)
