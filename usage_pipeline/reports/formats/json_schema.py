"""The JSON Schema of `report.json`, made from the declarations of the tables. It names every table and column.

A report has the tables that it has something to say in, so none is required. Additional ones are none of this
version.
"""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from usage_pipeline.reports import sections
from usage_pipeline.reports.display import Kind
from usage_pipeline.reports.formats.json_file import SCHEMA_VERSION
from usage_pipeline.reports.model import Column, Role
from usage_pipeline.reports.table_spec import TableSpec

_DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "description": "A decimal number, exact."}
_VALUES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.DAY: {"type": "string", "format": "date", "description": "A day, UTC."},
    Kind.INSTANT: {"type": "string", "format": "date-time", "description": "A time, UTC."},
    Kind.COUNT: {"type": "integer"},
    Kind.MONEY: _DECIMAL,
    Kind.CREDITS: _DECIMAL,
    Kind.QUANTITY: {"anyOf": [{"type": "integer"}, _DECIMAL]},
    Kind.DECIMAL: _DECIMAL,
    Kind.YES_NO: {"type": "boolean"},
}
"""What a value of each kind is; each may be null, too."""

_TEXTS = {"type": "array", "items": {"type": "string"}}
_LINE = {"role": {"enum": [role.value for role in Role]}, "cells": _TEXTS}


def report_schema() -> str:
    """Return the schema as `docs/report.schema.json` has it."""
    return json.dumps(_schema(), ensure_ascii=False, indent=1) + "\n"


def table_specs() -> Mapping[str, TableSpec]:
    """Return the declarations of all tables by name: whatever the modules of `sections/` declare."""
    modules = [
        import_module(f"{sections.__name__}.{module.name}")
        for module in iter_modules(sections.__path__)
        if not module.name.startswith("_")
    ]
    return {spec.name: spec for module in modules for value in vars(module).values() for spec in _specs(value)}


def _specs(value: object) -> Iterator[TableSpec]:
    match value:
        case TableSpec():
            yield value
        case Mapping():
            yield from (spec for spec in value.values() if isinstance(spec, TableSpec))


def _schema() -> dict[str, Any]:
    specs = dict(sorted(table_specs().items()))
    tables = {name: _table(spec) for name, spec in specs.items()}
    rows = {f"row_of_{name}": _row(spec) for name, spec in specs.items()}
    fact = _object({"name": {"type": "string"}, "value": {"type": "string"}})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A usage report",
        "description": "report.json. Decimals and times are texts, so that they are exact; null is not known.",
        **_object(
            {
                "schema_version": {"const": SCHEMA_VERSION},
                "title": {"type": "string"},
                "scope": _scope(),
                "data_version": {"type": "string", "description": "A digest of the numbers."},
                "facts": {"type": "array", "items": fact},
                "notes": {**_TEXTS, "description": "What has to be known of the numbers."},
                "tables": {**_object(tables), "required": []},
            }
        ),
        "$defs": {
            **{kind.value: {**value, "type": [value["type"], "null"]} for kind, value in _simple()},
            Kind.QUANTITY.value: {"anyOf": [*_VALUES[Kind.QUANTITY]["anyOf"], {"type": "null"}]},
            **rows,
            "columns": {"type": "array", "items": _column()},
            "lines": {
                "type": "array",
                "items": _object(_LINE),
                "description": "What people see: rounded rows, the sum of others, what rounding lacks, the total.",
            },
        },
    }


def _simple() -> Iterator[tuple[Kind, Mapping[str, Any]]]:
    yield from ((kind, value) for kind, value in _VALUES.items() if "type" in value)


def _scope() -> dict[str, Any]:
    day = {"type": "string", "format": "date"}
    tenant = {"type": ["string", "null"], "description": "Null for all tenants together."}
    filters = {"type": "object", "additionalProperties": {**_TEXTS, "minItems": 1}}
    return _object({"tenant_id": tenant, "first_day": day, "last_day": day, "filters": filters})


def _table(spec: TableSpec) -> dict[str, Any]:
    row = {"$ref": f"#/$defs/row_of_{spec.name}"}
    return {
        "description": spec.about,
        **_object(
            {
                "title": {"const": spec.title},
                "about": {"type": "string"},
                "columns": {"$ref": "#/$defs/columns"},
                "rows": {"type": "array", "items": row},
                "total": {"anyOf": [{"type": "null"}, row]},
                "lines": {"$ref": "#/$defs/lines"},
            }
        ),
    }


def _row(spec: TableSpec) -> dict[str, Any]:
    return _object({column.name: _value(column) for column in spec.columns})


def _value(column: Column) -> dict[str, str]:
    return {"$ref": f"#/$defs/{column.kind.value}", "title": column.label}


def _column() -> dict[str, Any]:
    return _object(
        {
            "name": {"type": "string"},
            "label": {"type": "string"},
            "kind": {"enum": [kind.value for kind in Kind]},
            "adds_up": {"type": "boolean"},
        }
    )


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [*properties],
        "additionalProperties": False,
    }
