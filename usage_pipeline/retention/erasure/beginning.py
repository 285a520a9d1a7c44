"""Begins an erasure: in one transaction, while no partition is written, the records of a tenant count as gone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.billing.ledger.grant_file import GRANTS_FILE, read_grants
from usage_pipeline.clock import days_between, in_words, is_day
from usage_pipeline.errors import ErasureError
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.landing.scan import scan_landing
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, read_holidays
from usage_pipeline.limits.limit_file import EACH, LIMITS_FILE, read_limits
from usage_pipeline.reports.subscriptions import SUBSCRIPTIONS_FILE, read_subscriptions
from usage_pipeline.retention.erasure import erasures
from usage_pipeline.retention.erasure.erasures import Erasing, ErasureState
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.traces import is_in_folder, is_of_tenant, may_hold, objects_of, trimmed
from usage_pipeline.storage import landed_days, landed_files, pruned
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.locks import no_writers
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants
from usage_pipeline.storage.tables import ERASED_TENANT, TableSpec
from usage_pipeline.tenants.reference import TENANTS_FILE, load_tenants

LAST_DAY = date.max
_OF_DAGSTER = ("dagster", "usage_pipeline")
_RUN = "Run `usage-pipeline run`, then erase again."


def expect_erasable(storage: Storage, specs: Sequence[TableSpec], subject: Subject) -> None:
    """Raise ErasureError if the tenant is one that must not be erased, or whose id means something else, too."""
    tenant = subject.tenant_id
    entry = load_tenants(storage.settings).by_id.get(tenant)
    if entry is not None and entry.legal_hold is not None:
        raise ErasureError(f"{tenant} is on legal hold ({entry.legal_hold.reason}): nothing of it is erased.")
    if entry is not None and subject.member_id is None:
        raise ErasureError(f"{TENANTS_FILE} still lists {tenant}. Remove it there first, then erase it.")
    if subject.member_id is None and _granted(storage, tenant):
        raise ErasureError(f"{GRANTS_FILE} still has grants of {tenant}. Remove them there first, then erase it.")
    if _limited(storage, subject):
        raise ErasureError(f"{LIMITS_FILE} still has limits of {subject.name}. Remove them there, then erase it.")
    if _subscribed(storage, subject):
        raise ErasureError(
            f"{SUBSCRIPTIONS_FILE} still has reports of {subject.name}. Remove them there, then erase it."
        )
    if subject.member_id is None and _has_holidays(storage, tenant):
        raise ErasureError(
            f"{HOLIDAYS_FILE} still has holidays of {tenant}. Remove it there first, then erase it."
        )
    if subject.member_id == tenant:
        raise ErasureError(
            f"The member has the id of its tenant {tenant!r}, so what is of the one and of the other cannot be "
            f"told apart. Erase the tenant: `usage-pipeline erase --tenant {tenant}`."
        )
    if subject.name == ERASED_TENANT:
        raise ErasureError(f"The tenant {ERASED_TENANT!r} keeps the sums of erased tenants. It cannot be erased.")
    names = {*load_formats(storage.settings), *(spec.name for spec in specs), *_OF_DAGSTER}
    if subject.name in names | {name for spec in specs for name in spec.column_names} or is_day(subject.name):
        raise ErasureError(
            f"{subject.name!r} is also a day, or the name of a format, a table, a column or of Dagster, so texts "
            "that hold it cannot be told apart. This id cannot be erased."
        )


def _granted(storage: Storage, tenant: str) -> bool:
    """Return True if the file of grants has any of the tenant, so that the next run would record them again."""
    return any(grant.tenant == tenant for grant in read_grants(storage.settings.reference / GRANTS_FILE))


def _limited(storage: Storage, subject: Subject) -> bool:
    """Return True if the file of limits names the tenant or member, so that `limit_status` would name it again."""
    limits = read_limits(storage.settings.reference / LIMITS_FILE)
    if subject.member_id is None:
        return any(limit.tenant == subject.tenant_id for limit in limits)
    of_tenant = [limit.scope for limit in limits if limit.tenant in {subject.tenant_id, EACH}]
    return any(scope.member_id == subject.member_id for scope in of_tenant)


def _subscribed(storage: Storage, subject: Subject) -> bool:
    """Return True if a subscription is about the tenant or member, so that it would be named again."""
    subscriptions = read_subscriptions(storage.settings.reference / SUBSCRIPTIONS_FILE)
    if subject.member_id is None:
        return any(subscription.tenant == subject.tenant_id for subscription in subscriptions)
    return any(subject.member_id in values for entry in subscriptions for _, values in entry.scoped)


def _has_holidays(storage: Storage, tenant: str) -> bool:
    """Return True if a holiday is one of the tenant."""
    return any(tenant in holiday.tenants for holiday in read_holidays(storage.settings.reference / HOLIDAYS_FILE))


def begin(  # noqa: PLR0913 - what a row of `erasures` needs
    storage: Storage,
    daily: Sequence[DailyTable],
    subject: Subject,
    word: Word,
    *,
    by: str,
    reason: str,
    counts: Mapping[str, Any],
) -> Erasing:
    """Let the records of a tenant count as gone, or return the erasure of it that has begun already.

    Raises ErasureError if something of it has not landed or is not up to date, and LockTimeoutError if days are
    landed or computed for longer than the timeout.
    """
    timeout = storage.settings.lock_timeout_seconds
    with no_writers(storage.warehouse, timeout) as connection, session(storage.engine) as duck:
        known = erasures.begun(connection, subject)
        if known is not None:
            return known
        files = landed_files.files(connection)
        rows = _rows_by_file(storage, duck, files, subject)
        obstacle = next(_obstacles(storage, connection, daily, files, rows, subject, word), None)
        if obstacle is not None:
            raise ErasureError(obstacle)
        erasing = Erasing(
            id=f"{storage.settings.clock.today}-{uuid4().hex[:12]}",
            kind=subject.kind,
            subject_digest=subject.digest(storage.settings),
            subject_tenant=subject.tenant_id,
            subject_member=subject.member_id,
            state=ErasureState.BEGUN,
            reason=reason,
            by=by,
            requested_at=storage.settings.clock.now,
            completed_at=None,
            counts=counts,
            certificate_digest=None,
        )
        erasures.add(connection, erasing)
        if subject.member_id is None:
            _mark(storage, connection, duck, daily, files, subject, word)
    return erasing


def find_obstacle(storage: Storage, daily: Sequence[DailyTable], subject: Subject, word: Word) -> str | None:
    """Return why an erasure could not begin now; None if it could, or has."""
    with storage.warehouse.connect() as connection, session(storage.engine) as duck:
        if erasures.begun(connection, subject) is not None:
            return None
        files = landed_files.files(connection)
        rows = _rows_by_file(storage, duck, files, subject)
        return next(_obstacles(storage, connection, daily, files, rows, subject, word), None)


_Rows = Mapping[str, set[date]]
"""The event days of a tenant's landed rows, by landing file."""


