"""The staged lines: each line of some landing files with its verdict, before it becomes rows of tables.

Keeping a column costs about as much as typing it, so only what differs between lines is kept. The rest, the facts
of the file and columns that nothing fills, comes back when it is read. What has no place in memory DuckDB spills.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
from duckdb import DataError, DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.extract import empty_columns
from usage_pipeline.events.landing.reading_ahead import OpenFile
from usage_pipeline.events.record import TEXTS
from usage_pipeline.events.source_format import SourceFormat

_FILE = pa.field("file", pa.int32())
_SCHEMA = lines.SCHEMA.insert(0, _FILE)
_OF_REJECTS = {
    "raw": "line_text(raw)",
    "tenant_text": "tenant_text",
    "type_text": "type_text",
    "invalid_field": "invalid_field",
    "invalid_text": "invalid_text",
}
"""Columns that only rejected lines have, and what they hold there."""
_HAS_TEXT = f"coalesce({', '.join(f'text_{column.name}' for column in TEXTS)}) IS NOT NULL"


def stage(
    duck: DuckDBPyConnection, files: Sequence[OpenFile], validated: str, source_format: SourceFormat
) -> None:
    """Stream the files' lines through the SELECT of verdicts into the table `staged`.

    Raises UnreadableFileError when one of the files cannot be read whole.
    """
    stream = _Stream(files)
    duck.register("lines", pa.RecordBatchReader.from_batches(_SCHEMA, stream.batches()))
    try:
        with _without_lines(stream):
            _keep(duck, validated, source_format)
    finally:
        duck.unregister("lines")


def register_validated(duck: DuckDBPyConnection, source_format: SourceFormat, digests: Sequence[str]) -> None:
    """Make the staged lines readable as `validated`: one row per line, with all columns.

    `digests` are those of the files' contents, in the order of their numbers.
    """
    digest = "CAST(? AS VARCHAR[])[file] AS digest"
    duck.execute(f"CREATE TEMP TABLE landed AS SELECT *, {digest} FROM landing", [digests])
    empty = "".join(f", CAST(NULL AS {column.type}) AS {column.name}" for column in empty_columns(source_format))
    position = " REPLACE (digest || ':' || record_id AS record_id)"
    columns = (
        f"staged.*{'' if source_format.identity_fields else position}, landed.* EXCLUDE (file, digest){empty}"
    )
    joined = "staged JOIN landed ON landed.file = staged.file"
    duck.execute(f"CREATE TEMP VIEW validated AS SELECT {columns} FROM {joined}")


class _Stream:
    """The lines as DuckDB asks for them; `error` is what ended them, of which DuckDB makes one of its own."""

    def __init__(self, files: Sequence[OpenFile]) -> None:
        self.error: BaseException | None = None
        self._files = files

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from _in_blocks(_numbered(self._files))
        except GeneratorExit:
            raise  # DuckDB asks for no more
        except BaseException as error:  # an interrupt, too
            self.error = error
            raise


def _numbered(files: Sequence[OpenFile]) -> Iterator[pa.RecordBatch]:
    for number, file in enumerate(files, start=1):
        for batch in file.batches():
            numbers = np.full(len(batch), number, dtype=np.int32)
            column = pa.Array.from_buffers(_FILE.type, len(batch), [None, pa.py_buffer(numbers)])
            yield batch.add_column(0, _FILE, column)


def _in_blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same lines, those of small files together: DuckDB works on thousands of lines as fast as on one."""
    gathered: list[pa.RecordBatch] = []
    for batch in batches:
        if gathered and sum(other.nbytes for other in gathered) + batch.nbytes > lines.BLOCK_BYTES:
            yield _one(gathered)
            gathered = []
        gathered.append(batch)
    if gathered:
        yield _one(gathered)


def _one(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


@contextmanager
def _without_lines(stream: _Stream) -> Iterator[None]:
    """Keep the text of DuckDB's error out of logs and state: it holds the line."""
    try:
        yield
    except DuckDBError as error:
        if stream.error is not None:
            raise stream.error from None
        if not isinstance(error, DataError):
            raise  # memory, disk: no fault of the file
        raise UnreadableFileError(
            f"DuckDB cannot read it ({type(error).__name__}). This is a fault of the pipeline: please report it"
        ) from None


def _keep(duck: DuckDBPyConnection, validated: str, source_format: SourceFormat) -> None:
    empty = ", ".join(column.name for column in empty_columns(source_format))
    rejects = ", ".join(
        f"CASE WHEN reason IS NOT NULL THEN {text} END AS {name}" for name, text in _OF_REJECTS.items()
    )
    columns = f"* EXCLUDE ({empty}) REPLACE ({rejects}), {_HAS_TEXT} AS has_text"
    duck.execute(f"CREATE TEMP TABLE staged AS SELECT {columns} FROM ({validated})")
