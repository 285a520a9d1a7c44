"""The staged lines: what each line of a landing file came to, judged once, before it becomes rows of tables.

Keeping a column costs about as much as typing it, so only what differs between lines is kept. The rest, the facts
of the file and columns that nothing fills, comes back when it is read. What has no place in memory DuckDB spills.
"""

import pyarrow as pa
from duckdb import DataError, DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.extract import empty_columns
from usage_pipeline.events.mapping import Mapping
from usage_pipeline.storage.engine import literal

_OF_REJECTS = {
    "raw": "line_text(raw)",
    "tenant_text": "tenant_text",
    "type_text": "type_text",
    "invalid_field": "invalid_field",
    "invalid_text": "invalid_text",
}
"""Columns that only rejected lines have, and what they hold there."""


def stage(duck: DuckDBPyConnection, reader: lines.LineReader, judged: str, mapping: Mapping) -> None:
    """Stream the file's lines through the SELECT of verdicts into the table `staged`.

    Raises UnreadableFileError when the file cannot be read whole.
    """
    duck.register("lines", pa.RecordBatchReader.from_batches(lines.SCHEMA, reader.batches()))
    try:
        _keep(duck, judged, mapping)
    except DuckDBError as error:
        if reader.error is not None:
            raise reader.error from None
        if not isinstance(error, DataError):
            raise  # memory, disk: no fault of the file
        # The text of DuckDB's error holds the line: it must not reach logs or state.
        raise UnreadableFileError(
            f"DuckDB cannot read it ({type(error).__name__}). This is a fault of the pipeline: please report it"
        ) from None
    finally:
        duck.unregister("lines")


def register_judged(duck: DuckDBPyConnection, mapping: Mapping, content_digest: str) -> None:
    """Make the staged lines readable as `judged`: one row per line, with all columns."""
    empty = "".join(f", CAST(NULL AS {column.type}) AS {column.name}" for column in empty_columns(mapping))
    position = f" REPLACE ({literal(content_digest)} || ':' || record_id AS record_id)"
    columns = f"staged.*{'' if mapping.identity_fields else position}, landing.*{empty}"
    duck.execute(f"CREATE TEMP VIEW judged AS SELECT {columns} FROM staged CROSS JOIN landing")


def _keep(duck: DuckDBPyConnection, judged: str, mapping: Mapping) -> None:
    empty = ", ".join(column.name for column in empty_columns(mapping))
    rejects = ", ".join(
        f"CASE WHEN reason IS NOT NULL THEN {text} END AS {name}" for name, text in _OF_REJECTS.items()
    )
    duck.execute(f"CREATE TEMP TABLE staged AS SELECT * EXCLUDE ({empty}) REPLACE ({rejects}) FROM ({judged})")
