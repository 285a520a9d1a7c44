"""Writes the pages, the schema and the lineage that are made from the code. `make docs` runs it."""

import json
from collections.abc import Iterable
from pathlib import Path

import typer.main
from typer.cli import get_docs_for_click

from docs.lineage import lineage_file
from usage_pipeline.api.app import described_app
from usage_pipeline.cli.app import app
from usage_pipeline.listing.columns import LIST_COLUMNS
from usage_pipeline.orchestration.lineage import LINEAGE_FILE
from usage_pipeline.orchestration.metadata import description
from usage_pipeline.pipeline.tables import TABLES
from usage_pipeline.reports.focus.columns import FOCUS_COLUMNS
from usage_pipeline.reports.formats.json_schema import report_schema
from usage_pipeline.reports.runs.columns import RUN_COLUMNS
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline.storage.tables import Column, PartitionedBy, TableSpec, Zone

FOLDER = Path(__file__).parent

CLI = """# Commands

<!-- Made from the code by `make docs`. -->

Days are UTC, `YYYY-MM-DD`. `--from` and `--to` are both included. Commands that print rows take `--format` with
`table`, `json` or `csv`. [Reports](reports.md#csv) says how CSV keeps a spreadsheet from running a text.

| Exit code | Meaning |
|---|---|
| 0 | Done |
| 1 | An error; the message says what to do |
| 2 | A wrong call: an unknown option, dimension, metric or file, or a value of another form |
| 3 | Done, but a file could not be used or no line of it was accepted; `reconcile` differs; `check` refuses |
| 4 | Of `check`: nobody knows the tenant |
| 130 | Interrupted; the committed days are kept |

Exit code 3 tells of a file once. `usage-pipeline doctor` lists it until it is resolved.

"""

SETTINGS = """# Settings

<!-- Made from the code by `make docs`. -->

Settings are environment variables. Relative paths start from the current folder.

"""

KEY = """
With the public default of `USAGE_DIGEST_KEY`, anyone can guess short texts from their digests. Set your own key
before the first file lands. A warehouse keeps the key and the look-back of its first landing, and refuses others.
"""

TABLES_HEAD = """# Tables

<!-- Made from the code by `make docs`. -->

Types are DuckDB's. In PostgreSQL, `VARCHAR` is `text`, `DECIMAL` is `numeric`, and a column
may be null only where its type says so.
"""

EXPORTS = """# Columns of exports

<!-- Made from the code by `make docs`. -->

Types are DuckDB's. In CSV a time is `2026-02-01T00:00:00Z`; in JSON a decimal is a text.
[Reports](reports.md#csv) says how CSV is written, so that no spreadsheet runs a text.
"""

RECORDS = """
## Records

`usage-pipeline export` writes usage records one by one: the newest first, and those of one time by tenant, source
and id. Lines that became no record are not among them, and neither are pruned records. They are filtered by
`type`, by the ids of what they belong to, and by `meta[key]`.
"""

FOCUS = """
## focus.csv and focus.parquet

[Reports](reports.md#focus) says what the rows are. By FOCUS 1.2. All columns are always there. Those that begin
with `x_` are our own.
"""

RUNS = """
## runs.jsonl and runs.csv

The texts `input`, `output` and `error` follow if they are asked for.
"""

SECTIONS = {
    "Lake": "One Parquet file per day below `data/lake`; for landing days one per landing file.",
    "Rollups": "One Parquet file per event day below `data/rollups`. Rollups outlive the records.",
    "Series, breakdowns and costs": "In PostgreSQL, by event day. People and programs read them.",
    "State": "In PostgreSQL. These tables, not the file system or Dagster's event log, record what happened.",
}

SPECIAL_DEFAULTS = {"duckdb_threads": "number of cores", "digest_key": "public"}
"""Defaults that depend on the machine or that nobody should use."""


def cli_page() -> str:
    """All commands with their help, in the order of the table of commands."""
    group = typer.main.get_command(app)
    context = typer.Context(group, info_name="usage-pipeline")
    return (
        CLI
        + "".join(
            get_docs_for_click(obj=command, ctx=context, indent=1, call_prefix="usage-pipeline")
            for command in group.commands.values()  # type: ignore[attr-defined]  # it is a group
        ).rstrip("\n")
        + "\n"
    )


