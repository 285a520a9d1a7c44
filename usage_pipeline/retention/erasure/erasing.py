"""Erases a tenant step by step; each step does what is left of it, so that an erasure can be done again.

The last step searches everything that is stored. Only when nothing is found the erasure is done, and certified.
"""

import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from usage_pipeline.errors import ErasureError
from usage_pipeline.limits.refresh import refresh_limits
from usage_pipeline.reports.written import outdate_all_together
from usage_pipeline.retention.erasure import erasures
from usage_pipeline.retention.erasure.beginning import begin, expect_erasable, find_obstacle
from usage_pipeline.retention.erasure.certificate import Certificate, certified, digests_of, write_certificate
from usage_pipeline.retention.erasure.closed import sum_closed
from usage_pipeline.retention.erasure.counting import (
    OF_FILES,
    PINNED,
    Count,
    count_traces,
    is_known,
    request_files,
    tables_with_tenants,
    tenant_folders,
)
from usage_pipeline.retention.erasure.landing import erase_landing_day, folders_of
from usage_pipeline.retention.erasure.member import shared_conversations
from usage_pipeline.retention.erasure.namesakes import word_of
from usage_pipeline.retention.erasure.rows import remove_limits_of_member, remove_rows
from usage_pipeline.retention.erasure.searching import Found, search, unknown_files
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.sums import RUN, days_named, sum_days
from usage_pipeline.retention.erasure.texts import databases, replace_in_files, replace_texts
from usage_pipeline.retention.housekeeping import TEMPORARIES, delete, tables_with_dead_rows, vacuum
from usage_pipeline.retention.pruning import NO_PROGRESS, Progress
from usage_pipeline.storage import audit, landed_days, landed_files, state
from usage_pipeline.storage.audit import Action, AuditEntry
from usage_pipeline.storage.batches import batches
from usage_pipeline.storage.compute import compute_days, stale_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.locks import named_lock, no_writers
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state_tables import PRUNED_TENANTS
from usage_pipeline.storage.tables import SCHEMA, Erasure, PartitionedBy, TableSpec, Zone
from usage_pipeline.validation.checking import check_failed_again
from usage_pipeline.words import did_you_mean

_LOCK = "erasure"
_LISTED = 10


@dataclass(frozen=True)
class Tables:
    """All tables, and those by event day in the order of the flow."""

    all: Sequence[TableSpec]
    daily: Sequence[DailyTable]

    def of_state(self, erasure: Erasure) -> list[TableSpec]:
        """Return the tables of the state whose rows become this when their tenant is erased."""
        of_state = [spec for spec in self.all if spec.partitioned_by is PartitionedBy.NOTHING]
        return [spec for spec in of_state if spec is not PRUNED_TENANTS and spec.of_erased is erasure]


@dataclass(frozen=True)
class Plan:
    """What an erasure would do, and why it cannot begin, if it cannot."""

    counts: Sequence[Count]
    obstacle: str | None


@dataclass(frozen=True)
class Outcome:
    """An erasure that is done."""

    certificate: Certificate
    mentions: int
    """Rows and lines of other tenants that hold the id as a word; they are as they were."""


def plan(storage: Storage, tables: Tables, subject: Subject) -> Plan:
    """Count what there is of a tenant or member, and find out whether it can be erased. Changes nothing."""
    word = word_of(storage, subject)
    counts = count_traces(storage, tables.all, subject, word)
    try:
        expect_erasable(storage, tables.all, subject)
    except ErasureError as error:
        return Plan(counts, str(error))
    return Plan(counts, _obstacle(storage, tables, subject, word, counts))


def erase(  # noqa: PLR0913 - what an erasure needs
    storage: Storage,
    tables: Tables,
    subject: Subject,
    *,
    by: str,
    reason: str,
    progress: Progress = NO_PROGRESS,
) -> Outcome | None:
    """Erase a tenant, or complete its erasure, and certify it; None if it was erased before and nothing came.

    Raises ErasureError if it cannot begin or nobody knows it, or if something is still there at the end.
    """
    expect_erasable(storage, tables.all, subject)
    word = word_of(storage, subject)
    if word.found_in(reason) or word.found_in(by):
        raise ErasureError("The reason and the author go into the certificate, so they must not hold the id.")
    with named_lock(storage.warehouse, _LOCK):
        before = _before(storage, tables, subject, word)
        if before is not None:
            counts = [Count(**count) for count in before["counts"]]
            if obstacle := _obstacle(storage, tables, subject, word, counts):
                raise ErasureError(obstacle)
            if not is_known(counts):
                return None
        erasing = begin(storage, tables.daily, subject, word, by=by, reason=reason, counts=before or {})
        _sum_rollups(storage, tables, subject, word, progress)
        _erase_landing(storage, subject, word, progress)
        _compute(storage, tables.daily, subject, word, progress)
        if subject.member_id is None:
            sum_closed(storage, tables.of_state(Erasure.SUMMED), subject, word)
            remove_rows(storage, tables.of_state(Erasure.REMOVED), subject)
        else:
            remove_limits_of_member(storage, tables.of_state(Erasure.REMOVED), subject, word)
        refresh_limits(storage)
        _replace_texts(storage, tables.all, subject, word)
        _remove_unfinished(storage)
        check_failed_again(storage, RUN)
        found = _expect_nothing(storage, subject, word)
        certificate = certified(storage, erasing, digests_of(storage, tables.daily))
        _finish(storage, erasing, certificate)
    with databases(storage) as engines:
        for name, engine in engines.items():
            _vacuum(engine, SCHEMA if name == SCHEMA else None)
    return Outcome(certificate, sum(found.mentions.values()))


