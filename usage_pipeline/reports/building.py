"""Builds reports: all sections of a batch of tenants, and what has to be known of their numbers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import chain

from usage_pipeline.reports.batch import Batch, Tables, TenantId
from usage_pipeline.reports.digest import data_version
from usage_pipeline.reports.model import Report, Table
from usage_pipeline.reports.scope import ReportScope
from usage_pipeline.reports.sections.alerts import alerts
from usage_pipeline.reports.sections.breakdowns import breakdowns
from usage_pipeline.reports.sections.costs import costs, unrated_operations
from usage_pipeline.reports.sections.credits import credits_by_grant
from usage_pipeline.reports.sections.daily import daily
from usage_pipeline.reports.sections.days import days
from usage_pipeline.reports.sections.hours import hours
from usage_pipeline.reports.sections.insights import day_without_insights, insights
from usage_pipeline.reports.sections.limits import limits
from usage_pipeline.reports.sections.performance import performance, quality
from usage_pipeline.reports.sections.statements import statements
from usage_pipeline.reports.sections.totals import totals
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage.opened import Storage
from usage_pipeline.words import count, is_or_are

_SECTIONS: Sequence[Callable[[Batch], Tables]] = (
    *(totals, daily, costs, statements, credits_by_grant, limits, alerts, insights, breakdowns),
    *(hours, performance, quality, days),
)
"""What a report has, in order."""

ALL_TENANTS = "All tenants"


def build_report(storage: Storage, scope: ReportScope) -> Report:
    """Return the report of one tenant, or of all together.

    Raises PartitionError if the rows of a computed day are gone.
    """
    (report,) = build_reports(Batch(storage, scope.period, scope.filters, _only(scope.tenant_id)))
    return report


def build_reports(batch: Batch) -> Iterator[Report]:
    """Yield the reports of a batch. All that they say is read before the first one."""
    sections = [section(batch) for section in _SECTIONS]
    unrated, first_day = unrated_operations(batch), _first_known_day(batch)
    for subject in batch.subjects:
        tables = tuple(chain.from_iterable(section.get(subject, ()) for section in sections))
        version = data_version(tables)
        yield Report(
            scope=batch.scope(subject),
            title=f"Usage of {_name(batch, subject)}",
            facts=(*_facts(batch, subject), ("Data version", version)),
            notes=tuple(_notes(batch, tables, unrated.get(subject, 0), first_day)),
            tables=tables,
            data_version=version,
        )


def _only(tenant_id: TenantId) -> tuple[str, ...]:
    return () if tenant_id is None else (tenant_id,)


def _name(batch: Batch, tenant_id: TenantId) -> str:
    if tenant_id is None:
        return ALL_TENANTS.lower()
    tenant = batch.tenants.by_id.get(tenant_id)
    return tenant.name or tenant_id if tenant else tenant_id


def _facts(batch: Batch, tenant_id: TenantId) -> Iterator[tuple[str, str]]:
    period, before = batch.period, batch.period.before
    yield "Tenant", ALL_TENANTS if tenant_id is None else tenant_id
    yield "Period", f"{period.first} to {period.last} (UTC)"
    yield "Compared with", f"{before.first} to {before.last}"
    for name, values in batch.filters:
        yield f"Only {name.replace('_', ' ')}", ", ".join(values)
    statuses = Counter(batch.statuses.values())
    counts = ", ".join(f"{statuses[status]:,} {status}" for status in DayStatus if statuses[status])
    yield "Days", f"{period.length:,}: {counts}"


def _first_known_day(batch: Batch) -> date:
    """Return the first day that has records or a landing folder; that of the period if there is none."""
    with batch.storage.warehouse.connect() as connection:
        known = DayReader(batch.storage, connection).known_days()
    return known[0] if known else batch.period.first


def _notes(batch: Batch, tables: Sequence[Table], unrated: int, first_day: date) -> Iterator[str]:
    statuses = Counter(batch.statuses.values())
    if missing := statuses[DayStatus.MISSING]:
        yield (
            f"{count(missing, 'day')} {is_or_are(missing)} missing: no logs are there, or they are not computed "
            "yet. No sum has the numbers that they lack."
        )
    if provisional := statuses[DayStatus.PROVISIONAL]:
        yield f"{count(provisional, 'day')} {is_or_are(provisional)} provisional: late usage may still come."
    if any(table.name == "unpriced" for table in tables):
        yield "Some usage has no price. It is in no amount."
    if unrated:
        yield f"{count(unrated, 'operation')} {is_or_are(unrated)} without a rate, and in no credits."
    if batch.period.before.first < first_day <= batch.period.last:
        yield f"Nothing is known before {first_day}, so the period before is no whole one to compare with."
    if day := day_without_insights(batch, first_day):
        yield (
            f"Trends, forecast, anomalies and recommendations are not made yet as of {day}. The schedule insights "
            "makes them, or: dagster asset materialize -m usage_pipeline.definitions --select usage_trends "
            f"--partition {day}"
        )
    if batch.filters:
        yield "Only what the filters let through is in this report; grants of credits and limits are left out."
