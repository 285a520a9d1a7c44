"""The rules of a landing day: all that decides how a line is judged, beside its mapping."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from importlib import resources

from usage_pipeline.accounts.models import Accounts
from usage_pipeline.accounts.reference import load_accounts
from usage_pipeline.events.catalogue import catalogue_digest
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.digests import ENGINE_VERSION
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.tables import columns

CLOCK_TOLERANCE = timedelta(minutes=5)
QUARANTINE_FROM_LINES = 100
EXPECTED_REJECTS = frozenset({"past_retention", "before_calendar"})
"""Reasons that say nothing about the quality of a file."""
JUDGING_VERSION = 2
"""Raise it when the Python around the SQL (`lines.py`, `csv_records.py`, `fields.py`, `extract.py` and the like)
divides or reads a line differently: then files landed before are known to be read by other rules."""
_SQL_FILES = ("macros", "judged", "landed_events", "content", "rejected_lines")


@cache
def landing_sql(name: str) -> str:
    """One of the SQL files of this folder."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@dataclass(frozen=True)
class LandingRules:
    """All that decides how the lines of a landing day are judged, beside the mappings."""

    settings: Settings
    accounts: Accounts
    day: date

    @property
    def landed_at(self) -> datetime:
        """The end of the landing day."""
        return datetime.combine(self.day + timedelta(days=1), time())

    @cached_property
    def retention(self) -> ReferenceRows:
        """The first day kept, by tenant; under no tenant the one of the default plan."""
        rows: list[tuple[str | None, date | None]] = [(None, self.accounts.default_retention_start(self.day))]
        rows += [(name, self.accounts.retention_start(name, self.day)) for name in sorted(self.accounts.tenants)]
        names = columns(("tenant_id", "VARCHAR", "Tenant."), ("first_kept", "DATE", "First day kept."))
        return ReferenceRows("retention", names, tuple(rows))

    @cached_property
    def digest(self) -> str:
        """Changes whenever a line might be judged differently."""
        sql = [landing_sql(name) for name in _SQL_FILES]
        columns_digest = fingerprint((column.name, column.type) for column in LANDED_EVENTS.columns)
        key = self.settings.digest_key.get_secret_value()
        return fingerprint(
            [
                JUDGING_VERSION,
                *sql,
                columns_digest,
                ENGINE_VERSION,
                catalogue_digest(),
                self.retention.rows,
                self.settings.first_day,
                key,
            ]
        )

    @property
    def latest_time(self) -> datetime:
        """The latest time that an event may have."""
        return self.landed_at + CLOCK_TOLERANCE


def load_rules(settings: Settings, day: date) -> LandingRules:
    """The rules of a landing day, from the reference directory as it is now."""
    return LandingRules(settings, load_accounts(settings), day)
