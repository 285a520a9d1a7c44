"""The usage of `write_usage` of the limits, landed and computed, which the tests of a module only read."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from usage_pipeline.reports.building import build_report
from usage_pipeline.reports.model import Report, Table
from usage_pipeline.reports.scope import Filters, ReportPeriod, ReportScope
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.limits.reading import write_usage
from usage_pipeline_tests.support import Landing, at, land_and_compute

NOW = datetime(2026, 5, 22, 12, tzinfo=UTC)
GROUPS = ("records", "rollups", "series", "breakdowns", "costs", "credits")
DAYS = ReportPeriod(date(2026, 5, 18), date(2026, 5, 21))


def write_and_compute(storage: Storage) -> None:
    """Land and compute the usage of acme and globex from 18 to 21 May 2026, at noon of the 22nd."""
    write_usage(storage.settings.reference, Landing(storage.settings.landing))
    land_and_compute(at(storage, NOW), *GROUPS)


@pytest.fixture(scope="module")
def used(open_filled: Callable[..., Storage]) -> Storage:
    """That usage, at noon of the 22nd."""
    return open_filled(write_and_compute, now=NOW)


def report_of(
    storage: Storage, tenant_id: str | None = "acme", period: ReportPeriod = DAYS, filters: Filters = ()
) -> Report:
    """The report of a tenant."""
    return build_report(storage, ReportScope(period, tenant_id, filters))


def table_of(report: Report, name: str) -> Table:
    """A table that the report has."""
    table = report.table(name)
    assert table is not None, f"{name} is not among {[table.name for table in report.tables]}"
    return table
