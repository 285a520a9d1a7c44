"""Metadata of assets in the UI: columns, and the numbers of each partition."""

from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.storage.daily import ACCOUNTED
from usage_pipeline.storage.tables import TableSpec, Zone

if TYPE_CHECKING:
    from usage_pipeline.storage.state import Partition

KINDS = {
    Zone.LAKE: {"duckdb", "parquet"},
    Zone.ROLLUPS: {"duckdb", "parquet"},
    Zone.WAREHOUSE: {"duckdb", "postgres"},
}


def description(spec: TableSpec) -> str:
    """The table's meaning and grain, and the rules that decide its rows, in Markdown."""
    return "\n".join([spec.description, "", *(f"- {rule}" for rule in spec.rules)])


def column_schema(spec: TableSpec) -> dg.TableSchema:
    """The table's columns with types, units and meaning."""
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


def definition_metadata(spec: TableSpec) -> dict[str, dg.MetadataValue]:
    """What is known of a table before anything runs."""
    return {
        "dagster/column_schema": dg.MetadataValue.table_schema(column_schema(spec)),
        "dagster/table_name": dg.MetadataValue.text(spec.place),
        "retention": dg.MetadataValue.text(spec.term.meaning),
    }


def partition_metadata(partition: "Partition") -> dict[str, dg.MetadataValue]:
    """The numbers of one computed partition. No names of tenants or members: metadata outlives erasure."""
    found = {
        "dagster/partition_row_count": partition.rows,
        "version": partition.version,
        **{name: getattr(partition, name) for name in ACCOUNTED},
    }
    metadata: dict[str, dg.MetadataValue] = {
        name: dg.MetadataValue.int(value) for name, value in found.items() if value is not None
    }
    return {**metadata, "output_digest": dg.MetadataValue.text(partition.output_digest or "")}
