"""What blocks the closing of a billing period: days that are not final or to be computed, unusable files.

It is the same for all tenants, because a late line may be of any of them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.costs.tables import DAILY_COSTS, TENANT_COSTS
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_files

_READY = {DayStatus.FINAL, DayStatus.RESTATED}
_SHOWN_DAYS = 5


@dataclass(frozen=True)
class ClosingBlockers:
    """What may block periods, of a stretch of days."""

    statuses: Mapping[date, DayStatus]
    """Of the days of the calendar; those before it have no usage, and block nothing."""
    stale: frozenset[date]
    files: tuple[tuple[date, str], ...]
    """Landing day of those that failed or are quarantined, and what to say of them."""

    def of(self, period: BillingPeriod) -> list[str]:
        """What blocks this period."""
        days = set(period.days)
        by_status = [
            _told(f"are {status}" if status is not DayStatus.PROVISIONAL else "are not final yet", found)
            for status in DayStatus
            if status not in _READY and (found := self._having(status, days))
        ]
        stale = sorted(self.stale & days)
        files = [told for landing_day, told in self.files if landing_day in days]
        return [
            *by_status,
            *([_told("are to be computed", stale)] if stale else []),
            *files[:_SHOWN_DAYS],
        ]

    def _having(self, status: DayStatus, days: set[date]) -> list[date]:
        return sorted(day for day in days if self.statuses.get(day) is status)


def read_blockers(storage: Storage, first: date, last: date) -> ClosingBlockers:
    """Look at the days from first to last, both included: once for all periods in them."""
    span = BillingPeriod(max(first, storage.settings.first_day), last)
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(span.first, span.last)
        return ClosingBlockers(
            {entry.day: entry.status for entry in days},
            frozenset(_stale(storage, connection, set(span.days))),
            tuple(_undecided(connection, span)),
        )


def blockers_of(storage: Storage, period: BillingPeriod) -> list[str]:
    """What keeps the period open, in words."""
    return read_blockers(storage, period.first, period.last).of(period)


def _told(what: str, days: list[date]) -> str:
    named = ", ".join(map(str, days[:_SHOWN_DAYS])) + (", ..." if len(days) > _SHOWN_DAYS else "")
    return f"{len(days)} days {what}: {named}"


def _undecided(connection: Connection, span: BillingPeriod) -> Iterator[tuple[date, str]]:
    columns = landing_files.c
    query = select(columns.landing_day, columns.path, columns.state).where(
        columns.landing_day.between(span.first, span.last),
        columns.state.in_([found for found in FileState if found.needs_attention]),
    )
    for landing_day, path, found in connection.execute(query.order_by(columns.landing_day, columns.path)):
        yield landing_day, f"{path} is {found}"


def _stale(storage: Storage, connection: Connection, days: set[date]) -> set[date]:
    rated = landed_files.event_days(connection) | state.partitions(connection, USAGE_RECORDS.name).keys()
    tables = (EXCLUDED_EVENTS, USAGE_RECORDS, DAILY_COSTS, TENANT_COSTS)
    return set().union(*stale_days(storage, connection, tables, rated & days).values())
