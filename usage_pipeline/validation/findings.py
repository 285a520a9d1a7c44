"""Findings by day that need a person: files and lines that do not count, and usage that counts oddly.

Tenants and members are counted, not named, and a tenant's folder in a path is `*`: Dagster keeps the texts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection

from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.scan import Misplaced, scan_days, without_tenant
from usage_pipeline.events.record import REJECTED_LINES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import execute_parsed, parquet_scan, session
from usage_pipeline.storage.inputs import rows_of
from usage_pipeline.storage.landed_files import LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition
from usage_pipeline.validation.results import Detail, Evaluation, nothing_compared
from usage_pipeline.words import count, is_or_are

REPEATED_IDS = SqlFile.beside(__file__, "totals/repeated_ids")


def files_are_usable(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Files of the days' folders that count nowhere, entries that are no landing file, and rejected lines.

    A file that counts fails the check when it rejects more than `USAGE_REJECT_SHARE_ALARM` of its lines. Fewer
    rejected lines come last in the details.
    """
    files = landed_files.files(connection, days)
    rejects, passed_over = _rejects(storage, files), _passed_over(storage, days)
    return {
        day: _usable(
            storage, [file for file in files if file.landing_day == day], passed_over.get(day, []), rejects
        )
        for day in days
    }


def _passed_over(storage: Storage, days: Sequence[date]) -> dict[date, list[Misplaced]]:
    """By day, the entries of its folders that are no landing file."""
    found: dict[date, list[Misplaced]] = {}
    for entry in scan_days(storage.settings, load_formats(storage.settings), days).misplaced:
        found.setdefault(date.fromisoformat(entry.path.split("/")[1]), []).append(entry)
    return found


def _rejects(storage: Storage, files: Iterable[LandedFile]) -> dict[str, list[Detail]]:
    """By path, each reason for which lines of a file were rejected, in the order of the lines."""
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
    found: dict[str, list[Detail]] = {}
    for path, reason, lines, first in rows:
        found.setdefault(path, []).append(_detail(path, f"{reason}, first in line {first}", lines))
    return found


def _detail(path: str, problem: str, lines: int) -> Detail:
    return {"file": without_tenant(path), "problem": problem, "lines": lines}


def _usable(
    storage: Storage,
    files: Sequence[LandedFile],
    passed_over: Sequence[Misplaced],
    rejects: Mapping[str, Sequence[Detail]],
) -> Evaluation:
    alarm = storage.settings.reject_share_alarm
    expected = f"every entry is a file that counts, with at most {alarm:.1%} of its lines rejected"
    if not files and not passed_over:
        return nothing_compared("no files", expected)
    unusable = [file for file in files if file.needs_attention]
    # A single line of a small file is a large share of it, and still a single line.
    rejecting = [file for file in files if file.counts and file.reject_share > alarm and file.rejected > 1]
    few = [file for file in files if file.counts and file not in rejecting]
    passed = not unusable and not rejecting and not passed_over
    return Evaluation(
        passed,
        f"{len(unusable)} of {len(files)} files count nowhere, {len(rejecting)} reject over {alarm:.1%} of "
        f"their lines, {count(len(passed_over), 'entry')} {is_or_are(len(passed_over))} passed over",
        expected,
        {
            "files": len(files),
            "files_counting_nowhere": len(unusable),
            "files_rejecting_more": len(rejecting),
            "entries_passed_over": len(passed_over),
            "lines": sum(file.lines for file in files),
            "lines_rejected": sum(file.rejected for file in files),
        },
        [
            *(_detail(file.path, f"{file.state}: {file.error}", file.lines) for file in unusable),
            *(_detail(entry.path, f"passed over: {entry.problem}", 0) for entry in passed_over),
            *(detail for file in (*unusable, *rejecting) for detail in rejects.get(file.path, ())),
            *(_few(detail, passed) for file in few for detail in rejects.get(file.path, ())),
        ],
    )


def _few(detail: Detail, passed: bool) -> Detail:  # noqa: FBT001 - what the check found
    return detail if passed else {**detail, "problem": f"{detail['problem']}; too few to fail"}


def totals_are_input_plus_output(
    _: Storage, connection: Connection, days: Sequence[date]
) -> dict[date, Evaluation]:
    """Lines that count and report another total than input plus output: tokens that the format does not map."""
    files = [file for file in landed_files.files(connection, days) if file.counts]
    return {day: _reported_totals([file for file in files if file.landing_day == day]) for day in days}


def _reported_totals(files: Sequence[LandedFile]) -> Evaluation:
    compared, apart = (sum(getattr(file, name) for file in files) for name in ("totals_compared", "totals_apart"))
    expected = "0 totals apart"
    if not compared:
        return nothing_compared("no reported totals", expected)
    tokens = sum(file.tokens_apart for file in files)
    return Evaluation(
        not apart,
        f"{apart:,} of {compared:,} totals apart, by {tokens:,} tokens",
        expected,
        {"totals": compared, "totals_apart": apart, "tokens_apart": tokens},
        [
            {"file": without_tenant(file.path), "lines": file.totals_apart, "tokens": file.tokens_apart}
            for file in files
            if file.totals_apart
        ],
    )


