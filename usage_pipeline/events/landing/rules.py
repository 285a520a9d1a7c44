"""The rules by which the lines of a landing day are validated, except their formats."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from importlib import resources

from usage_pipeline.clock import end_of
from usage_pipeline.events.catalogue import catalogue_digest
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import engine_version, fingerprint
from usage_pipeline.storage.tables import columns
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

CLOCK_TOLERANCE = timedelta(minutes=5)
QUARANTINE_FROM_LINES = 100
EXPECTED_REJECTS = frozenset({"past_retention", "before_calendar", "erased"})
"""Reasons that do not count for quarantine, because they are no fault of the file."""
LANDING_VERSION = 4
"""Raise it when the Python around the SQL (`lines.py`, `csv_records.py`, `fields.py`, `values.py` and the like)
divides or reads a line differently, so that files landed before have another rules digest."""
_SQL_FILES = (
    "macros",
    "validated_lines",
    "erased_events",
    "superseded_lines",
    "landed_events",
    "content",
    "rejected_lines",
)

_RETENTION = columns(
    ("landing_day", "DATE", ""),
    ("tenant_id", "VARCHAR", ""),
    ("first_kept", "DATE", ""),
    ("is_pruned", "BOOLEAN", ""),
)


@cache
def landing_sql(name: str) -> str:
    """Read an SQL file of this folder."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def _of_code() -> tuple[object, ...]:
    """What the rules of all days have in common."""
    sql = [landing_sql(name) for name in _SQL_FILES]
    columns_digest = fingerprint((column.name, column.type) for column in LANDED_EVENTS.columns)
    return LANDING_VERSION, *sql, columns_digest, engine_version(), catalogue_digest()


@dataclass(frozen=True)
class LandingRules:
    """The settings, tenants and day by which lines are validated."""

    settings: Settings
    tenants: Tenants
    day: date

    @property
    def landed_at(self) -> datetime:
        """The end of the landing day."""
        return end_of(self.day).replace(tzinfo=None)

    @cached_property
    def retention(self) -> tuple[tuple[str | None, date | None], ...]:
        """The first day that is kept, by tenant; the default plan's is first, without a tenant."""
        names = sorted(self.tenants.by_id)
        kept = ((name, self.tenants.retention_start(name, self.day)) for name in names)
        return ((None, self.first_kept), *kept)

    @property
    def first_kept(self) -> date | None:
        """The first day that is kept by the default plan."""
        return self.tenants.default_retention_start(self.day)

    @cached_property
    def digest(self) -> str:
        """A digest that changes when a line may be validated differently."""
        key = self.settings.digest_key.get_secret_value()
        return fingerprint([*_of_code(), self.retention, self.settings.first_day, key])

    @property
    def latest_time(self) -> datetime:
        """The latest time that an event may have."""
        return self.landed_at + CLOCK_TOLERANCE


def load_rules(settings: Settings, days: Iterable[date]) -> dict[date, LandingRules]:
    """Read the rules of landing days from settings and reference directory."""
    tenants = load_tenants(settings)
    return {day: LandingRules(settings, tenants, day) for day in days}


@dataclass(frozen=True)
class Retention:
    """What does not land, because it is past its term, or pruned or erased already."""

    rows: ReferenceRows
    """The table `retention`: the first day kept, by landing day and tenant, where it is not the default's."""
    erased: Mapping[str, date]
    """The first day that lands again of erased tenants, by their digests."""


def retention_of(
    rules: Iterable[LandingRules],
    pruned: Mapping[str, date] | None = None,
    erased: Mapping[str, date] | None = None,
) -> Retention:
    """Return the retention of landing days.

    `pruned` has the first day that is kept of tenants whose records before it are gone, `erased` that of erased
    tenants by their digests: none of these lands.
    """
    rows = ((of_day.day, *kept) for of_day in rules for kept in _first_kept(of_day, pruned or {}))
    return Retention(ReferenceRows("retention", _RETENTION, tuple(rows)), erased or {})


def _first_kept(rules: LandingRules, pruned: Mapping[str, date]) -> Iterator[tuple[str | None, date | None, bool]]:
    (_, of_others), *listed = rules.retention
    of_plans = {tenant: first_kept for tenant, first_kept in listed if tenant is not None}
    for tenant in sorted(of_plans.keys() | pruned):
        by_plan, gone = of_plans.get(tenant, of_others), pruned.get(tenant)
        is_pruned = gone is not None and (by_plan is None or gone > by_plan)
        if tenant in of_plans or is_pruned:
            yield tenant, gone if is_pruned else by_plan, is_pruned
