"""A report as JSON, for programs. `docs/report.schema.json` describes it.

Decimals are texts, so that they stay exact. Beside the exact rows of a table are the lines that people see.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from usage_pipeline.reports.model import Report, Table, Values
from usage_pipeline.reports.scope import ReportScope

SCHEMA_VERSION = "1.0"


def json_files(report: Report) -> Mapping[str, bytes]:
    """Return `report.json`."""
    text = json.dumps(as_object(report), ensure_ascii=False, indent=1) + "\n"
    return {"report.json": text.encode()}


def as_object(report: Report) -> dict[str, Any]:
    """Return the report as JSON has it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "title": report.title,
        "scope": _scope(report.scope),
        "data_version": report.data_version,
        "facts": [{"name": name, "value": value} for name, value in report.facts],
        "notes": list(report.notes),
        "tables": {table.name: _table(table) for table in report.tables},
    }


def exact_value(value: object) -> Any:  # noqa: ANN401 - what JSON can hold
    """Return a value as programs read it: decimals and times as texts."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case date():
            return value.isoformat()
        case _:
            return value


def _scope(scope: ReportScope) -> dict[str, Any]:
    return {
        "tenant_id": scope.tenant_id,
        "first_day": scope.period.first.isoformat(),
        "last_day": scope.period.last.isoformat(),
        "filters": {name: list(values) for name, values in scope.filters},
    }


def _table(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "about": table.about,
        "columns": [
            {"name": column.name, "label": column.label, "kind": column.kind.value, "adds_up": column.adds_up}
            for column in table.columns
        ],
        "rows": [_row(table, row) for row in table.rows],
        "total": None if table.total is None else _row(table, table.total),
        "lines": [{"role": line.role.value, "cells": list(line.cells)} for line in table.lines],
    }


def _row(table: Table, row: Values) -> dict[str, Any]:
    return {column.name: exact_value(value) for column, value in zip(table.columns, row, strict=True)}
