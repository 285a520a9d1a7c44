"""What people should have a look at, by day: files and lines that do not count, and what counts oddly.

Tenants and members are not named, only counted: Dagster shows what is said here, and keeps it.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from sqlalchemy import Connection

from usage_pipeline.events.landing.scan import scan_days
from usage_pipeline.events.mapping import load_mappings
from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.double_metering import double_metered
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.results import Found

REPEATED_IDS = SqlFile.beside(__file__, "accounting/repeated_ids")
_SHOWN = 40


def files_are_usable(storage: Storage, connection: Connection, day: date) -> Found:
    """What of the day's folders counts nowhere, with the reason: files, what is no landing file, rejected lines.

    Rejected lines are told by file and reason, with the number of the first one.
    """
    files = landed_files.files(connection, [day])
    problems = [*_unusable(files), *_passed_over(storage, day), *_rejects(storage, day, files)]
    observed = f"{len(problems)} problems in {len(files)} files"
    return Found(not problems, f"{observed}: {_listed(problems)}" if problems else observed, "0 problems")


def voids_have_targets(_: Storage, connection: Connection, day: date) -> Found:
    """Voids that found no record on the day."""
    partition = state.partitions(connection, USAGE_RECORDS.name, day, day).get(day)
    unmatched = (partition.unmatched_voids if partition else None) or 0
    return Found(not unmatched, f"{unmatched:,} voids without a target", "0 voids without a target")


def ids_are_of_one_day(storage: Storage, connection: Connection, day: date) -> Found:
    """Ids that are records of the day and of the one before or after it."""
    nearby = [storage.lake.object(USAGE_RECORDS.spec, found) for found in _neighbours(connection, day)]
    own = storage.lake.object(USAGE_RECORDS.spec, day)
    there = [path for path in nearby if storage.lake.exists(path)]
    repeated = 0
    if there and storage.lake.exists(own):
        with session(storage.engine) as duck:
            duck.execute(f"CREATE TEMP VIEW usage_records AS FROM {parquet_scan([own])}")
            duck.execute(f"CREATE TEMP VIEW nearby_records AS FROM {parquet_scan(there)}")
            repeated = duck.execute(REPEATED_IDS.text).fetchall()[0][0]
    return Found(not repeated, f"{repeated:,} ids of a day nearby", "0 ids of a day nearby")


def metered_once(storage: Storage, _: Connection, day: date) -> Found:
    """Metrics that several sources brought for one tenant."""
    found = double_metered(storage, day, day)
    tenants = len({case.tenant_id for case in found})
    cases = sorted({f"{case.metric} by {' and '.join(case.sources)}" for case in found})
    told = f": {_listed(cases)}" if cases else ""
    return Found(not found, f"{tenants:,} tenants metered twice{told}", "0 tenants metered twice")


def _unusable(files: Iterable[LandedFile]) -> Iterator[str]:
    for file in files:
        if file.state.needs_attention:
            yield f"{file.path} is {file.state} and counts nowhere: {file.error}"


def _passed_over(storage: Storage, day: date) -> Iterator[str]:
    for entry in scan_days(storage.settings, load_mappings(storage.settings), [day]).misplaced:
        yield f"{entry.path} is passed over: {entry.problem}"


def _rejects(storage: Storage, day: date, files: Iterable[LandedFile]) -> Iterator[str]:
    objects = [storage.lake.object(REJECTED_LINES, day, file.object_name) for file in files if file.rejected]
    there = [path for path in objects if storage.lake.exists(path)]
    if not there:
        return
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"SELECT landing_file, reason, count(*), min(landing_line) FROM {parquet_scan(there)} "
            "GROUP BY landing_file, reason ORDER BY landing_file, min(landing_line), reason"
        ).fetchall()
    for path, reason, lines, first in rows:
        yield f"{path} line {first} is {reason}" + (f", as are {lines - 1:,} more" if lines > 1 else "")


def _neighbours(connection: Connection, day: date) -> list[date]:
    one = timedelta(days=1)
    known = state.partitions(connection, USAGE_RECORDS.name, day - one, day + one)
    return [found for found, partition in sorted(known.items()) if found != day and partition.rows]


def _listed(texts: list[str]) -> str:
    more = f"; and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more
