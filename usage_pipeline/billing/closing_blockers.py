"""Reasons that block the closing of a billing period: days that are not final or not current, unusable files.

They block all tenants, because a late line may belong to any tenant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import DAILY_COSTS, TENANT_COSTS
from usage_pipeline.credits.tables import CREDIT_SECONDS
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_event_days, landing_files
from usage_pipeline.words import count, is_or_are, listed

_READY = {DayStatus.FINAL, DayStatus.RESTATED}
_SHOWN_FILES = 5
_EARLY = timedelta(days=1)
"""An event may happen a little after its landing day: clocks differ."""
EARLIER_OPEN = "an earlier period is open"


@dataclass(frozen=True)
class ClosingBlockers:
    """The days and files of a range of days that block the periods they are in."""

    statuses: Mapping[date, DayStatus]
    """By day of the calendar. Days before the calendar have no usage and block nothing."""
    stale: frozenset[date]
    files: tuple[tuple[Collection[date], str], ...]
    """The days that each file that failed or is quarantined may have usage of, and the reason.

    A failed file that is gone blocks nothing: nobody can decide about it any more.
    """

    def of(self, period: BillingPeriod) -> list[str]:
        """Return the reasons that block this period, as messages; none if it can close."""
        days = {
            str(status) if status is not DayStatus.PROVISIONAL else "not final yet": [
                day for day in period.days if self.statuses.get(day) is status
            ]
            for status in DayStatus
            if status not in _READY
        }
        days["to be computed"] = [day for day in period.days if day in self.stale]
        own = set(period.days)
        files = [reason for days_of_file, reason in self.files if not own.isdisjoint(days_of_file)]
        return [*(_reason(problem, found) for problem, found in days.items() if found), *files[:_SHOWN_FILES]]


def read_blockers(storage: Storage, first: date, last: date) -> ClosingBlockers:
    """Return what blocks the periods within the days from first to last, both included."""
    span = BillingPeriod(max(first, storage.settings.first_day), last)
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection).read(span.first, span.last)
        return ClosingBlockers(
            {entry.day: entry.status for entry in days},
            frozenset(_stale(storage, connection, set(span.days))),
            tuple(_undecided(connection, span, storage.settings.lateness_days)),
        )


def _reason(problem: str, days: list[date]) -> str:
    return f"{count(len(days), 'day')} {is_or_are(len(days))} {problem}: {listed(days)}"


def _undecided(
    connection: Connection, span: BillingPeriod, lateness_days: int
) -> Iterator[tuple[Collection[date], str]]:
    """Yield the files whose usage is of days of the span, or may be.

    What was accepted of a quarantined file is known by event day. Of others it is not, so they may have usage of
    their landing day and of the days before it that were not final.
    """
    files, shares = landing_files.c, landing_event_days.c
    event_days = func.array_agg(shares.event_day).filter(shares.event_day.is_not(None))
    query = (
        select(files.landing_day, files.path, files.state, event_days)
        .join_from(landing_files, landing_event_days, shares.path == files.path, isouter=True)
        .where(
            files.landing_day >= span.first - _EARLY,
            or_(
                files.state == FileState.QUARANTINED,
                and_(files.state == FileState.FAILED, files.vanished_at.is_(None), files.pruned_at.is_(None)),
            ),
        )
        .group_by(files.path)
        .order_by(files.landing_day, files.path)
    )
    for landing_day, path, found, known in connection.execute(query):
        possible = days_between(landing_day - timedelta(days=lateness_days), landing_day)
        yield known or possible, f"{path} is {found}"


def _stale(storage: Storage, connection: Connection, days: set[date]) -> set[date]:
    rated = landed_days.event_days(connection) | state.partitions(connection, USAGE_RECORDS.name).keys()
    tables = (EXCLUDED_EVENTS, USAGE_RECORDS, DAILY_COSTS, TENANT_COSTS, CREDIT_SECONDS)
    return set().union(*stale_days(storage, connection, tables, rated & days).values())
