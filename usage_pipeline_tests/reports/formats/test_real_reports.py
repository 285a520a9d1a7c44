"""Reports of computed usage: the schema describes them, and all formats have the same exact rows."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openpyxl import load_workbook

from usage_pipeline.csv_cells import harmless
from usage_pipeline.reports.building import build_report
from usage_pipeline.reports.formats.json_file import as_object
from usage_pipeline.reports.formats.registry import RENDERERS
from usage_pipeline.reports.formats.xlsx_cells import sheet_names
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.reports.conftest import NOW, write_and_compute
from usage_pipeline_tests.reports.formats.sample import MODELS, REPORT, ROWS

SCHEMA = Path(__file__).parents[3] / "docs" / "report.schema.json"


@pytest.fixture(scope="module")
def reports(open_filled: Callable[..., Storage]) -> list[Report]:
    """Of acme, and of all tenants, in four days and one that is missing."""
    storage = open_filled(write_and_compute, now=NOW)
    period = ReportPeriod(date(2026, 5, 18), date(2026, 5, 22))
    return [build_report(storage, ReportScope(period, tenant)) for tenant in ("acme", None)]


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    content = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content, format_checker=FormatChecker())


def test_the_schema_describes_reports(reports: list[Report], schema: Draft202012Validator) -> None:
    for report in reports:
        (content,) = RENDERERS["json"](report).values()
        assert [error.message for error in schema.iter_errors(json.loads(content))] == []


def _messages(schema: Draft202012Validator, report: Mapping[str, Any]) -> str:
    return " ".join(error.message for error in schema.iter_errors(report))


def test_the_schema_knows_no_other_table(schema: Draft202012Validator) -> None:
    assert "'models' was unexpected" in _messages(schema, as_object(REPORT))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"price": "1"}, "'price' was unexpected"),
        ({"cost": 1.5}, "1.5 is not of type"),
        ({"day": "yesterday"}, "'yesterday' is not a 'date'"),
        ({"tokens": "3"}, "'3' is not of type"),
    ],
    ids=["another column", "a float", "no day", "a text for a count"],
)
def test_the_schema_knows_no_other_value(
    reports: list[Report], schema: Draft202012Validator, row: dict[str, Any], said: str
) -> None:
    content = as_object(reports[0])
    content["tables"]["daily"]["rows"][0] |= row
    assert said in _messages(schema, content)


def test_csv_has_the_rows_of_json(reports: list[Report]) -> None:
    for report in reports:
        archive = ZipFile(BytesIO(*RENDERERS["csv"](report).values()))
        for name, table in as_object(report)["tables"].items():
            read = csv.reader(StringIO(archive.read(f"{name}.csv").decode(), newline=""))
            columns = [column["name"] for column in table["columns"]]
            assert list(read) == [columns, *(list(map(_csv_text, row.values())) for row in table["rows"])]


def _csv_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str() if value.lstrip("-").replace(".", "").isdecimal():
            return value
        case _:
            return harmless(str(value))


def test_the_workbook_has_the_exact_rows(reports: list[Report]) -> None:
    for report in reports:
        book = load_workbook(BytesIO(*RENDERERS["xlsx"](report).values()))
        names = list(sheet_names(["Report", *(table.title for table in report.tables)]))
        assert book.sheetnames == names
        for name, table in zip(names[1:], report.tables, strict=True):
            _, *found = book[name].iter_rows(values_only=True)
            assert [list(map(_exact, row)) for row in found[: len(table.rows)]] == [
                list(map(_exact, row)) for row in table.rows
            ]


def _exact(value: object) -> object:
    match value:
        case bool():
            return value
        case float() | int() | Decimal():
            return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        case datetime():
            return value.date()
        case str() if value.replace(".", "").isdecimal():
            return Decimal(value)
        case _:
            return value


def test_hostile_rows_are_the_same_in_all_formats() -> None:
    rows = as_object(REPORT)["tables"]["models"]["rows"]
    assert [row["model"] for row in rows] == [row[0] for row in ROWS] == REPORT.tables[1].column("model")
    assert [row["cost"] for row in rows] == ["1.500000000000", "12345678901234.567890", None, "-0.000000000001"]
    assert list(rows[0]) == [column.name for column in MODELS.columns]
