"""Which monthly reports are to be written: those of the month that closed last, and those that changed later."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from sqlalchemy import ColumnElement, Connection, func, select

from usage_pipeline.billing.calendar import month_of
from usage_pipeline.clock import Clock
from usage_pipeline.reports.batch import Batch, TenantId
from usage_pipeline.reports.scope import ReportPeriod, last_closed_month, month_period
from usage_pipeline.reports.tables import REPORTS
from usage_pipeline.reports.writing import Written, write_reports
from usage_pipeline.series.tables import TOKEN_SERIES
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, usage_versions, warehouse_table
from usage_pipeline.storage.tables import ERASED_TENANT

reports = warehouse_table(REPORTS)
token_series = warehouse_table(TOKEN_SERIES.spec)

_AT_ONCE = 50
"""Tenants whose reports are read together."""


def tenants_of(connection: Connection, period: ReportPeriod) -> list[str]:
    """Return the tenants with usage in a period."""
    columns = token_series.c
    within = columns.day.between(period.first, period.last) & (columns.tenant_id != ERASED_TENANT)
    return list(
        connection.execute(select(columns.tenant_id).where(within).distinct().order_by("tenant_id")).scalars()
    )


def due_reports(storage: Storage) -> dict[date, list[TenantId]]:
    """Return the tenants, None for all together, whose report of a month is to be written, by month.

    Of the month that closed last all without a final report; of any month those whose usage, costs or credits
    have changed since their final report. Other months are written when somebody asks.
    """
    return {month: list(subjects) for month, subjects in _due(storage).items()}


def due_digests(storage: Storage) -> dict[date, str]:
    """Return what the due reports of each month are known by together, without naming a tenant.

    It is another one when numbers of them have changed once more, or one was written meanwhile and is due again.
    """
    return {
        month: fingerprint((subject or "", *known_by) for subject, known_by in subjects.items())
        for month, subjects in _due(storage).items()
    }


def _due(storage: Storage) -> dict[date, dict[TenantId, tuple[int, ...]]]:
    """Return the subjects that are due by month, in order.

    Of those that have changed the last change is told, and the version of the report that is there.
    """
    found: defaultdict[date, dict[TenantId, tuple[int, ...]]] = defaultdict(dict)
    with storage.warehouse.connect() as connection:
        for month, subject in _unwritten(connection, storage.settings.clock):
            found[month][subject] = ()
        for month, subject, *known_by in _changed(connection):
            found[month][subject] = tuple(known_by)
    return {month: dict(sorted(found[month].items(), key=lambda due: due[0] or "")) for month in sorted(found)}


def write_month(
    storage: Storage, month: date, subjects: list[TenantId], formats: tuple[str, ...]
) -> Iterator[Written]:
    """Write the reports of a month, and yield each. Raises PartitionError if rows of a computed day are gone."""
    period = month_period(month)
    tenants = [subject for subject in subjects if subject is not None]
    for start in range(0, len(tenants), _AT_ONCE):
        yield from write_reports(Batch(storage, period, (), tuple(tenants[start : start + _AT_ONCE])), formats)
    if None in subjects:
        yield from write_reports(Batch(storage, period), formats)


def _unwritten(connection: Connection, clock: Clock) -> Iterator[tuple[date, TenantId]]:
    month = last_closed_month(clock)
    period = month_period(month)
    columns = reports.c
    query = select(columns.tenant_id).where(
        *_final_reports(), columns.first_day == period.first, columns.last_day == period.last
    )
    written = set(connection.execute(query).scalars())
    tenants = tenants_of(connection, period)
    for subject in (*tenants, *([""] if tenants else [])):
        if subject not in written:
            yield month, subject or None


def _changed(connection: Connection) -> Iterator[tuple[date, TenantId, int, int]]:
    columns, changes = reports.c, usage_versions.c
    for first, last in _months_with_changed_days(connection):
        is_of = (columns.tenant_id == "") | (columns.tenant_id == changes.tenant_id)
        is_later = changes.day.between(first, last) & (changes.id > columns.last_change)
        told = (columns.tenant_id, columns.version)
        query = select(*told, func.max(changes.id)).join_from(reports, usage_versions, is_of & is_later)
        of_month = query.where(*_final_reports(), columns.first_day == first, columns.last_day == last)
        for subject, version, change in connection.execute(of_month.group_by(*told)):
            yield first, subject or None, version, change


def _months_with_changed_days(connection: Connection) -> list[tuple[date, date]]:
    """Return the months of final reports in which a day of any tenant has changed since: few, and soon found."""
    columns, days = reports.c, partition_state.c
    is_changed = days.day.between(columns.first_day, columns.last_day) & (days.changed_at >= columns.written_at)
    query = select(columns.first_day, columns.last_day).distinct().join_from(reports, partition_state, is_changed)
    found = connection.execute(query.where(*_final_reports())).all()
    return [(first, last) for first, last in found if month_period(month_of(first)) == ReportPeriod(first, last)]


def _final_reports() -> tuple[ColumnElement[bool], ...]:
    return reports.c.filters == "", reports.c.is_final
