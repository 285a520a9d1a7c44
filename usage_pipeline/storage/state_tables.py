"""The tables of the state: files, partitions, line tallies, the audit log, versions, and bound settings.

The state, not the file system or Dagster's event log, records what happened. A state table that only one folder
above this one reads is declared there.
"""

from usage_pipeline.storage.tables import Erasure, TableSpec, columns

LANDING_FILES = TableSpec(
    name="landing_files",
    description="What became of each landing file, one row per file.",
    columns=columns(
        ("path", "VARCHAR", "Path below the landing directory."),
        ("source", "VARCHAR", "The format, from the folder's name."),
        ("landing_day", "DATE", "From the folder's name."),
        ("size", "BIGINT", "To notice a changed file without reading it.", "bytes"),
        ("mtime_ns", "BIGINT", "Modification time since 1970, for the same purpose.", "ns"),
        ("content_digest", "VARCHAR", "SHA-256 of the decompressed bytes."),
        ("identity_digest", "VARCHAR", "The part of record ids where lines have no ids."),
        ("object_name", "VARCHAR", "The object in the lake."),
        ("format_digest", "VARCHAR", "The format that read the file."),
        ("state", "VARCHAR", "`landed`, `quarantined`, `failed` or `withdrawn`."),
        ("error", "VARCHAR", "The reason, if it is not `landed`."),
        ("lines", "BIGINT", "All lines. With `further_events` they are the sum of the following seven.", "lines"),
        ("header", "BIGINT", "Header lines.", "lines"),
        ("continuation", "BIGINT", "Further lines of a record.", "lines"),
        ("blank", "BIGINT", "Lines without text.", "lines"),
        ("skipped", "BIGINT", "Lines that are no events, by `skip` of the format.", "lines"),
        (
            "superseded",
            "BIGINT",
            "Lines whose id another line of the file has, by `repeats` of the format.",
            "lines",
        ),
        ("accepted", "BIGINT", "Accepted lines.", "lines"),
        ("rejected", "BIGINT", "Rejected lines.", "lines"),
        ("landed_at", "TIMESTAMPTZ", "When this content began to count."),
        ("run", "VARCHAR", "The run that read it last."),
        ("vanished_at", "TIMESTAMPTZ", "When the file was first missing from the landing directory."),
        ("further_events", "BIGINT", "Events that are not the first of their line.", "lines"),
        ("totals_compared", "BIGINT", "Accepted lines that report a total beside input or output.", "lines"),
        ("totals_apart", "BIGINT", "Those whose total is not input plus output.", "lines"),
        ("tokens_apart", "BIGINT", "Their totals minus input and output.", "tokens"),
        ("unique_within_days", "INTEGER", "That of the format, when it read the file.", "days"),
        ("rejects_pruned", "BIGINT", "Rejected lines that were past their term and are gone.", "lines"),
        ("accepted_pruned", "BIGINT", "Accepted lines whose records are pruned.", "lines"),
        ("pruned_at", "TIMESTAMPTZ", "When the file was past its term and was removed."),
        ("uncompared", "BIGINT", "Superseded lines without the number by which `repeats` compares.", "lines"),
        (
            "digest_before_erasure",
            "VARCHAR",
            "The `content_digest` that it had before something of it was erased last: so it does not land again.",
        ),
        ("erased_at", "TIMESTAMPTZ", "When something of it was erased last."),
    ),
    key=("path",),
    nullable=frozenset(
        (
            *("content_digest", "identity_digest", "object_name", "error", "vanished_at", "pruned_at"),
            *("digest_before_erasure", "erased_at"),
        )
    ),
    indexes=(("ix_usage_landing_files_landing_day", ("landing_day",)),),
)

LANDING_EVENT_DAYS = TableSpec(
    name="landing_event_days",
    description="The rows of a landing file on an event day, one row per file and day.",
    columns=columns(
        ("path", "VARCHAR", "Path of the file."),
        ("event_day", "DATE", "Event day, UTC."),
        ("rows", "BIGINT", "Accepted lines of the day.", "lines"),
        ("digest", "VARCHAR", "Digest of these rows."),
        ("pruned_rows", "BIGINT", "Those of them whose records are pruned.", "lines"),
    ),
    key=("path", "event_day"),
    indexes=(("ix_usage_landing_event_days_event_day", ("event_day",)),),
)

PRUNED_TENANTS = TableSpec(
    name="pruned_tenants",
    description="How far the records of a tenant are pruned, one row per tenant that has lost any.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_kept", "DATE", "The first event day whose records are kept."),
    ),
    rules=(
        "What happened before `first_kept` is in no lake table, does not land any more, and stays in the rollups.",
    ),
    key=("tenant_id",),
    erasure=Erasure.REMOVED,
)

ERASED_TENANTS = TableSpec(
    name="erased_tenants",
    description="Tenants that were erased, one row per tenant, without its id.",
    columns=columns(
        ("tenant_digest", "VARCHAR", "Keyed digest of the id."),
        ("first_kept", "DATE", "The first event day whose records land again."),
    ),
    rules=("What happened before `first_kept` is in the sums of `erased`, and does not land any more.",),
    key=("tenant_digest",),
)

