"""Column lineage, which `make docs` reads from the SELECTs: to follow them takes a run longer than its days."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg

from usage_pipeline.orchestration.metadata import markdown_table
from usage_pipeline.storage.daily import DailyTable

LINEAGE_FILE = Path(__file__).with_name("lineage.json")


@dataclass(frozen=True)
class Origin:
    """What a column is made from: columns of other assets, and in words what is no column of one."""

    columns: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


def write_origins(tables: Mapping[str, Mapping[str, Origin]]) -> str:
    """The content of the file: what each column of each table is made from."""
    found = {
        table: {
            name: {"columns": [".".join(column) for column in origin.columns], "words": origin.words}
            for name, origin in origins.items()
        }
        for table, origins in tables.items()
    }
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def origins(table: DailyTable) -> dict[str, Origin]:
    """What each column of the table is made from."""
    return _kept_origins()[table.name]


def lineage_metadata(table: DailyTable) -> dict[str, dg.MetadataValue]:
    """The lineage for programs and, because the UI draws none of columns, as Markdown for people."""
    found = origins(table)
    rows = [
        (f"`{name}`", ", ".join([*map(_named, origin.columns), *origin.words])) for name, origin in found.items()
    ]
    return {
        "dagster/column_lineage": dg.MetadataValue.column_lineage(column_lineage(table)),
        "column_sources": dg.MetadataValue.md(markdown_table(("Column", "Made from"), rows)),
    }


def column_lineage(table: DailyTable) -> dg.TableColumnLineage:
    """For each column of the table, the columns of other assets that it is made from."""
    return dg.TableColumnLineage(
        deps_by_column={
            name: [
                dg.TableColumnDep(asset_key=dg.AssetKey(asset), column_name=column)
                for asset, column in found.columns
            ]
            for name, found in origins(table).items()
        }
    )


@cache
def _kept_origins() -> dict[str, dict[str, Origin]]:
    kept = json.loads(LINEAGE_FILE.read_text(encoding="utf-8"))
    return {table: {name: _origin(**found) for name, found in columns.items()} for table, columns in kept.items()}


def _origin(columns: Iterable[str], words: Iterable[str]) -> Origin:
    pairs = (column.partition(".") for column in columns)
    return Origin(tuple((table, name) for table, _, name in pairs), tuple(words))


def _named(column: tuple[str, str]) -> str:
    return f"`{'.'.join(column)}`"
