"""Small tables that Python makes, readable in DuckDB.

They go as one JSON document: the values need no parameter each, and no library that is slow to import. Decimals
and days go as texts, so they stay exact.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection

from usage_pipeline.storage.engine import execute_parsed, literal
from usage_pipeline.storage.tables import Column


def register_rows(
    duck: DuckDBPyConnection, name: str, columns: Sequence[Column], rows: Iterable[Sequence[object]]
) -> None:
    """Make these rows readable under the name, in the place of what had it."""
    names = [column.name for column in columns]
    structure = json.dumps([{column.name: column.type for column in columns}])
    document = json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=_as_text)
    execute_parsed(
        duck,
        f'CREATE OR REPLACE TEMP TABLE "{name}" AS '
        f"SELECT unnest(from_json($document, {literal(structure)}), recursive := true)",
        {"document": document},
    )


def _as_text(value: object) -> str:
    match value:
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"no such value is expected in a row: {value!r}")