def _before(storage: Storage, tables: Tables, subject: Subject, word: Word) -> dict[str, Any] | None:
    """Return what there is before an erasure begins; None if it has begun."""
    with storage.warehouse.connect() as connection:
        if erasures.begun(connection, subject) is not None:
            return None
    counts = [vars(count) for count in count_traces(storage, tables.all, subject, word)]
    return {"counts": counts, "digests": digests_of(storage, tables.daily)}


def _obstacle(
    storage: Storage, tables: Tables, subject: Subject, word: Word, counts: Iterable[Count]
) -> str | None:
    """Return why an erasure could not begin now, or could not be done; None if nothing hinders it.

    `counts` are what there is of the tenant or member.
    """
    if obstacle := find_obstacle(storage, tables.daily, subject, word):
        return obstacle
    if unknown := unknown_files(storage, subject, word):
        return (
            f"The id is in {_listed(unknown)}, which the pipeline does not know. Remove that, or take the id "
            "out of it, then erase again."
        )
    if is_known(counts) or _is_erased(storage, subject):
        return None
    meant = did_you_mean(subject.name, word.others)
    whose = f" of {subject.tenant_id!r}" if subject.member_id is not None else ""
    return f"Nothing of a {subject.kind} {subject.name!r}{whose} is stored{f'; {meant}' if meant else '.'}"


def _is_erased(storage: Storage, subject: Subject) -> bool:
    with storage.warehouse.connect() as connection:
        return erasures.is_done(connection, subject.digest(storage.settings))


def _listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - _LISTED} more places" if len(places) > _LISTED else ""
    return f"{', '.join(places[:_LISTED])}{more}"


def _sum_rollups(storage: Storage, tables: Tables, subject: Subject, word: Word, progress: Progress) -> None:
    outliving = [table for table in tables.daily if table.outlives_records]
    progress.expect("Summing", len(outliving))
    for table in outliving:
        last = None
        for days in sum_days(storage, table, subject, word):
            last = days[-1]
        if last is not None:
            progress.done(last)


def _erase_landing(storage: Storage, subject: Subject, word: Word, progress: Progress) -> None:
    with storage.warehouse.connect() as connection:
        known = {file.landing_day for file in landed_files.files(connection)}
    days = known | folders_of(storage, subject)
    conversations = shared_conversations(storage, subject, word)
    progress.expect("Erasing from landing", len(days))
    for day in sorted(days):
        erase_landing_day(storage, day, subject, word, conversations)
        progress.done(day)


def _compute(
    storage: Storage, daily: Sequence[DailyTable], subject: Subject, word: Word, progress: Progress
) -> None:
    """Compute what is stale or has a trace, table by table in the order of the flow; days that fail stay."""
    with storage.warehouse.connect() as connection:
        known = state.partitions_of(connection, [table.name for table in daily])
        days = landed_days.event_days(connection).union(*known.values())
    calendar = {day for day in days if day >= storage.settings.first_day}
    progress.expect("Computing", len(daily))
    for table in daily:
        with storage.warehouse.connect() as connection:
            stale = stale_days(storage, connection, [table], calendar)[table.name]
        if table.spec.zone is Zone.LAKE:
            stale |= calendar.intersection(days_named(storage, table.spec, subject, word))
        for batch in batches(storage, stale):
            compute_days(storage, table, batch, RUN)
        progress.done(max(calendar, default=storage.settings.clock.today))


def _replace_texts(storage: Storage, specs: Collection[TableSpec], subject: Subject, word: Word) -> None:
    of_files = {f"{table}.path" for table in OF_FILES}
    kept = {*tables_with_tenants(specs), *PINNED, *of_files, f"{SCHEMA}.erasures"}
    with databases(storage) as engines:
        for engine in engines.values():
            replace_texts(engine, word, kept, subject)
    replace_in_files(storage.settings.dagster_dir, word, subject.tenant)
    for folder in tenant_folders(subject):
        shutil.rmtree(storage.settings.data_dir / folder, ignore_errors=True)
    for path in request_files(storage, subject, word):
        path.unlink(missing_ok=True)
    with storage.warehouse.begin() as connection:
        outdate_all_together(connection)


def _remove_unfinished(storage: Storage) -> None:
    """Remove what killed writers have left, which may hold rows of the tenant: now nobody writes."""
    with no_writers(storage.warehouse, storage.settings.lock_timeout_seconds):
        for place in (Zone.LAKE, Zone.ROLLUPS):
            for pattern in TEMPORARIES[place]:
                for path in (storage.settings.data_dir / place).glob(pattern):
                    delete(path)


def _expect_nothing(storage: Storage, subject: Subject, word: Word) -> Found:
    found = search(storage, subject, word)
    if found.left:
        places = [f"{place} ({number:,})" for place, number in sorted(found.left.items())]
        raise ErasureError(
            f"The id is still in {_listed(places)}. If new files have landed meanwhile or a day "
            "could not be computed, run `usage-pipeline run`; remove files that the pipeline does not know. Then "
            "erase again to complete it."
        )
    return found


def _finish(storage: Storage, erasing: erasures.Erasing, certificate: Certificate) -> None:
    digest = write_certificate(storage, certificate)
    now = storage.settings.clock.now
    numbers = {f"{count['place']} {count['what']}": count["number"] for count in erasing.counts["counts"]}
    entry = AuditEntry(now, erasing.by, Action.ERASED, erasing.id, erasing.reason, numbers)
    with storage.warehouse.begin() as connection:
        erasures.finish(connection, erasing, now, digest)
        audit.record(connection, entry)


def _vacuum(engine: Engine, schema: str | None) -> None:
    vacuum(engine, tables_with_dead_rows(engine, schema))
