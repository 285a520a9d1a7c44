"""The tables of credit rates: their versions, and the version that each day is rated with."""

from usage_pipeline.storage.tables import TableSpec, columns

CREDIT_RATE_VERSIONS = TableSpec(
    name="credit_rate_versions",
    description="The credit rates that days were rated with, one row per version.",
    columns=columns(
        ("version", "VARCHAR", "Digest of the document."),
        ("first_used_at", "TIMESTAMPTZ", "When a day was first pinned to it."),
        ("document", "VARCHAR", "The entry of `credit_rates.yaml`, as JSON."),
    ),
    key=("version",),
)

CREDIT_RATED_DAYS = TableSpec(
    name="credit_rated_days",
    description="The credit rates that each event day is pinned to, one row per day.",
    columns=columns(
        ("day", "DATE", "Event day, UTC."),
        ("credit_rate_version", "VARCHAR", "Version of the credit rates."),
        ("pinned_at", "TIMESTAMPTZ", "When the day was pinned."),
    ),
    key=("day",),
)