def _rows_by_file(
    storage: Storage, duck: DuckDBPyConnection, files: Collection[LandedFile], subject: Subject
) -> _Rows:
    objects = objects_of(storage, LANDED_EVENTS, files)
    if not objects:
        return {}
    found: dict[str, set[date]] = {}
    rows = duck.execute(
        f"SELECT DISTINCT landing_file, event_day FROM {parquet_scan(objects)} "
        "WHERE tenant_id = ? AND type IS NOT NULL",
        [subject.tenant_id],
    )
    for path, day in rows.fetchall():
        found.setdefault(path, set()).add(day)
    return found


def _obstacles(  # noqa: PLR0913, PLR0917 - all that may hinder
    storage: Storage,
    connection: Connection,
    daily: Sequence[DailyTable],
    files: Collection[LandedFile],
    rows: _Rows,
    subject: Subject,
    word: Word,
) -> Iterator[str]:
    known = {file.path: file for file in files}
    for found in scan_landing(storage.settings, load_formats(storage.settings)).files:
        file = known.get(found.path)
        if file is None or (file.size, file.mtime_ns) != (found.size, found.mtime_ns):
            yield f"{found.path} has not landed yet as it is now, so nobody knows whose lines it holds. {_RUN}"
        elif file.state is FileState.FAILED and may_hold(found.path, subject):
            yield (
                f"{found.path} cannot be read, so nobody knows whose lines it holds: {file.error}. Deliver it "
                "again or remove it, then erase again."
            )
    for file in files:
        if file.accepted_left and not storage.lake.exists(
            storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name)
        ):
            yield f"The landed events of {file.path} are not in the lake. {_RUN}"
    yield from _shared_names(storage, files, subject, word)
    yield from _shared_lines(storage, files, subject)
    late = _late_days(storage, connection, daily, set().union(*rows.values()))
    if late:
        yield (f"Not up to date: {in_words(late)}, of which nothing could be made without these records. {_RUN}")


