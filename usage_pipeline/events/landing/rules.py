"""The rules of a landing day: all that decides how a line is validated, except its format."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from importlib import resources

from usage_pipeline.clock import end_of
from usage_pipeline.events.catalogue import catalogue_digest
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.engine import ENGINE_VERSION
from usage_pipeline.storage.tables import columns
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants

CLOCK_TOLERANCE = timedelta(minutes=5)
QUARANTINE_FROM_LINES = 100
EXPECTED_REJECTS = frozenset({"past_retention", "before_calendar"})
"""Reasons that say nothing about the quality of a file."""
LANDING_VERSION = 2
"""Raise it when the Python around the SQL (`lines.py`, `csv_records.py`, `fields.py`, `extract.py` and the like)
divides or reads a line differently: then files landed before are known to be read by other rules."""
_SQL_FILES = ("macros", "validated_lines", "landed_events", "content", "rejected_lines")


@cache
def landing_sql(name: str) -> str:
    """One of the SQL files of this folder."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class LandingRules:
    """All that decides how the lines of a landing day are validated, except the formats."""

    settings: Settings
    tenants: Tenants
    day: date

    @property
    def landed_at(self) -> datetime:
        """The end of the landing day."""
        return end_of(self.day).replace(tzinfo=None)

    @cached_property
    def retention(self) -> tuple[tuple[str | None, date | None], ...]:
        """The first day that is kept, by tenant; under no tenant, and first, that of the default plan."""
        names = sorted(self.tenants.by_id)
        kept = ((name, self.tenants.retention_start(name, self.day)) for name in names)
        return ((None, self.first_kept), *kept)

    @property
    def first_kept(self) -> date | None:
        """The first day that is kept by the default plan."""
        return self.tenants.default_retention_start(self.day)

    @cached_property
    def digest(self) -> str:
        """Changes whenever a line might be validated differently."""
        sql = [landing_sql(name) for name in _SQL_FILES]
        columns_digest = fingerprint((column.name, column.type) for column in LANDED_EVENTS.columns)
        key = self.settings.digest_key.get_secret_value()
        return fingerprint(
            [
                LANDING_VERSION,
                *sql,
                columns_digest,
                ENGINE_VERSION,
                catalogue_digest(),
                self.retention,
                self.settings.first_day,
                key,
            ]
        )

    @property
    def latest_time(self) -> datetime:
        """The latest time that an event may have."""
        return self.landed_at + CLOCK_TOLERANCE


def load_rules(settings: Settings, days: Iterable[date]) -> dict[date, LandingRules]:
    """The rules of landing days, from the reference directory as it is now."""
    tenants = load_tenants(settings)
    return {day: LandingRules(settings, tenants, day) for day in days}


def retention_of(rules: Iterable[LandingRules]) -> ReferenceRows:
    """The first day kept, by landing day and tenant; without the default plan's."""
    names = columns(("landing_day", "DATE", ""), ("tenant_id", "VARCHAR", ""), ("first_kept", "DATE", ""))
    rows = ((of_day.day, *kept) for of_day in rules for kept in of_day.retention[1:])
    return ReferenceRows("retention", names, tuple(rows))
