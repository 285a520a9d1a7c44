"""The tables of this folder: the reports that were written, and those that were sent."""

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
        ("last_change", "BIGINT", "The last `id` of `usage_versions` that was there when it was read."),
        ("written_at", "TIMESTAMPTZ", "When its numbers were read, shortly before its files were written."),
    ),
    rules=(
        "A report is written again with all formats that it has, so that its files never say different things.",
        "The report of a month is written when its last day is final, and again when numbers of it change later.",
    ),
    key=("tenant_id", "first_day", "last_day", "filters"),
    erasure=Erasure.REMOVED,
)

REPORT_MAILS = TableSpec(
    name="report_mails",
    description="The reports of subscriptions that went to the outbox: one row per subscription and period.",
    columns=columns(
        ("subscription_id", "VARCHAR", "Id of the subscription."),
        ("first_day", "DATE", "First day of the period, UTC."),
        ("last_day", "DATE", "Last day of the period, UTC."),
        ("tenant_id", "VARCHAR", "Tenant; empty for all together."),
        ("version", "BIGINT", "The version of the report that was sent last."),
        ("message_key", "VARCHAR", "The key of its message."),
        ("written_at", "TIMESTAMPTZ", "When the message was written."),
    ),
    rules=(
        "It is written in one transaction with the message, so that each period is sent once.",
        "A month that is corrected is sent again.",
    ),
    key=("subscription_id", "first_day", "last_day"),
    erasure=Erasure.REMOVED,
)

REPORT_TABLES = (REPORTS, REPORT_MAILS)
