"""How assets look in the UI: their specs, the numbers of each partition, and tables in Markdown."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.daily import ACCOUNTED, DailyTable
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Zone

if TYPE_CHECKING:
    from usage_pipeline.storage.state import Partition

Metadata = dict[str, int | float | str | dg.MetadataValue]

ROW_COUNT = "dagster/partition_row_count"
"""The rows of a partition, under the name that the UI charts."""

OWNERS = ["team:usage-platform"]

SHOWN_ROWS = 40
"""Of tables that grow with the days; all metadata is kept."""

_KINDS = {
    Zone.LAKE: {"duckdb", "parquet"},
    Zone.ROLLUPS: {"duckdb", "parquet"},
    Zone.WAREHOUSE: {"duckdb", "postgres"},
}

OUTPUT_DIGEST = "output_digest"

SKIPPED = "skipped"
"""Marks the materialization of a day that the step did not make."""

NO_MAPPING = (
    "No partition mapping connects landing days and event days: a landing day holds events of several days, and "
    "only its files say of which. The state records it. In Dagster each day depends on the same day, which orders "
    "a backfill and nothing else."
)


def daily_spec(
    table: DailyTable, group: str, freshness: dg.FreshnessPolicy | None, further: Sequence[dg.AssetSpec | str] = ()
) -> dg.AssetSpec:
    """The asset of an event-day table, which depends on the tables that it reads and on what else is named."""
    notes = [NO_MAPPING] if LANDED_EVENTS.name in table.upstream else []
    spec = table_spec(table.spec, group, *notes)
    return spec.replace_attributes(
        deps=[*table.upstream, *further],
        code_version=table.code_version,
        freshness_policy=freshness,
        skippable=True,
    )


def table_spec(spec: TableSpec, group: str, *notes: str) -> dg.AssetSpec:
    """The asset of a table, with all that is known of it before anything runs; notes follow its rules."""
    return dg.AssetSpec(
        spec.name,
        description=description(spec, *notes),
        group_name=group,
        owners=OWNERS,
        kinds=_KINDS[spec.zone],
        tags={"partitioned_by": spec.partitioned_by.value}
        if spec.partitioned_by is not PartitionedBy.NOTHING
        else {},
        metadata={
            "dagster/column_schema": dg.MetadataValue.table_schema(_column_schema(spec)),
            "dagster/table_name": dg.MetadataValue.text(spec.place),
            "retention": dg.MetadataValue.text(spec.term.meaning),
        },
    )


def description(spec: TableSpec, *notes: str) -> str:
    """The table's meaning and grain, and the rules that decide its rows, in Markdown."""
    return "\n".join([spec.description, "", *(f"- {rule}" for rule in (*spec.rules, *notes))])


def _column_schema(spec: TableSpec) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.meaning,
                constraints=dg.TableColumnConstraints(
                    nullable=not spec.key or column.name in spec.nullable,
                    other=["key"] if column.name in spec.key else [],
                ),
            )
            for column in spec.columns
        ]
    )


def partition_metadata(partition: "Partition") -> Metadata:
    """The numbers of one computed partition. No names of tenants or members: metadata outlives erasure."""
    found = {
        ROW_COUNT: partition.rows,
        "version": partition.version,
        **{name: getattr(partition, name) for name in ACCOUNTED},
        OUTPUT_DIGEST: partition.output_digest,
    }
    return {name: value for name, value in found.items() if value is not None}


def table_value(rows: Sequence[Mapping[str, int | str]]) -> dg.TableMetadataValue:
    """The first rows as a table; there is at least one."""
    schema = [
        dg.TableColumn(name, "int" if isinstance(value, int) else "string") for name, value in rows[0].items()
    ]
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(row)) for row in rows[:SHOWN_ROWS]], dg.TableSchema(columns=schema)
    )


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], limit: int | None = None, numbers: Collection[str] = ()
) -> str:
    """The first rows as a table, and how many there are more; the columns `numbers` are aligned to the right."""
    shown = rows[:limit]
    rest = len(rows) - len(shown)
    lines = [
        _line(head),
        "".join(f"|{'---:' if name in numbers else '---'}" for name in head) + "|",
        *map(_line, shown),
        *([f"| and {rest} more{' |' * len(head)}"] if rest else []),
    ]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"
