"""Inputs of the SELECTs of landing except the lines: macros, event catalogue, retention, format and files."""

from collections.abc import Iterable

from duckdb import CatalogException, DuckDBPyConnection

from usage_pipeline.events.catalogue import event_types
from usage_pipeline.events.landing.extract import mapped_fields
from usage_pipeline.events.landing.file_landing import FileLanding
from usage_pipeline.events.landing.rules import landing_sql
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.tables import columns

_LANDING = {
    "file": "INTEGER",
    "source": "VARCHAR",
    "landing_file": "VARCHAR",
    "landing_day": "DATE",
    "tenant_folder": "VARCHAR",
    "landed_at": "TIMESTAMP",
    "latest_time": "TIMESTAMP",
    "first_day": "DATE",
    "first_kept": "DATE",
    "input_includes_cached": "BOOLEAN",
}
"""What the lines of a file have in common: where they lie, and the rules of their landing day and format."""


def register_rules(duck: DuckDBPyConnection, source_format: SourceFormat, retention: ReferenceRows) -> None:
    """Make readable what lines of the format are validated by."""
    _make_macros(duck)
    register_reference(event_types(), duck)
    register_reference(retention, duck)
    fields = tuple((field.column, field.field, field.expected) for field in mapped_fields(source_format))
    names = columns(("column_name", "VARCHAR", ""), ("field", "VARCHAR", ""), ("expected", "VARCHAR", ""))
    register_reference(ReferenceRows("mapped_fields", names, fields), duck)


def register_files(duck: DuckDBPyConnection, files: Iterable[tuple[int, FileLanding]]) -> None:
    """Make the files readable as `landing`: a row each, found by the number that their lines carry."""
    types = ", ".join(f"{name} {kind}" for name, kind in _LANDING.items())
    rows = f"unnest(CAST(? AS STRUCT({types})[]), recursive := true)"
    duck.execute(f"CREATE TEMP TABLE landing AS SELECT {rows}", [[_row(*file) for file in files]])


def _row(number: int, landing: FileLanding) -> dict[str, object]:
    file, rules = landing.file, landing.rules
    place = (file.source, file.path, file.landing_day, file.tenant)
    of_day = (rules.landed_at, rules.latest_time, rules.settings.first_day, rules.first_kept)
    return dict(zip(_LANDING, (number, *place, *of_day, landing.source_format.input_includes_cached), strict=True))


def _make_macros(duck: DuckDBPyConnection) -> None:
    """Make the macros where the engine has none yet: a dozen statements take as long as a small file."""
    try:
        duck.execute("SELECT has_landing_macros()")
    except CatalogException:
        for statement in landing_sql("macros").split(";\n"):
            duck.execute(statement)