PARTITION_STATE = TableSpec(
    name="partition_state",
    description="The state of each partition, one row per table and day.",
    columns=columns(
        ("table_name", "VARCHAR", "Table."),
        ("day", "DATE", "Event day or landing day, whichever the table is partitioned by."),
        ("state", "VARCHAR", "`writing`, `failed` or `committed`."),
        (
            "inputs_digest",
            "VARCHAR",
            "Digest of the inputs. If they have another one now, the partition is stale.",
        ),
        ("output_digest", "VARCHAR", "Digest of the rows."),
        ("engine_version", "VARCHAR", "DuckDB's version, on which digests of rows depend."),
        ("code_version", "VARCHAR", "Digest of the SELECT, or of the landing rules."),
        ("version", "INTEGER", "Grows with each change of the output digest; 0 before the first commit."),
        ("rows", "BIGINT", "Number of rows.", "rows"),
        ("duplicates", "BIGINT", "Of `usage_records`: lines with the id and content of a record.", "lines"),
        ("conflicts", "BIGINT", "Of `usage_records`: lines with the id and another content.", "lines"),
        (
            "late_records",
            "BIGINT",
            "Of `usage_records`: records that landed later than on the next day.",
            "records",
        ),
        ("voided", "BIGINT", "Of `usage_records`: lines that a void took back.", "lines"),
        ("voids", "BIGINT", "Of `usage_records`: voids.", "lines"),
        ("unmatched_voids", "BIGINT", "Of `usage_records`: voids that found no record.", "lines"),
        ("run", "VARCHAR", "The run that wrote it last."),
        ("committed_at", "TIMESTAMPTZ", "The last commit."),
        ("changed_at", "TIMESTAMPTZ", "The last change of the output digest."),
    ),
    key=("table_name", "day"),
    nullable=frozenset(
        (
            *("inputs_digest", "output_digest", "engine_version", "code_version", "rows"),
            *("duplicates", "conflicts", "late_records", "voided", "voids", "unmatched_voids"),
            *("committed_at", "changed_at"),
        )
    ),
)

LINE_TALLIES = TableSpec(
    name="line_tallies",
    description="What became of accepted lines, one row per event day and landing file.",
    columns=columns(
        ("day", "DATE", "Event day, UTC."),
        ("path", "VARCHAR", "Path of the file."),
        ("landed", "BIGINT", "Accepted lines: the sum of the following five.", "lines"),
        ("records", "BIGINT", "Lines that are records.", "lines"),
        ("duplicates", "BIGINT", "Lines with the id and content of a record.", "lines"),
        ("conflicts", "BIGINT", "Lines with the id and another content.", "lines"),
        ("voided", "BIGINT", "Lines that a void took back.", "lines"),
        ("voids", "BIGINT", "Voids.", "lines"),
    ),
    key=("day", "path"),
)

AUDIT_LOG = TableSpec(
    name="audit_log",
    description="Acts on files and records, one row per act. Rows are only added.",
    columns=columns(
        ("id", "BIGINT", "Counts up."),
        ("at", "TIMESTAMPTZ", "When."),
        ("by", "VARCHAR", "The person, or `pipeline`."),
        (
            "action",
            "VARCHAR",
            (
                "`quarantined`, `failed`, `released`, `withdrawn`, `changed`, `vanished`, `voided`, `pruned` or "
                "`erased`."
            ),
        ),
        ("subject", "VARCHAR", "Path of the file, or id of the erasure."),
        ("reason", "VARCHAR", "Why."),
        ("details", "JSONB", "Digests, counts and the run."),
    ),
    key=("id",),
    indexes=(("ix_usage_audit_log_subject", ("subject",)),),
)

USAGE_VERSIONS = TableSpec(
    name="usage_versions",
    description=(
        "Each change of a published number, one row per table, day, version and tenant; of `tenant_costs` and "
        "`credit_usage` one row per model and class. Rows are only added."
    ),
    columns=columns(
        ("id", "BIGINT", "Counts up."),
        ("table_name", "VARCHAR", "Table."),
        ("day", "DATE", "Event day, UTC."),
        ("version", "INTEGER", "The day's version in `partition_state`."),
        ("tenant_id", "VARCHAR", "Tenant."),
        ("model", "VARCHAR", "Of costs and credits: model."),
        ("class", "VARCHAR", "Of `tenant_costs`: class. Of `credit_usage`: type of the operations."),
        ("quantity", "DECIMAL(38,12)", "The new number; 0 if the row is gone.", "that of the table"),
        ("amount", "DECIMAL(38,12)", "The new cost or credits; null without a price or rate.", "USD or credits"),
        ("price_book_version", "VARCHAR", "The price book, or the credit rates."),
        ("cause", "VARCHAR", "`first`, `late`, `restate`, `withdraw`, `void` or `rerate`."),
        ("committed_at", "TIMESTAMPTZ", "When the version was committed."),
    ),
    rules=(
        (
            "The cause follows from events on files of the day or of its look-back since the version before: "
            "`withdraw`, `void`, `late`, otherwise `restate`. If nothing happened to these, and other lines are "
            "duplicates or conflicts now, it is that of days nearby (`unique_within_days`)."
        ),
        "It is `rerate` where another price book or other credit rates apply, and no file changed the quantity.",
    ),
    key=("id",),
    nullable=frozenset({"model", "class", "quantity", "amount", "price_book_version"}),
    indexes=(("ix_usage_versions_table_day", ("table_name", "day", "tenant_id")),),
    erasure=Erasure.REMOVED,
)

DEPLOYMENT = TableSpec(
    name="deployment",
    description="The settings that the first landing binds the warehouse to, one row per setting.",
    columns=columns(
        ("name", "VARCHAR", "`digest_key` or `lookback_days`."),
        ("value", "VARCHAR", "The look-back, or a digest of the key."),
    ),
    key=("name",),
)

STATE_TABLES = (
    *(LANDING_FILES, LANDING_EVENT_DAYS, PRUNED_TENANTS, ERASED_TENANTS, PARTITION_STATE, LINE_TALLIES),
    *(AUDIT_LOG, USAGE_VERSIONS, DEPLOYMENT),
)