def settings_page() -> str:
    """All settings with defaults and descriptions."""
    head = ["| Variable | Default | Meaning |", "|---|---|---|"]
    rows = [
        f"| `{PREFIX}{name.upper()}` | {default_of(name)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return SETTINGS + "\n".join([*head, *rows]) + "\n" + KEY


def tables_page() -> str:
    """All tables with rules, terms and columns, by the place where they are."""
    return TABLES_HEAD + "".join(
        f"\n## {section}\n\n{place}\n"
        + "".join(table_text(spec) for spec in TABLES if section_of(spec) == section)
        for section, place in SECTIONS.items()
    )


def exports_page() -> str:
    """The columns of records, and of the files of rows that go with reports."""
    exports = {RECORDS: LIST_COLUMNS, FOCUS: FOCUS_COLUMNS, RUNS: RUN_COLUMNS}
    return EXPORTS + "".join(f"{head}\n{columns_text(columns)}" for head, columns in exports.items())


def openapi_document() -> str:
    """The description of the read API."""
    return json.dumps(described_app().openapi(), ensure_ascii=False, indent=1) + "\n"


def columns_text(columns: Iterable[Column]) -> str:
    """A table of columns."""
    rows = [f"| `{column.name}` | `{column.type}` | {column.meaning} |" for column in columns]
    return "\n".join(["| Column | Type | Meaning |", "|---|---|---|", *rows]) + "\n"


def section_of(spec: TableSpec) -> str:
    """The section of the page that describes the table."""
    if spec.partitioned_by is PartitionedBy.NOTHING:
        return "State"
    return {Zone.LAKE: "Lake", Zone.ROLLUPS: "Rollups"}.get(spec.zone, "Series, breakdowns and costs")


def table_text(spec: TableSpec) -> str:
    """One table; columns that it shares with a whole other table are described there."""
    shared = max(
        (table for table in TABLES if has_all(spec, table)), key=lambda table: len(table.columns), default=None
    )
    rows = [
        f"| `{column.name}` | {type_of(column, spec)} | {column.meaning} |"
        for column in spec.columns
        if shared is None or column not in shared.columns
    ]
    head = ["", f"### `{spec.place}`", "", description(spec).rstrip("\n"), "", facts_of(spec), ""]
    inherited = [f"It has the columns of `{shared.place}`, and:", ""] if shared else []
    return "\n".join([*head, *inherited, "| Column | Type | Meaning |", "|---|---|---|", *rows]) + "\n"


def has_all(spec: TableSpec, other: TableSpec) -> bool:
    """Whether the table has all columns of another, and more."""
    return set(spec.columns) > set(other.columns)


def facts_of(spec: TableSpec) -> str:
    """Retention of a table, the columns that hold ids of tenants and members, and what erasure does."""
    holders = {"Tenant": spec.tenant_column, "Members": spec.member_column}
    held = [f"{name}: `{column}`." for name, column in holders.items() if column]
    erased = [f"Erased tenants: {spec.of_erased.meaning}."] if spec.of_erased else []
    return " ".join([f"Retention: {spec.term.meaning}.", *held, *erased])


def type_of(column: Column, spec: TableSpec) -> str:
    """The type, and whether the column is part of the key or may be null."""
    notes = [", key"] * (column.name in spec.key) + [", or null"] * (column.name in spec.nullable)
    return f"`{column.type}`" + "".join(notes)


def default_of(name: str) -> str:
    """The default as the page shows it."""
    default = Settings.model_fields[name].default
    return SPECIAL_DEFAULTS.get(name) or ("unset" if default is None else f"`{default}`")


PAGES = {
    FOLDER / "cli.md": cli_page,
    FOLDER / "settings.md": settings_page,
    FOLDER / "tables.md": tables_page,
    FOLDER / "exports.md": exports_page,
    FOLDER / "report.schema.json": report_schema,
    FOLDER / "openapi.json": openapi_document,
    LINEAGE_FILE: lineage_file,
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
