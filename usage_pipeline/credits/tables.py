"""The tables of credit usage: the cube, and the seconds that balances are computed from."""

from usage_pipeline.credits.charges import CreditCharges, Unrated
from usage_pipeline.records.tables import METERED_RECORDS
from usage_pipeline.series.tables import GRAIN
from usage_pipeline.storage.daily import DailyTable, Derived, Plot, SqlFile, Versioned
from usage_pipeline.storage.tables import DAY_AND_TENANT, PartitionedBy, TableSpec, Zone, columns

_CREDITED = (
    *METERED_RECORDS,
    CreditCharges(),
    Derived("credited_records", SqlFile.beside(__file__, "credited_records")),
)
"""The inputs of the cubes: `credited_records`, and its own inputs."""

CREDIT_USAGE = DailyTable(
    spec=TableSpec(
        name="credit_usage",
        description=(
            "The cube of credits: operations with their computed and reported credits by tenant and dimension, "
            "one row per combination that occurs. It outlives the records."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *GRAIN,
            *columns(
                ("unrated", "VARCHAR", f"Why there are no credits: {', '.join(Unrated)}; empty with a rate."),
                ("operations", "BIGINT", "Requests, and other records of a type with rates.", "operations"),
                ("credits", "DECIMAL(38,12)", "Their credits by the rates; null without a rate.", "credits"),
                ("reporting_records", "BIGINT", "Records whose source reports credits.", "records"),
                ("reported_credits", "DECIMAL(38,24)", "What they report; null if none does.", "credits"),
                ("credit_rate_version", "VARCHAR", "The rates that the day is rated with."),
            ),
        ),
        rules=(
            (
                "Credits of an operation: its base, tokens, bytes and tool calls by their rates, times the factor "
                "of its feature, at least the minimum; rounded half away from zero to 12 places. Everything else "
                "is a sum of those."
            ),
            "Without a rate the operation is counted and its credits are null: never zero, never a guess.",
            "A day keeps the rates that it was first rated with. Only the command `rerate` moves it.",
            "Each committed change of a tenant's model and type is kept in `usage_versions`, with its cause.",
        ),
    ),
    sql=SqlFile.beside(__file__, "credit_usage"),
    inputs=_CREDITED,
    plots=(
        Plot("credits", "sum(credits)"),
        Plot("unrated_operations", "sum(CASE WHEN credits IS NULL THEN operations ELSE 0 END)"),
    ),
    versioned=Versioned(
        quantity="operations",
        amount="credits",
        price_book_version="credit_rate_version",
        keys=(("model", "model"), ("class", "type")),
    ),
)

CREDIT_SECONDS = DailyTable(
    spec=TableSpec(
        name="credit_seconds",
        description=(
            "The credits that each tenant used, by the second, one row per second with usage. Balances are "
            "computed from it. It outlives the records."
        ),
        zone=Zone.ROLLUPS,
        partitioned_by=PartitionedBy.EVENT_DAY,
        columns=(
            *DAY_AND_TENANT,
            *columns(
                ("used_at", "TIMESTAMP", "Start of the second, UTC."),
                ("credits", "DECIMAL(38,12)", "Credits that its operations used.", "credits"),
            ),
        ),
        rules=(
            "An event is of the second in which it happened. Operations without a rate are in none.",
            (
                "Grants begin and end at whole seconds, so a second is never divided: an event in the second "
                "that a grant begins with is paid by it, one in the second that it ends with is not."
            ),
        ),
    ),
    sql=SqlFile.beside(__file__, "credit_seconds"),
    inputs=_CREDITED,
    plots=(Plot("credits", "sum(credits)"),),
)
