"""Stages the lines of landing files with their verdicts, in a temporary table that DuckDB may spill to disk.

The SELECT of verdicts reads the lines and the tables that `register_rules` and `register_files` create. To store a
column takes about as long as to cast it, so columns that are equal for all lines of a file, or empty for a format,
are added when the table is read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date

import numpy as np
import pyarrow as pa
from duckdb import CatalogException, DataError, DuckDBPyConnection
from duckdb import Error as DuckDBError

from usage_pipeline.errors import UnreadableFileError
from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.landing import lines
from usage_pipeline.events.landing.blocks import grouped
from usage_pipeline.events.landing.expected import mapped_fields
from usage_pipeline.events.landing.extract import empty_columns
from usage_pipeline.events.landing.reading_ahead import OpenFile
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.landing.verdicts import SKIPPED
from usage_pipeline.events.record import TEXTS
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.engine import execute_parsed, literal
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.pruned import tenant_digest
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import columns

_FILE = pa.field("file", pa.int32())
_SCHEMA = lines.SCHEMA.insert(0, _FILE)
_OF_REJECTS = {
    "raw": "line_text(raw)",
    "tenant_text": "tenant_text",
    "type_text": "type_text",
    "invalid_field": "invalid_field",
    "invalid_text": "invalid_text",
}
"""Columns that only rejected lines have, and their values."""
_IS_REJECTED = f"reason <> {literal(SKIPPED)}"
_HAS_TEXT = f"coalesce({', '.join(f'text_{column.name}' for column in TEXTS)}) IS NOT NULL"


_MAPPED_FIELDS = columns(("column_name", "VARCHAR", ""), ("field", "VARCHAR", ""), ("expected", "VARCHAR", ""))
_ERASED = columns(("tenant_id", "VARCHAR", ""), ("first_kept", "DATE", ""))
_LANDING = columns(
    ("file", "INTEGER", "Number of the file, which its lines carry."),
    ("source", "VARCHAR", "Its format."),
    ("landing_file", "VARCHAR", "Its path."),
    ("landing_day", "DATE", "Its landing day."),
    ("tenant_folder", "VARCHAR", "The tenant of its folder."),
    ("landed_at", "TIMESTAMP", "End of the landing day."),
    ("latest_time", "TIMESTAMP", "The latest time that an event may have."),
    ("first_day", "DATE", "First day of the calendar."),
    ("first_kept", "DATE", "First day that the default plan keeps."),
    ("tenant_default", "VARCHAR", "The tenant where neither line nor folder names one."),
    ("input_includes_cached", "BOOLEAN", "Meaning of input tokens in its format."),
    ("output_includes_reasoning", "BOOLEAN", "Meaning of output tokens in its format."),
    ("first_line", "VARCHAR", "Its first line, if its format reads a field of it."),
)


def register_rules(duck: DuckDBPyConnection, source_format: SourceFormat, retention: ReferenceRows) -> None:
    """Register macros, event catalogue, retention and the fields of the format."""
    _create_macros(duck)
    register_reference(event_types(), duck)
    register_reference(retention, duck)
    register_rows(duck, "mapped_fields", _MAPPED_FIELDS, mapped_fields(source_format))


def register_files(duck: DuckDBPyConnection, files: Iterable[tuple[int, OpenFile]]) -> None:
    """Create the table `landing`, a row per file."""
    register_rows(duck, "landing", _LANDING, [_row(*file) for file in files])


def stage(
    duck: DuckDBPyConnection, files: Sequence[OpenFile], validated: str, source_format: SourceFormat
) -> None:
    """Stream the files' lines through the SELECT of verdicts into the table `staged`.

    Raises UnreadableFileError if one of the files cannot be read whole.
    """
    stream = _Stream(files)
    duck.register("lines", pa.RecordBatchReader.from_batches(_SCHEMA, stream.batches()))
    try:
        with _without_lines(stream):
            _keep(duck, validated, source_format)
    finally:
        duck.unregister("lines")


def refuse_erased(duck: DuckDBPyConnection, settings: Settings, erased: Mapping[str, date]) -> None:
    """Reject staged lines of erased tenants from before the days by their digests; these lines are not kept."""
    if not erased:
        return
    tenants = duck.execute("SELECT tenant_id FROM staged UNION SELECT tenant_text FROM staged").fetchall()
    digests = {tenant: tenant_digest(settings, tenant.strip()) for (tenant,) in tenants if tenant is not None}
    found = [(tenant, erased[digest]) for tenant, digest in digests.items() if digest in erased]
    if found:
        register_rows(duck, "erased_tenants", _ERASED, found)
        duck.execute(landing_sql("erased_events"))


def register_validated(duck: DuckDBPyConnection, source_format: SourceFormat, digests: Sequence[str]) -> None:
    """Create the view `validated`: the staged lines, one row per line, with all columns.

    `digests` are the identity digests of the files, in the order of their numbers.
    """
    digest = "CAST(? AS VARCHAR[])[file] AS digest"
    duck.execute(f"CREATE TEMP TABLE landed AS SELECT *, {digest} FROM landing", [digests])
    empty = "".join(f", CAST(NULL AS {column.type}) AS {column.name}" for column in empty_columns(source_format))
    position = " REPLACE (digest || ':' || record_id AS record_id)"
    staged = f"staged.*{'' if source_format.identity_fields else position}"
    staged += "" if source_format.each else ", CAST(1 AS BIGINT) AS landing_event"
    staged += "" if _may_skip(source_format) else ", NULL AS skipped_by"
    duck.execute(
        f"CREATE TEMP VIEW validated AS SELECT {staged}, landed.* EXCLUDE (file, digest, first_line){empty} "
        "FROM staged JOIN landed ON landed.file = staged.file"
    )


def _may_skip(source_format: SourceFormat) -> bool:
    return bool(source_format.skip or source_format.each)


def _create_macros(duck: DuckDBPyConnection) -> None:
    """Create the macros once per engine, because they take as long as landing a small file."""
    try:
        duck.execute("SELECT has_landing_macros()")
    except CatalogException:
        for statement in landing_sql("macros").split(";\n"):
            duck.execute(statement)


def _row(number: int, opened: OpenFile) -> tuple[object, ...]:
    landing = opened.landing
    file, rules, source_format = landing.file, landing.rules, landing.source_format
    place = (file.source, file.path, file.landing_day, file.tenant)
    of_day = (rules.landed_at, rules.latest_time, rules.settings.first_day, rules.first_kept)
    of_tokens = (source_format.input_includes_cached, source_format.output_includes_reasoning)
    return (number, *place, *of_day, source_format.tenant_default, *of_tokens, opened.first_line)


class _Stream:
    """The lines as DuckDB reads them. `error` is the error that ended them; DuckDB raises another in its place."""

    def __init__(self, files: Sequence[OpenFile]) -> None:
        self.error: BaseException | None = None
        self._files = files

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from _in_blocks(_numbered(self._files))
        except GeneratorExit:
            raise  # DuckDB reads no further
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
    """Join the batches of small files, because DuckDB takes as long for one line as for thousands."""
    for group in grouped(batches, lambda batch: batch.nbytes, lines.BLOCK_BYTES):
        yield group[0] if len(group) == 1 else pa.concat_batches(group)


@contextmanager
def _without_lines(stream: _Stream) -> Iterator[None]:
    """Keep the message of DuckDB's error out of logs and state, because it contains the line."""
    try:
        yield
    except DuckDBError as error:
        if stream.error is not None:
            raise stream.error from None
        if not isinstance(error, DataError):
            raise  # memory or disk, not the file
        raise UnreadableFileError(
            f"DuckDB cannot read it ({type(error).__name__}). This is a fault of the pipeline: please report it"
        ) from None


def _keep(duck: DuckDBPyConnection, validated: str, source_format: SourceFormat) -> None:
    skipped = [] if _may_skip(source_format) else ["skipped_by"]
    empty = ", ".join([*(column.name for column in empty_columns(source_format)), *skipped])
    rejects = ", ".join(
        f"CASE WHEN {_IS_REJECTED} THEN {text} END AS {name}" for name, text in _OF_REJECTS.items()
    )
    kept = f"* EXCLUDE ({empty}) REPLACE ({rejects}), {_HAS_TEXT} AS has_text"
    execute_parsed(duck, f"CREATE TEMP TABLE staged AS SELECT {kept} FROM ({validated})")
