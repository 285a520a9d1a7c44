"""The table of this folder: results of checks."""

from usage_pipeline.storage.tables import TableSpec, columns

CHECK_RESULTS = TableSpec(
    name="check_results",
    description="The last result of each check, one row per table, day and check.",
    columns=columns(
        ("table_name", "VARCHAR", "Table."),
        ("day", "DATE", "Event day or landing day, whichever the table is partitioned by."),
        ("check_name", "VARCHAR", "Check."),
        ("checked_by", "VARCHAR", "`suite` or `tallies`."),
        ("success", "BOOLEAN", "Whether it passed; null if there was nothing to compare."),
        ("severity", "VARCHAR", "`warning` or `error`, if it failed."),
        ("observed", "VARCHAR", "Counts, paths and reasons that it found."),
        ("expected", "VARCHAR", "What it expected."),
        ("numbers", "JSON", "Measured numbers by name."),
        ("details", "JSON", "One object for each fault."),
        ("run", "VARCHAR", "The run that checked."),
        ("checked_at", "TIMESTAMPTZ", "When it was checked."),
    ),
    key=("table_name", "day", "check_name"),
    nullable=frozenset({"success"}),
)
