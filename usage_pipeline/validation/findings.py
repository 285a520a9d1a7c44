"""What people should have a look at, by day: files and lines that do not count, and what counts oddly.

Tenants and members are not named, only counted: Dagster shows what is said here, and keeps it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection

from usage_pipeline.events.landing.scan import scan_days
from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.events.source_format import load_formats
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.validation.results import Evaluation

REPEATED_IDS = SqlFile.beside(__file__, "totals/repeated_ids")
_SHOWN = 40


def files_are_usable(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """What of the days' folders counts nowhere, with the reason: files, what is no landing file, rejected lines.

    Rejected lines are told by file and reason, with the number of the first one.
    """
    by_day = _by_day(days, landed_files.files(connection, days))
    rejects = _rejects(storage, [file for files in by_day.values() for file in files])
    return {day: _usable(storage, day, files, rejects) for day, files in by_day.items()}


def _by_day(days: Iterable[date], files: Iterable[LandedFile]) -> dict[date, list[LandedFile]]:
    by_day: dict[date, list[LandedFile]] = {day: [] for day in days}
    for file in files:
        by_day[file.landing_day].append(file)
    return by_day


def _usable(
    storage: Storage, day: date, files: Sequence[LandedFile], rejects: Mapping[str, Sequence[str]]
) -> Evaluation:
    rejected = [problem for file in files for problem in rejects.get(file.path, ())]
    problems = [*_unusable(files), *_passed_over(storage, day), *rejected]
    observed = f"{len(problems)} problems in {len(files)} files"
    return Evaluation(not problems, f"{observed}: {_listed(problems)}" if problems else observed, "0 problems")


def voids_have_targets(_: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Voids that found no record on their day."""
    known = state.partitions(connection, USAGE_RECORDS.name, min(days), max(days))
    unmatched = {day: known[day].unmatched_voids or 0 if day in known else 0 for day in days}
    return {
        day: Evaluation(not voids, f"{voids:,} voids without a target", "0 voids without a target")
        for day, voids in unmatched.items()
    }


def ids_are_of_one_day(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Ids that are records of a day and of the one before or after it."""
    repeated = _repeated_ids(storage, _there(storage, days), _there(storage, _neighbours(connection, days)))
    return {
        day: Evaluation(
            day not in repeated, f"{repeated.get(day, 0):,} ids of a day nearby", "0 ids of a day nearby"
        )
        for day in days
    }


def _there(storage: Storage, days: Iterable[date]) -> dict[date, Path]:
    objects = {day: storage.lake.object(USAGE_RECORDS.spec, day) for day in days}
    return {day: path for day, path in objects.items() if storage.lake.exists(path)}


def _repeated_ids(storage: Storage, own: Mapping[date, Path], nearby: Mapping[date, Path]) -> dict[date, int]:
    with session(storage.engine) as duck:
        duck.execute(f"CREATE TEMP VIEW usage_records AS {rows_of(USAGE_RECORDS.spec, own)}")
        duck.execute(f"CREATE TEMP VIEW nearby_records AS {rows_of(USAGE_RECORDS.spec, nearby)}")
        return dict(duck.execute(REPEATED_IDS.text).fetchall())


def metered_once(storage: Storage, _: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Metrics that several sources brought for one tenant."""
    found = double_metered(storage, min(days), max(days))
    return {day: _metered_once([case for case in found if case.day == day]) for day in days}


def _metered_once(found: Sequence[DoubleMetering]) -> Evaluation:
    tenants = len({case.tenant_id for case in found})
    cases = sorted({f"{case.metric} by {' and '.join(case.sources)}" for case in found})
    told = f": {_listed(cases)}" if cases else ""
    return Evaluation(not found, f"{tenants:,} tenants metered twice{told}", "0 tenants metered twice")


def _unusable(files: Iterable[LandedFile]) -> Iterator[str]:
    for file in files:
        if file.state.needs_attention:
            yield f"{file.path} is {file.state} and counts nowhere: {file.error}"


def _passed_over(storage: Storage, day: date) -> Iterator[str]:
    for entry in scan_days(storage.settings, load_formats(storage.settings), [day]).misplaced:
        yield f"{entry.path} is passed over: {entry.problem}"


def _rejects(storage: Storage, files: Iterable[LandedFile]) -> dict[str, list[str]]:
    """By file, what is told of its rejected lines."""
    objects = [
        storage.lake.object(REJECTED_LINES, file.landing_day, file.object_name) for file in files if file.rejected
    ]
    there = [path for path in objects if storage.lake.exists(path)]
    if not there:
        return {}
    with session(storage.engine) as duck:
        rows = duck.execute(
            f"SELECT landing_file, reason, count(*), min(landing_line) FROM {parquet_scan(there)} "
            "GROUP BY landing_file, reason ORDER BY landing_file, min(landing_line), reason"
        ).fetchall()
    told: dict[str, list[str]] = {}
    for path, reason, lines, first in rows:
        more = f", as are {lines - 1:,} more" if lines > 1 else ""
        told.setdefault(path, []).append(f"{path} line {first} is {reason}{more}")
    return told


def _neighbours(connection: Connection, days: Sequence[date]) -> list[date]:
    """The days before and after these that have records."""
    one = timedelta(days=1)
    nearby = {day + step for day in days for step in (-one, one)}
    known = state.partitions(connection, USAGE_RECORDS.name, min(nearby), max(nearby))
    return [day for day in sorted(nearby) if day in known and known[day].rows]


def _listed(texts: list[str]) -> str:
    more = f"; and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return "; ".join(texts[:_SHOWN]) + more
