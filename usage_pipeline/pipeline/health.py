"""Is everything in order? Looks at settings, database, mappings, reference, landing folder and days."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from usage_pipeline.accounts.reference import load_accounts
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.errors import UsagePipelineError
from usage_pipeline.events.mapping import load_mappings
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.records.repeated_ids import ids_on_several_days
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.double_metering import DoubleMetering, double_metered
from usage_pipeline.series.queries import known_tenants
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.validation.results import Outcome, read_results
from usage_pipeline.validation.suite_files import load_suites

RECENT_DAYS = 90
"""How far back the day-by-day findings look."""


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; what cannot be looked at is a finding too."""
    findings: list[Finding] = []
    for look in (_data_dir, _digest_key, _database, _mappings, _suites, _reference):
        findings += _guarded(lambda look=look: look(settings))  # type: ignore[misc]
    if any(finding.level is Level.ERROR for finding in findings):
        return findings
    with open_storage(settings) as storage:
        for examination in (_landing, _files, _tenants, _days, _voids, _ids, _meters, _checks):
            findings += _guarded(lambda examination=examination: examination(storage))  # type: ignore[misc]
    return findings


def _guarded(look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    try:
        return list(look())
    except UsagePipelineError as error:
        return [Finding(Level.ERROR, str(error))]


def _data_dir(settings: Settings) -> Iterator[Finding]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if os.access(settings.data_dir, os.W_OK | os.X_OK):
        yield Finding(Level.OK, f"Data directory {settings.data_dir}")
    else:
        yield Finding(
            Level.ERROR, f"Data directory {settings.data_dir} cannot be written; correct its permissions"
        )


def _digest_key(settings: Settings) -> Iterator[Finding]:
    if "digest_key" not in settings.model_fields_set:
        yield Finding(
            Level.WARNING,
            "USAGE_DIGEST_KEY is not set: with the public default, digests of short texts can be guessed. "
            "Set it once, before the first file: it cannot be changed afterwards",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    with open_storage(settings):
        url = database_urls(settings).warehouse
    if settings.database_url is not None:
        yield Finding(Level.OK, f"PostgreSQL at {url.render_as_string(hide_password=True)}")
        return
    yield Finding(Level.OK, f"Embedded PostgreSQL, socket in {url.query.get('host', settings.data_dir)}")
    if os.geteuid() == 0:
        yield Finding(
            Level.WARNING,
            "Running as root: the embedded PostgreSQL runs as a user of its own, and opens the folders above "
            "its data for that user to pass (mode 0755)",
        )


def _mappings(settings: Settings) -> Iterator[Finding]:
    own = {file.stem for file in settings.mappings_dir.glob("*.yaml")} if settings.mappings_dir else set()
    names = (f"{name} (yours)" if name in own else name for name in sorted(load_mappings(settings)))
    yield Finding(Level.OK, f"Mappings: {', '.join(names)}")


def _suites(settings: Settings) -> Iterator[Finding]:
    suites = load_suites(settings)
    yield Finding(Level.OK, f"Suites: {sum(len(suite.entries) for suite in suites.values())} checks of rows")


def _reference(settings: Settings) -> Iterator[Finding]:
    accounts = load_accounts(settings)
    yield Finding(Level.OK, f"Reference: {len(accounts.tenants)} tenants, {len(accounts.plans)} plans")
    prices = read_price_file(settings.reference / "prices.yaml").prices
    yield Finding(Level.OK, f"Prices: {len(prices)} before those of the catalogue")


def _landing(storage: Storage) -> Iterator[Finding]:
    work = find_landing_work(storage)
    for entry in work.misplaced:
        yield Finding(Level.WARNING, f"{entry.path} is passed over: {entry.problem}")
    for path in work.vanished:
        yield Finding(Level.WARNING, f"{path} is gone from the landing folder; what is known of it stays as it is")
    if work.outdated:
        yield Finding(
            Level.WARNING,
            f"{len(work.outdated)} landing days landed by other mappings or rules than today's; "
            "`usage-pipeline land` reads them again",
        )
    if work.days:
        yield Finding(Level.WARNING, f"{len(work.days)} landing days wait; `usage-pipeline run` lands them")


def _files(storage: Storage) -> Iterator[Finding]:
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection)
    for file in files:
        if file.state.needs_attention:
            yield Finding(Level.WARNING, f"{file.path} is {file.state} and counts nowhere: {file.error}")
        elif file.has_nothing_accepted:
            yield Finding(Level.WARNING, f"{file.path} counts nowhere: none of its lines was accepted")
    yield Finding(Level.OK, f"Landing files: {len(files)}")


def _tenants(storage: Storage) -> Iterator[Finding]:
    accounts = load_accounts(storage.settings)
    with storage.warehouse.connect() as connection:
        unknown = [tenant for tenant in known_tenants(connection) if tenant not in accounts.tenants]
    if unknown:
        yield Finding(
            Level.WARNING,
            f"{len(unknown)} tenants stand in no tenants.yaml and are on the plan {accounts.default_plan!r}: "
            f"{', '.join(unknown[:10])}",
        )


def _days(storage: Storage) -> Iterator[Finding]:
    stale = find_stale(storage)
    if stale:
        yield Finding(Level.WARNING, f"{len(stale)} event days are stale; `usage-pipeline run` computes them")
    else:
        yield Finding(Level.OK, "All event days are current")


def _voids(storage: Storage) -> Iterator[Finding]:
    with storage.warehouse.connect() as connection:
        partitions = state.partitions(connection, USAGE_RECORDS.name).values()
    unmatched = sorted(partition.day for partition in partitions if partition.unmatched_voids)
    if unmatched:
        yield Finding(
            Level.WARNING,
            f"{len(unmatched)} event days have voids without a target, the last is {unmatched[-1]}; "
            "`usage-pipeline rejects` shows them",
        )


def _ids(storage: Storage) -> Iterator[Finding]:
    for repeated in ids_on_several_days(storage, *_recent_days(storage)):
        yield Finding(
            Level.WARNING,
            f"{repeated.ids:,} ids of {repeated.source} of tenant {repeated.tenant_id} are records of several of "
            f"the last {RECENT_DAYS} days, such as {repeated.example!r} of {repeated.days}; each day counts one",
        )


def _meters(storage: Storage) -> Iterator[Finding]:
    found = double_metered(storage, *_recent_days(storage))
    if found:
        yield Finding(Level.WARNING, _told(found))


def _checks(storage: Storage) -> Iterator[Finding]:
    with storage.warehouse.connect() as connection:
        found = read_results(connection, *_recent_days(storage))
    errors = [result for result in found if result.outcome is Outcome.ERROR]
    if errors:
        last = errors[-1]
        yield Finding(
            Level.ERROR,
            f"{len(errors)} checks of the last {RECENT_DAYS} days found errors, the last {last.check_name} of "
            f"{last.table_name} on {last.day}: {last.observed}; `usage-pipeline checks` shows them",
        )


def _recent_days(storage: Storage) -> tuple[date, date]:
    """The last of the known days, first and last."""
    today = storage.settings.today()
    with storage.warehouse.connect() as connection:
        first, last = DayReader(storage, connection).known_days() or (today, today)
    return max(first, last - timedelta(days=RECENT_DAYS - 1)), last


def _told(found: Sequence[DoubleMetering]) -> str:
    days = {(case.day, case.tenant_id) for case in found}
    metrics = sorted({case.metric for case in found})
    sources = sorted({source for case in found for source in case.sources})
    return (
        f"{len(days)} times several sources brought the same metrics for a tenant and a day, such as for "
        f"{found[-1].tenant_id} on {found[-1].day}: {', '.join(metrics)} by {', '.join(sources)}. What two "
        "sources tell of one usage counts twice: let one mapping bring it, and give the others `meters` without it"
    )