def _shared_names(storage: Storage, files: Collection[LandedFile], subject: Subject, word: Word) -> Iterator[str]:
    """Yield the files that are named after the tenant and hold something of others."""
    named = [
        file
        for file in files
        if is_of_tenant(file.path, subject, word)
        and not is_in_folder(file.path, subject)
        and (file.counts or (storage.settings.landing / file.path).exists())
    ]
    with session(storage.engine) as duck:
        for spec in LANDING_TABLES:
            objects = objects_of(storage, spec, named)
            if not objects:
                continue
            found = duck.execute(
                f"SELECT DISTINCT landing_file FROM {parquet_scan(objects)} WHERE {trimmed('tenant_id')} <> ?",
                [subject.tenant_id],
            )
            for (path,) in found.fetchall():
                yield (
                    f"{path} is named after the tenant and holds lines of others. Rename the file, run "
                    "`usage-pipeline run`, take its former name back with `withdraw`, then erase again."
                )


def _shared_lines(storage: Storage, files: Collection[LandedFile], subject: Subject) -> Iterator[str]:
    """Yield a line that goes with events of a tenant on hold, if there is one."""
    held = [name for name, entry in load_tenants(storage.settings).by_id.items() if entry.legal_hold is not None]
    objects = objects_of(storage, LANDED_EVENTS, [file for file in files if file.further_events])
    if not held or not objects:
        return
    with session(storage.engine) as duck:
        found = duck.execute(
            f"SELECT landing_file, landing_line FROM {parquet_scan(objects)} GROUP BY ALL "
            "HAVING bool_or(tenant_id = $tenant) AND bool_or(list_contains($held, tenant_id)) "
            "ORDER BY ALL LIMIT 1",
            {"tenant": subject.tenant_id, "held": held},
        )
        for path, line in found.fetchall():
            yield (
                f"{path}:{line} holds events of a tenant on legal hold, too, and lines go as a whole. Erase when "
                "the hold has ended."
            )


def _late_days(
    storage: Storage, connection: Connection, daily: Sequence[DailyTable], days: Collection[date]
) -> list[date]:
    """Return those that are not up to date, of these days and of those nearby that they are compared with."""
    if not days:
        return []
    reach = timedelta(days=max(landed_files.reaches(connection).values(), default=0))
    nearby = {near for day in days for near in days_between(day - reach, day + reach)}
    landed = landed_days.rows_by_event_day(connection, nearby)
    return sorted(set().union(*stale_days(storage, connection, daily, landed.keys()).values()))


def _mark(  # noqa: PLR0913, PLR0917 - a transaction over all of them
    storage: Storage,
    connection: Connection,
    duck: DuckDBPyConnection,
    daily: Sequence[DailyTable],
    files: Collection[LandedFile],
    subject: Subject,
    word: Word,
) -> None:
    """Note that the tenant is pruned for all days, its sums included, and which rows of landing files stay."""
    from usage_pipeline.retention.erasure.sums import days_to_sum  # noqa: PLC0415 - loads the tables of costs

    summed = [
        day for table in daily if table.outlives_records for day in days_to_sum(storage, table, subject, word)
    ]
    marks = {subject.tenant_id: LAST_DAY}
    if summed:
        marks[ERASED_TENANT] = max(summed) + timedelta(days=1)
    pruned.raise_first_kept(connection, marks)
    objects = objects_of(storage, LANDED_EVENTS, files)
    if not objects:
        return
    gone = PrunedTenants.on(connection, duck, [date.min])
    landed = f"(SELECT landing_file, event_day, tenant_id FROM {parquet_scan(objects)})"
    own = f"SELECT DISTINCT landing_file, event_day FROM {landed} WHERE tenant_id = {literal(subject.tenant_id)}"
    counted = duck.execute(
        f"SELECT landing_file, event_day, count(kept.tenant_id) "
        f"FROM ({own}) "
        f"LEFT JOIN {gone.kept(landed)} AS kept USING (landing_file, event_day) GROUP BY ALL"
    )
    landed_days.record_rows_left(connection, {(path, day): rows for path, day, rows in counted.fetchall()})
