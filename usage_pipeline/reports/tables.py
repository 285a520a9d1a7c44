"""The table of this folder: the reports that were written."""

from usage_pipeline.storage.tables import Erasure, TableSpec, columns

REPORTS = TableSpec(
    name="reports",
    description="The reports whose files are in the folder `reports`: one row per tenant, period and filters.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant; empty for all together."),
        ("first_day", "DATE", "First day of the period, UTC."),
        ("last_day", "DATE", "Last day of the period, UTC."),
        ("filters", "VARCHAR", "The filters as JSON; empty without any."),
        ("folder", "VARCHAR", "Its folder below the data directory."),
        ("formats", "VARCHAR", "Its formats, in order, with commas between them."),
        ("data_version", "VARCHAR", "Digest of what it says of usage, costs and credits."),
        ("version", "BIGINT", "1 for the first; each change of what it says is one more."),
        ("is_final", "BOOLEAN", "Whether all days of the period were final when it was written."),
        ("corrected", "BOOLEAN", "Whether what an earlier, final version said has changed."),
        ("last_change", "BIGINT", "The last `id` of `usage_versions` that was there when it was written."),
        ("written_at", "TIMESTAMPTZ", "When its files were written."),
    ),
    rules=(
        "A report is written again with all formats that it has, so that its files never say different things.",
        "The report of a month is written when its last day is final, and again when numbers of it change later.",
    ),
    key=("tenant_id", "first_day", "last_day", "filters"),
    erasure=Erasure.REMOVED,
)