def voids_have_targets(_: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Voids that found no record on their day."""
    return {
        day: _void_targets(partition) for day, partition in _known(connection, USAGE_RECORDS.name, days).items()
    }


def _void_targets(partition: Partition) -> Evaluation:
    voids, unmatched = partition.voids or 0, partition.unmatched_voids or 0
    expected = "0 voids without a target"
    if not voids:
        return nothing_compared("no voids", expected)
    observed = f"{unmatched:,} of {voids:,} voids without a target"
    return Evaluation(not unmatched, observed, expected, {"voids": voids, "voids_without_target": unmatched})


def _known(connection: Connection, table: str, days: Sequence[date]) -> dict[date, Partition]:
    known = state.partitions(connection, table, min(days), max(days))
    return {day: known[day] for day in days}


def ids_are_of_one_day(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Ids that are records of a day and of the one before or after it."""
    repeated = _repeated_ids(storage, _there(storage, days), _there(storage, _neighbours(connection, days)))
    return {
        day: _of_one_day(partition.rows or 0, repeated.get(day, {}))
        for day, partition in _known(connection, USAGE_RECORDS.name, days).items()
    }


def _of_one_day(records: int, by_source: Mapping[str, int]) -> Evaluation:
    expected = (
        "0 ids of a day nearby; if they are retries and no record grew, set unique_within_days in the format"
    )
    if not records:
        return nothing_compared("no records", expected)
    repeated = sum(by_source.values())
    return Evaluation(
        not repeated,
        f"{repeated:,} of {records:,} ids are of a day nearby too",
        expected,
        {"records": records, "ids_repeated": repeated},
        [{"source": source, "ids": ids} for source, ids in by_source.items()],
    )


def _there(storage: Storage, days: Iterable[date]) -> dict[date, Path]:
    objects = {day: storage.lake.object(USAGE_RECORDS.spec, day) for day in days}
    return {day: path for day, path in objects.items() if storage.lake.exists(path)}


def _repeated_ids(
    storage: Storage, own: Mapping[date, Path], nearby: Mapping[date, Path]
) -> dict[date, dict[str, int]]:
    """By day and source, the ids that a day nearby has too."""
    with session(storage.engine) as duck:
        duck.execute(f"CREATE TEMP VIEW usage_records AS {rows_of(USAGE_RECORDS.spec, own)}")
        duck.execute(f"CREATE TEMP VIEW nearby_records AS {rows_of(USAGE_RECORDS.spec, nearby)}")
        rows = execute_parsed(duck, REPEATED_IDS.text).fetchall()
    found: dict[date, dict[str, int]] = {}
    for day, source, ids in rows:
        found.setdefault(day, {})[source] = ids
    return found


def _neighbours(connection: Connection, days: Sequence[date]) -> list[date]:
    """The days before and after these that have records."""
    one = timedelta(days=1)
    nearby = {day + step for day in days for step in (-one, one)}
    known = state.partitions(connection, USAGE_RECORDS.name, min(nearby), max(nearby))
    return [day for day in sorted(nearby) if day in known and known[day].rows]


def metered_once(storage: Storage, connection: Connection, days: Sequence[date]) -> dict[date, Evaluation]:
    """Sources of one tenant that probably report the same usage; others are listed."""
    cases = double_metered(storage, min(days), max(days))
    return {
        day: _metered_once(partition.rows or 0, [case for case in cases if case.day == day])
        for day, partition in _known(connection, DAILY_BREAKDOWN.name, days).items()
    }


def _metered_once(rows: int, cases: Sequence[DoubleMetering]) -> Evaluation:
    expected = "0 tenants have two sources that report the same usage"
    if not rows:
        return nothing_compared("no usage", expected)
    several = len({case.tenant_id for case in cases})
    twice = len({case.tenant_id for case in cases if case.alike})
    return Evaluation(
        not twice,
        f"{twice:,} of {several:,} tenants with several sources have two that probably report the same usage",
        expected,
        {"tenants_with_several_sources": several, "tenants_metered_twice": twice},
        list(_metered_by(cases)),
    )


def _metered_by(cases: Sequence[DoubleMetering]) -> Iterator[Detail]:
    for metric, sources in sorted({(case.metric, case.sources) for case in cases}):
        of_these = [case for case in cases if (case.metric, case.sources) == (metric, sources)]
        twice = sum(case.alike for case in of_these)
        yield {
            "metric": metric,
            "sources": " and ".join(sources),
            "tenants": len(of_these),
            "metered_twice": twice,
        }
