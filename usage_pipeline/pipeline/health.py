"""Is everything in order? Looks at settings, database, formats, reference, landing folder and days."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.events.source_format import load_formats
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.records.repeated_ids import ids_on_several_days
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.validation.results import Outcome, read_results
from usage_pipeline.validation.suite_files import load_suites

RECENT_DAYS = 90
"""How far back the day-by-day checks look."""


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class HealthCheck:
    """The result of one check."""

    level: Level
    text: str


def check_health(settings: Settings) -> list[HealthCheck]:
    """Check everything; a check that cannot run is an error."""
    checks: list[HealthCheck] = []
    for look in (_data_dir, _digest_key, _database, _formats, _suites, _reference):
        checks += _guarded(lambda look=look: look(settings))  # type: ignore[misc]  # of a default no type is inferred
    if any(check.level is Level.ERROR for check in checks):
        return checks
    with open_storage(settings) as storage:
        for of_storage in (_landing, _files, _tenants, _days, _voids, _ids, _meters, _checks):
            checks += _guarded(lambda of_storage=of_storage: of_storage(storage))  # type: ignore[misc]  # of a default no type is inferred
    return checks


def _guarded(look: Callable[[], Iterator[HealthCheck]]) -> list[HealthCheck]:
    try:
        return list(look())
    except UsagePipelineError as error:
        return [HealthCheck(Level.ERROR, str(error))]


def _data_dir(settings: Settings) -> Iterator[HealthCheck]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if os.access(settings.data_dir, os.W_OK | os.X_OK):
        yield HealthCheck(Level.OK, f"Data directory {settings.data_dir}")
    else:
        yield HealthCheck(
            Level.ERROR, f"Data directory {settings.data_dir} cannot be written; correct its permissions"
        )


def _digest_key(settings: Settings) -> Iterator[HealthCheck]:
    if "digest_key" not in settings.model_fields_set:
        yield HealthCheck(
            Level.WARNING,
            "USAGE_DIGEST_KEY is not set: with the public default, digests of short texts can be guessed. "
            "Set it once, before the first file: it cannot be changed afterwards",
        )


def _database(settings: Settings) -> Iterator[HealthCheck]:
    with open_storage(settings):
        url = database_urls(settings).warehouse
    if settings.database_url is not None:
        yield HealthCheck(Level.OK, f"PostgreSQL at {url.render_as_string(hide_password=True)}")
        return
    yield HealthCheck(Level.OK, f"Embedded PostgreSQL, socket in {url.query.get('host', settings.data_dir)}")
    if os.geteuid() == 0:
        yield HealthCheck(
            Level.WARNING,
            "Running as root: the embedded PostgreSQL runs as a user of its own, and opens the folders above "
            "its data for that user to pass (mode 0755)",
        )


def _formats(settings: Settings) -> Iterator[HealthCheck]:
    own = {file.stem for file in settings.formats_dir.glob("*.yaml")} if settings.formats_dir else set()
    names = (f"{name} (yours)" if name in own else name for name in sorted(load_formats(settings)))
    yield HealthCheck(Level.OK, f"Formats: {', '.join(names)}")


def _suites(settings: Settings) -> Iterator[HealthCheck]:
    suites = load_suites(settings)
    yield HealthCheck(Level.OK, f"Suites: {sum(len(suite.entries) for suite in suites.values())} checks of rows")


def _reference(settings: Settings) -> Iterator[HealthCheck]:
    tenants = load_tenants(settings)
    yield HealthCheck(Level.OK, f"Reference: {len(tenants.by_id)} tenants, {len(tenants.plans)} plans")
    prices = read_price_file(settings.reference / "prices.yaml").prices
    yield HealthCheck(Level.OK, f"Prices: {len(prices)} before those of the catalogue")


def _landing(storage: Storage) -> Iterator[HealthCheck]:
    work = find_landing_work(storage)
    for entry in work.misplaced:
        yield HealthCheck(Level.WARNING, f"{entry.path} is passed over: {entry.problem}")
    for path in work.vanished:
        yield HealthCheck(
            Level.WARNING, f"{path} is gone from the landing folder; what is known of it stays as it is"
        )
    if work.outdated:
        yield HealthCheck(
            Level.WARNING,
            f"{len(work.outdated)} landing days landed by other formats or rules than today's; "
            "`usage-pipeline land` reads them again",
        )
    if work.days:
        yield HealthCheck(Level.WARNING, f"{len(work.days)} landing days wait; `usage-pipeline run` lands them")


def _files(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection)
    for file in files:
        if file.state.needs_attention:
            yield HealthCheck(Level.WARNING, f"{file.path} is {file.state} and counts nowhere: {file.error}")
        elif file.has_nothing_accepted:
            yield HealthCheck(Level.WARNING, f"{file.path} counts nowhere: none of its lines was accepted")
    yield HealthCheck(Level.OK, f"Landing files: {len(files)}")


def _tenants(storage: Storage) -> Iterator[HealthCheck]:
    tenants = load_tenants(storage.settings)
    with storage.warehouse.connect() as connection:
        unknown = [tenant for tenant in known_tenants(connection) if tenant not in tenants.by_id]
    if unknown:
        yield HealthCheck(
            Level.WARNING,
            f"{len(unknown)} tenants have no entry in tenants.yaml and are on the plan {tenants.default_plan!r}: "
            f"{', '.join(unknown[:10])}",
        )


def _days(storage: Storage) -> Iterator[HealthCheck]:
    stale = find_stale(storage)
    if stale:
        yield HealthCheck(Level.WARNING, f"{len(stale)} event days are stale; `usage-pipeline run` computes them")
    else:
        yield HealthCheck(Level.OK, "All event days are current")


def _voids(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, USAGE_RECORDS.name).values()
    unmatched = sorted(partition.day for partition in partitions if partition.unmatched_voids)
    if unmatched:
        yield HealthCheck(
            Level.WARNING,
            f"{len(unmatched)} event days have voids without a target, the last is {unmatched[-1]}; "
            "`usage-pipeline rejects` shows them",
        )


def _ids(storage: Storage) -> Iterator[HealthCheck]:
    for repeated in ids_on_several_days(storage, *_recent_days(storage)):
        yield HealthCheck(
            Level.WARNING,
            f"{repeated.ids:,} ids of {repeated.source} of tenant {repeated.tenant_id} are records of several of "
            f"the last {RECENT_DAYS} days, such as {repeated.example!r} of {repeated.days}; each day counts one",
        )


def _meters(storage: Storage) -> Iterator[HealthCheck]:
    found = double_metered(storage, *_recent_days(storage))
    if found:
        yield HealthCheck(Level.WARNING, _told(found))


def _checks(storage: Storage) -> Iterator[HealthCheck]:
    with storage.warehouse.connect() as connection:
        found = read_results(connection, *_recent_days(storage))
    errors = [result for result in found if result.outcome is Outcome.ERROR]
    if errors:
        last = errors[-1]
        yield HealthCheck(
            Level.ERROR,
            f"{len(errors)} checks of the last {RECENT_DAYS} days found errors, the last {last.check_name} of "
            f"{last.table_name} on {last.day}: {last.observed}; `usage-pipeline checks` shows them",
        )


def _recent_days(storage: Storage) -> tuple[date, date]:
    """The last of the known days, first and last."""
    today = storage.settings.clock.today
    with storage.warehouse.connect() as connection:
        first, last = DayReader(storage, connection).known_days() or (today, today)
    return max(first, last - timedelta(days=RECENT_DAYS - 1)), last


def _told(found: Sequence[DoubleMetering]) -> str:
    days = {(case.day, case.tenant_id) for case in found}
    metrics = sorted({case.metric for case in found})
    sources = sorted({source for case in found for source in case.sources})
    return (
        f"{len(days)} times several sources report the same metrics of a tenant and a day, such as of "
        f"{found[-1].tenant_id} on {found[-1].day}: {', '.join(metrics)} by {', '.join(sources)}. Both "
        "count: let one format report the metric, and give the others `meters` without it"
    )
