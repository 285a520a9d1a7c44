"""Column lineage, read from the SELECTs themselves, so that it cannot differ from what runs.

Imported by runs only: sqlglot is slow to import.
"""

from functools import cache

import dagster as dg
from sqlglot import exp
from sqlglot.lineage import Node, lineage

from usage_pipeline.orchestration.metadata import markdown_table
from usage_pipeline.storage.daily import DailyTable, Derived, EventDays, LandedRows, Lookback, Parameters, SameDay


@cache
def column_lineage(table: DailyTable) -> dg.TableColumnLineage:
    """For each column of the table, the columns of other assets that it is made from."""
    derived = {entry.name: entry.sql.text for entry in table.inputs if isinstance(entry, Derived)}
    # Labels of nodes are not used, and trimmed ones cost most of the time.
    nodes = lineage(
        None, table.sql.text, _schema(table), sources=derived, dialect="duckdb", trim_selects=False, copy=False
    )
    assert isinstance(nodes, dict)  # noqa: S101 - without a column name all columns are returned
    return dg.TableColumnLineage(
        deps_by_column={name: _dependencies(nodes[name], table) for name in table.spec.column_names}
    )


def lineage_metadata(table: DailyTable) -> dict[str, dg.MetadataValue]:
    """The lineage for programs and, because the UI draws none of columns, as Markdown for people."""
    found = column_lineage(table)
    rows = [(f"`{column}`", ", ".join(map(_source, sources))) for column, sources in found.deps_by_column.items()]
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(found),
        "column_sources": dg.MetadataValue.md(markdown_table(("Column", "Made from"), rows)),
    }


def _source(source: dg.TableColumnDep) -> str:
    return f"`{source.asset_key.to_user_string()}.{source.column_name}`"


def _schema(table: DailyTable) -> dict[str, dict[str, str]]:
    schema = {}
    for entry in table.inputs:
        match entry:
            case LandedRows() | SameDay() | Lookback():
                columns = {column.name: column.type for column in entry.spec.columns}
                schema[entry.name] = {**columns, "event_day": "DATE"}
            case EventDays():
                schema[entry.name] = {"event_day": "DATE"}
            case Parameters():
                schema[entry.name] = {"digest_key": "VARCHAR", "lookback_days": "BIGINT"}
            case Derived():
                pass  # its columns follow from those that it reads
            case _:
                schema[entry.name] = {column.name: column.type for column in entry.columns}
    return schema


def _dependencies(node: Node, table: DailyTable) -> list[dg.TableColumnDep]:
    leaves = [leaf for leaf in node.walk() if isinstance(leaf.expression, exp.Table)]
    found = {(leaf.expression.name, leaf.name.rpartition(".")[2].strip('"')) for leaf in leaves}
    # The day of a partition is no column of every table.
    known = {
        entry.name: entry.spec.column_names
        for entry in table.inputs
        if isinstance(entry, LandedRows | SameDay | Lookback)
    }
    return [
        dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=column)
        for asset, column in sorted(found)
        if column in known.get(asset, ())
    ]
