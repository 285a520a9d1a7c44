"""The tables of this folder: closed billing periods, and the costs, credits and plans that they froze."""

from usage_pipeline.storage.tables import Erasure, TableSpec, columns

NEXT_PERIOD = "next_period"
"""The `late_usage` of a closed period whose statement stays as it was closed."""

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

CLOSED_CREDITS = TableSpec(
    name="closed_credits",
    description=(
        "The credits that a closing froze, one row per tenant, period and grant, and one of the overage. Rows are "
        "only added."
    ),
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_day", "DATE", "The period's first day, UTC."),
        ("grant_id", "VARCHAR", "The grant; empty for overage."),
        ("kind", "VARCHAR", "The kind of the grant in `credit_ledger`, or `overage`."),
        ("opening", "DECIMAL(38,12)", "What was left of it before the period; of overage below zero.", "credits"),
        ("adjusted", "DECIMAL(38,12)", "What became known of periods before after they were closed.", "credits"),
        ("granted", "DECIMAL(38,12)", "What it began with, if that did not roll over.", "credits"),
        ("rolled_in", "DECIMAL(38,12)", "What it began with, if that rolled over.", "credits"),
        ("used", "DECIMAL(38,12)", "Usage that it paid for, and overage that it repaid.", "credits"),
        ("rolled_out", "DECIMAL(38,12)", "What rolled over into the next period.", "credits"),
        ("expired", "DECIMAL(38,12)", "What expired.", "credits"),
        ("voided", "DECIMAL(38,12)", "What a void took.", "credits"),
        ("lowered", "DECIMAL(38,12)", "What an adjustment below 0 took.", "credits"),
    ),
    rules=(
        (
            "Left at the end = opening + adjusted + granted + rolled in - used - rolled out - expired - voided "
            "- lowered."
        ),
        "What is left at the end expires or rolls over at the first instant of the next period, and is of that.",
    ),
    key=("tenant_id", "first_day", "grant_id"),
    erasure=Erasure.REMOVED,
)

CLOSED_PLANS = TableSpec(
    name="closed_plans",
    description="The plans that a closing froze, one row per tenant, period and plan. Rows are only added.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_day", "DATE", "The period's first day, UTC."),
        ("plan", "VARCHAR", "Plan."),
        ("plan_from", "DATE", "Its first day in the period, UTC."),
        ("plan_to", "DATE", "Its last day in the period, UTC."),
        ("monthly_credits", "DECIMAL(38,12)", "Credits of a whole period.", "credits"),
        ("price", "DECIMAL(38,12)", "Price of a whole period; null without one.", "currency"),
        ("currency", "VARCHAR", "Its currency; null without a price."),
        ("overage", "VARCHAR", "`allow` or `deny`, of usage that the credits do not cover."),
    ),
    key=("tenant_id", "first_day", "plan_from"),
    nullable=frozenset({"price", "currency"}),
    erasure=Erasure.REMOVED,
)

BILLING_TABLES = (CLOSED_PERIODS, CLOSED_COSTS, CLOSED_CREDITS, CLOSED_PLANS)
