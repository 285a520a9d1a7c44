"""The checks of `doctor`: after those of settings, landing folder, files, tenants, messages and days."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import TypeVar

from usage_pipeline.billing.billed_tenants import billed_tenants, why_not_billed
from usage_pipeline.billing.ledger.grant_file import GRANTS_FILE
from usage_pipeline.billing.ledger.grants import new_grants
from usage_pipeline.delivery.outbox import count_dead
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, read_holidays, unknown_tenants
from usage_pipeline.keys.keys import list_keys
from usage_pipeline.limits.limit_file import EACH, LIMITS_FILE, read_limits
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.pipeline import settings_health
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.pipeline.settings_health import HealthCheck, Level, error, ok, warning
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.repeated_ids import ids_on_several_days
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention.erasure.erasures import unfinished
from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.series.status import DayReader, DayStatus
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.compute import stale_days
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.validation.results import Outcome, read_results
from usage_pipeline.words import count, did_you_mean, is_or_are

Checked = TypeVar("Checked", Settings, Storage)

RECENT_DAYS = 90
"""Days before the last known day that the checks by day include."""


def check_health(settings: Settings) -> list[HealthCheck]:
    """Run all checks. A check that cannot run is an error. Errors of the settings end the checks early."""
    checks: list[HealthCheck] = []
    for of_settings in settings_health.CHECKS:
        checks += _findings(of_settings, settings)
    if any(check.level is Level.ERROR for check in checks):
        return checks
    with open_storage(settings) as storage:
        of_state = (_landing, _files, _tenants, _grants, _limits, _holidays, _erasures, _outbox, _keys)
        for of_storage in (*of_state, _days, _voids, _ids, _meters, _checks):
            checks += _findings(of_storage, storage)
    return checks


def why_overdue(storage: Storage) -> str | None:
    """Return why the newest due day is overdue; None if it is landed and current, or nothing is expected yet."""
    day = storage.settings.clock.last_due_day
    with storage.warehouse.connect() as connection:
        reader = DayReader(storage, connection)
        known = reader.known_days()
        if known is None or day < known[0]:
            return None
        if reader.read(day, day)[0].status is DayStatus.MISSING and not reader.uncomputed([day]):
            return f"{day} is overdue: nothing of it has landed, or nothing since it ended"
        if any(stale_days(storage, connection, DAILY_TABLES, {day}).values()):
            return f"{day} is overdue: it is not computed from all that has landed"
    return None


def _findings(check: Callable[[Checked], Iterator[HealthCheck]], checked: Checked) -> list[HealthCheck]:
    try:
        return list(check(checked))
    except UsagePipelineError as problem:
        return [error(str(problem))]


def _landing(storage: Storage) -> Iterator[HealthCheck]:
    work = find_landing_work(storage)
    yield from map(warning, work.warnings)
    if work.days:
        yield warning(f"{count(len(work.days), 'landing day')} to land: `usage-pipeline run` does")


def _files(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection)
    for file in files:
        if file.needs_attention:
            yield warning(f"{file.path} is {file.state} and counts nowhere: {file.error}")
        elif file.has_nothing_accepted:
            yield warning(f"{file.path} counts nowhere: none of its lines was accepted")
    yield ok(f"Landing files: {len(files)}")


def _tenants(storage: Storage) -> Iterator[HealthCheck]:
    tenants = load_tenants(storage.settings)
    with storage.warehouse.connect() as connection:
        known = {*tenants.by_id, ERASED_TENANT}
        with_usage = known_tenants(connection)
        unknown = [tenant for tenant in with_usage if tenant not in known]
    for name, tenant in tenants.by_id.items():
        if tenant.legal_hold is not None and name not in with_usage:
            meant = did_you_mean(name, with_usage)
            yield warning(
                f"The legal hold of {name!r} keeps nothing: no usage of it has landed; {meant}".rstrip("; ")
            )
    if unknown:
        yield warning(
            f"{count(len(unknown), 'tenant')} without an entry in tenants.yaml, on the plan "
            f"{tenants.default_plan!r}: {', '.join(unknown[:10])}"
        )


def _grants(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        new = new_grants(connection, storage.settings)
    if new:
        yield warning(f"{count(len(new), 'grant')} of {GRANTS_FILE} to import: `usage-pipeline run` does")


def _limits(storage: Storage) -> Iterator[HealthCheck]:
    limited = {limit.tenant for limit in read_limits(storage.settings.reference / LIMITS_FILE)} - {EACH}
    with storage.warehouse.connect() as connection:
        billed = billed_tenants(storage.settings, connection)
    for tenant in sorted(limited):
        if why := why_not_billed(tenant, billed):
            yield warning(f"{LIMITS_FILE}: {why}")


def _holidays(storage: Storage) -> Iterator[HealthCheck]:
    holidays = read_holidays(storage.settings.reference / HOLIDAYS_FILE)
    with storage.warehouse.connect() as connection:
        yield from map(warning, unknown_tenants(holidays, billed_tenants(storage.settings, connection)))


def _erasures(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        for name, begun, tenant in unfinished(connection):
            yield error(
                f"The erasure {name} of {tenant}, of {begun:%Y-%m-%d}, is not completed; "
                "give the same command again"
            )


def _outbox(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        for channel, number in count_dead(connection).items():
            yield error(
                f"{count(number, 'message')} could not be delivered by the channel {channel}, and "
                f"{is_or_are(number)} not tried again; `last_error` of usage.outbox says why. "
                "`usage-pipeline alerts retry` tries again"
            )


def _keys(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        valid = [key for key in list_keys(connection) if key.is_valid(storage.settings.clock.now)]
    if valid:
        yield ok(f"Keys of the read API: {len(valid)}")
    else:
        yield ok("Keys of the read API: none, so `serve` answers nobody; `usage-pipeline keys create` makes one")


def _days(storage: Storage) -> Iterator[HealthCheck]:
    stale = find_stale(storage)
    if stale:
        yield warning(f"{count(len(stale), 'event day')} to compute: `usage-pipeline run` does")
    else:
        yield ok("All event days are current")


def _voids(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, USAGE_RECORDS.name).values()
    unmatched = sorted(partition.day for partition in partitions if partition.unmatched_voids)
    if unmatched:
        yield warning(
            f"Voids without a target on {count(len(unmatched), 'event day')}, the last is {unmatched[-1]}; "
            "`usage-pipeline rejects` shows them"
        )


def _ids(storage: Storage) -> Iterator[HealthCheck]:
    for repeated in ids_on_several_days(storage, *_recent_days(storage)):
        yield warning(
            f"{repeated.ids:,} ids of {repeated.source} of tenant {repeated.tenant_id} are records of several of "
            f"the last {RECENT_DAYS} days, such as {repeated.example!r} of {repeated.days}; each day counts one. "
            "If they are retries, set `unique_within_days` in the format"
        )


def _meters(storage: Storage) -> Iterator[HealthCheck]:
    found = [case for case in double_metered(storage, *_recent_days(storage)) if case.alike]
    if found:
        yield warning(_told(found))


def _checks(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        found = read_results(connection, *_recent_days(storage))
    errors = [result for result in found if result.outcome is Outcome.ERROR]
    if errors:
        last = errors[-1]
        yield error(
            f"Errors found by {count(len(errors), 'check')} of the last {RECENT_DAYS} days, the last "
            f"{last.check_name} of {last.table_name} on {last.day}: {last.observed}; `usage-pipeline checks` "
            "shows them"
        )


def _recent_days(storage: Storage) -> tuple[date, date]:
    """Return the first and the last of the last 90 known days."""
    today = storage.settings.clock.today
    with storage.warehouse.connect() as connection:
        first, last = DayReader(storage, connection).known_days() or (today, today)
    return max(first, last - timedelta(days=RECENT_DAYS - 1)), last


def _told(found: Sequence[DoubleMetering]) -> str:
    days = {(case.day, case.tenant_id) for case in found}
    metrics = sorted({case.metric for case in found})
    sources = sorted({source for case in found for source in case.sources})
    return (
        f"{count(len(days), 'time')} two sources report nearly the same of a tenant and a day, such as of "
        f"{found[-1].tenant_id} on {found[-1].day}: {', '.join(metrics)} by {', '.join(sources)}. Both "
        "count: let one format report the metric, and give the others `meters` without it"
    )
