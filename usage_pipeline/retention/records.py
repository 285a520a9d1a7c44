"""Prunes records: lets those past their term count as gone, then computes the tables of their days without them.

Rows of rollups, series and costs stay; that they come out as before is checked. What is left of the records in
`landed_events` is removed afterwards, file by file.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import days_between
from usage_pipeline.errors import PartitionError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.retention.past_term import Finder
from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage import landed_days, landed_files, pruned, state
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import session
from usage_pipeline.storage.landed_days import LandedShare
from usage_pipeline.storage.locks import no_writers
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Term

RUN = "retention_pruning"
"""The run of days that are computed after their records were pruned."""


@dataclass(frozen=True)
class Decision:
    """The event days that were looked at, those that lost records, and what went wrong."""

    asked: Sequence[date]
    days: Sequence[date]
    problem: str | None


def days_with_records_past_term(storage: Storage, terms: Terms) -> list[date]:
    """Return the event days that may have records past their term, in order."""
    latest = terms.latest(Term.RECORDS)
    if latest is None:
        return []
    with storage.warehouse.connect() as connection:
        return landed_days.days_with_rows_before(connection, latest)


def prune_records(
    storage: Storage, tables: Sequence[DailyTable], days: Collection[date], terms: Terms
) -> Iterator[Decision]:
    """Prune the records of these event days that are past their term, and yield the days as they are done.

    A day that is not up to date in all tables, or next to one whose lines it is compared with, holds back itself
    and all days after it, because its numbers could not be made later. Raises LockTimeoutError if days are landed
    or computed for longer than the timeout.
    """
    yield from _complete(storage, tables)
    for batch in batches(storage, days):
        decision = _decide(storage, tables, batch, terms)
        problem = _compute_again(storage, tables, decision.days) if decision.days else None
        yield replace(decision, problem=problem or decision.problem)
        if decision.problem:
            return


def _complete(storage: Storage, tables: Sequence[DailyTable]) -> Iterator[Decision]:
    """Compute the days that an earlier prune left when it was killed."""
    with storage.warehouse.connect() as connection:
        days = landed_days.pruned_by_event_day(connection).keys()
        left = set().union(*stale_days(storage, connection, tables, days).values())
    for batch in batches(storage, left):
        yield Decision([], batch, _first(_compute(storage, tables, batch)))


def _decide(storage: Storage, tables: Sequence[DailyTable], days: list[date], terms: Terms) -> Decision:
    """Let the records count as pruned, while no day is landed or computed."""
    timeout = storage.settings.lock_timeout_seconds
    with no_writers(storage.warehouse, timeout) as connection, session(storage.engine) as duck:
        shares = landed_days.shares_of_all_files(connection, days)
        obstacles = _outdated(storage, connection, tables, days)
        obstacles |= _lost(storage, landed_days.landed_shares(connection, days))
        first = min(obstacles, default=None)
        whole = [share for share in shares if first is None or share.event_day < first]
        Finder(storage, connection, duck, terms).register_events(whole)
        changed = _mark(connection, duck, terms, whole)
    return Decision(days, changed, obstacles[first] if first else None)


def _outdated(
    storage: Storage, connection: Connection, tables: Sequence[DailyTable], days: Sequence[date]
) -> dict[date, str]:
    """Return the days that must not lose records now, each with the reason."""
    reach = timedelta(days=max(landed_files.reaches(connection).values(), default=0))
    landed = landed_days.rows_by_event_day(connection, days_between(days[0], days[-1] + reach))
    stale = sorted(set().union(*stale_days(storage, connection, tables, landed.keys()).values()))
    return {
        day: f"Records from {day} on are kept for now, because {late} is not up to date and could not be made "
        "without them. Run `usage-pipeline run`, then prune again."
        for late in reversed(stale)
        for day in days
        if day <= late <= day + reach
    }


def _lost(storage: Storage, shares: Collection[LandedShare]) -> dict[date, str]:
    """Return the days whose landed rows are not all in the lake, each with the reason."""
    return {
        share.event_day: f"Records from {share.event_day} on are kept for now, because the landed events of "
        f"{share.path} are not in the lake. Run `usage-pipeline run`, then prune again."
        for share in shares
        if share.rows
        and not storage.lake.exists(storage.lake.object(LANDED_EVENTS, share.landing_day, share.object_name))
    }


def _mark(
    connection: Connection, duck: DuckDBPyConnection, terms: Terms, shares: Collection[LandedShare]
) -> list[date]:
    """Note which rows and tenants are pruned, and return the days on which that is new."""
    if not shares:
        return []
    last = max(share.event_day for share in shares)
    tenants = duck.execute("SELECT DISTINCT tenant_id FROM marked WHERE is_past_record AND NOT is_pruned")
    limits = {tenant: terms.first_kept(Term.RECORDS, tenant) for (tenant,) in tenants.fetchall()}
    next_day = last + timedelta(days=1)
    pruned.raise_first_kept(
        connection, {tenant: min(limit, next_day) for tenant, limit in limits.items() if limit}
    )
    is_kept = "NOT is_past_record AND NOT is_pruned"
    counts = duck.execute(f"SELECT landing_file, day, sum(rows) FILTER ({is_kept}) FROM marked GROUP BY ALL")
    kept = {(path, day): int(rows or 0) for path, day, rows in counts.fetchall()}
    gone = [share for share in shares if kept.get((share.path, share.event_day), 0) != share.rows]
    left = {(share.path, share.event_day): kept.get((share.path, share.event_day), 0) for share in gone}
    landed_days.record_rows_left(connection, left)
    return sorted({share.event_day for share in gone})


def _compute_again(storage: Storage, tables: Sequence[DailyTable], days: Collection[date]) -> str | None:
    """Compute the days, expect that what outlives the records comes out as before, and return what went wrong."""
    outliving = {table.name: table for table in tables if table.spec.term is Term.KEPT}
    before = _outputs(storage, outliving, days)
    failures = _compute(storage, tables, days)
    after = _outputs(storage, outliving, days)
    changed = sorted(key for key in before.keys() & after if before[key] != after[key])
    if changed:
        name, day = changed[0][:2]
        raise PartitionError(
            f"{name} of {day} came out differently after records were pruned, as {len(changed)} partitions did. "
            "This is a fault of the pipeline: please report it. The table `usage_versions` has the published "
            "numbers before; `usage-pipeline cost-diff` prints those of costs."
        )

    return _first(failures)


def _compute(storage: Storage, tables: Sequence[DailyTable], days: Collection[date]) -> dict[date, PartitionError]:
    """Compute the days, and return those that fail."""
    failures: dict[date, PartitionError] = {}
    for table in tables:
        left = [day for day in days if day not in failures]
        failures |= compute_days(storage, table, left, RUN).failures if left else {}
    return failures


def _first(failures: Mapping[date, PartitionError]) -> str | None:
    return str(failures[min(failures)]) if failures else None


def _outputs(
    storage: Storage, tables: Mapping[str, DailyTable], days: Collection[date]
) -> dict[tuple[str, date, str | None], str | None]:
    """Return the digests of the partitions, by table, day and code version: other code may make other rows."""
    with storage.warehouse.connect() as connection:
        known = state.partitions_of(connection, tables.keys(), min(days), max(days))
    return {
        (name, day, partition.code_version): partition.output_digest
        for name, partitions in known.items()
        for day, partition in partitions.items()
        if day in days
    }
