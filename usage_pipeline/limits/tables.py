"""The tables of this folder: how all limits stand, and what a gateway needs to decide by itself."""

from usage_pipeline.limits.limited import LIMITED_METRICS, SCOPED
from usage_pipeline.storage.tables import Erasure, TableSpec, columns

LIMIT_STATUS = TableSpec(
    name="limit_status",
    description=(
        "How the limits of `limits.yaml` stood at the last refresh: one row per limit, tenant and value of its "
        "scope. Each refresh replaces all rows."
    ),
    columns=columns(
        ("limit_id", "VARCHAR", "Id of the limit."),
        ("tenant_id", "VARCHAR", "Tenant."),
        *((name, "VARCHAR", f"The {name} whose usage counts; empty without a restriction.") for name in SCOPED),
        ("limit_version", "VARCHAR", "Digest of what is limited, by which period and amount."),
        ("metric", "VARCHAR", f"One of {', '.join(LIMITED_METRICS)}."),
        ("period", "VARCHAR", "`day`, `week`, `month`, `billing` or `rolling N days`."),
        ("first_day", "DATE", "First day of the period, UTC."),
        ("last_day", "DATE", "Last day of the period, UTC."),
        ("amount", "DECIMAL(38,12)", "What may be used in the period.", "that of the metric"),
        ("used", "DECIMAL(38,12)", "What was used in it so far.", "that of the metric"),
        ("remaining", "DECIMAL(38,12)", "Amount less used: below zero where it is over.", "that of the metric"),
        ("share", "DECIMAL(38,4)", "Used of the amount, rounded down.", "percent"),
        ("threshold", "INTEGER", "The highest threshold that is reached; null if none is.", "percent"),
        (
            "first_day_over",
            "DATE",
            "The day since which it is over; null if it is not, or rolls and was so before its period.",
        ),
        (
            "projected",
            "DECIMAL(38,12)",
            "The use at the end of the period if it goes on as so far; null at its beginning, and if it rolls.",
            "that of the metric",
        ),
        ("incomplete", "BOOLEAN", "Some of the usage has no price or no rate, and is not in `used`."),
        ("missing_days", "BIGINT", "Days of the period so far without logs, or not computed yet.", "days"),
        ("action", "VARCHAR", "`alert` or `block`."),
        ("as_of", "TIMESTAMPTZ", "The instant that the row is true for."),
    ),
    rules=(
        "Commands that change usage refresh it, the sensor `changed_usage` after runs, and `limits` every hour.",
        "A limit of each tenant or of each value has a row for every one, with the whole amount for itself.",
        "A threshold is reached when that percentage was used. A limit is over when more than its amount was.",
        "A limit follows the published numbers: it changes with late usage, voids and re-rating.",
    ),
    key=("limit_id", "tenant_id", *SCOPED),
    nullable=frozenset({"threshold", "first_day_over", "projected"}),
    erasure=Erasure.REMOVED,
)

LIMIT_DECISIONS = TableSpec(
    name="limit_decisions",
    description=(
        "What remains of each limit and of the credits of each tenant, so that a gateway can decide by itself. "
        "The file `data/limits/decisions.parquet` has the same rows. Each refresh replaces all."
    ),
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("limit_id", "VARCHAR", "Id of the limit; empty for the credits of the tenant."),
        *(
            (name, "VARCHAR", f"The {name} that it is about; empty for all, * for each without a row of its own.")
            for name in SCOPED
        ),
        ("metric", "VARCHAR", "What remains."),
        (
            "remaining",
            "DECIMAL(38,12)",
            "What may still be used; below zero where it is over.",
            "that of the metric",
        ),
        ("amount", "DECIMAL(38,12)", "What remains when a period begins; null for credits.", "that of the metric"),
        ("action", "VARCHAR", "`block` if a request for more is refused, else `alert`."),
        ("status", "INTEGER", "The HTTP status of the refusal: 402 for credits, 403 for limits."),
        ("valid_until", "TIMESTAMPTZ", "When the period ends; null for credits."),
        ("as_of", "TIMESTAMPTZ", "The instant that the row is true for; of credits that of the last posting."),
    ),
    rules=(
        "A request is allowed if what it asks for is not more than what remains, in all rows that are about it.",
        "After `valid_until` the next period has begun: of a rolling one no less remains, of others the amount.",
        "Credits are those that the ledger has left, less the overage that no grant has paid for.",
        "Every tenant that is known has a row of credits; nothing is allowed of one without.",
    ),
    key=("tenant_id", "limit_id", *SCOPED),
    nullable=frozenset({"amount", "valid_until"}),
    erasure=Erasure.REMOVED,
)
