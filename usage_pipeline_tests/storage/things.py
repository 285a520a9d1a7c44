"""A small table, for tests that are about storage and not about any table's meaning."""

from datetime import date

from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Term, Zone, columns

DAY = date(2026, 5, 1)
NEXT_DAY = date(2026, 5, 2)

THINGS = TableSpec(
    name="things",
    description="Things.",
    zone=Zone.LAKE,
    partitioned_by=PartitionedBy.EVENT_DAY,
    columns=columns(
        ("name", "VARCHAR", "Its name."),
        ("amount", "BIGINT", "How many."),
        ("found_in", "VARCHAR", "Where."),
    ),
    term=Term.KEPT,
    undigested=frozenset({"found_in"}),
)

ODD_NAMES = [
    "plain",
    "two words",
    "o'brien",
    'say "hi"',
    "a[1]b",
    "[",
    "star*",
    "why?",
    "{a,b}",
    "100%",
    "back\\slash",
    "Größe",
]
"""Names that a folder above the data may have."""
