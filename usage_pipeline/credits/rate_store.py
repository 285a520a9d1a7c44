"""Stores credit rates by version, and the version that each day is rated with.

The first computation of a day pins it to the entry that is in force on it. Only a re-rating pins it to another.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from sqlalchemy import Connection

from usage_pipeline.credits.rate_file import CREDIT_RATES_FILE, CreditRates, rates_on, read_rates
from usage_pipeline.credits.rate_tables import CREDIT_RATE_VERSIONS, CREDIT_RATED_DAYS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pinned_documents import PinnedDocuments
from usage_pipeline.storage.schema import warehouse_table

_STORE = PinnedDocuments(
    warehouse_table(CREDIT_RATE_VERSIONS), warehouse_table(CREDIT_RATED_DAYS), "credit_rate_version"
)


def current_rates(settings: Settings, days: Collection[date]) -> Mapping[date, CreditRates]:
    """Return the rates of `credit_rates.yaml` on each day. Raises ReferenceFileError."""
    entries = read_rates(settings.reference / CREDIT_RATES_FILE)
    return {day: rates_on(entries, day) for day in days}


def load(connection: Connection, version: str) -> CreditRates:
    """Return the stored rates of a version."""
    return CreditRates.model_validate_json(_STORE.document(connection, version))


def pinned(connection: Connection, days: Collection[date]) -> Mapping[date, str]:
    """Return the version that each day is pinned to; days without one are left out."""
    return _STORE.pinned(connection, days)


def pin(connection: Connection, settings: Settings, days: Collection[date]) -> None:
    """Pin the days to the rates of now that are pinned to none. Raises ReferenceFileError."""
    for version, document, own in _by_version(settings, days):
        _STORE.pin(connection, own, version, document, settings.clock.now)


def _by_version(settings: Settings, days: Collection[date]) -> Iterator[tuple[str, str, list[date]]]:
    rates = current_rates(settings, days)
    for version, found in {of_day.version: of_day for of_day in rates.values()}.items():
        yield version, found.document, [day for day, of_day in rates.items() if of_day.version == version]


def rerate_credits(storage: Storage, days: Collection[date]) -> list[date]:
    """Pin rated days to the rates of now. Returns the days that were pinned to others; days never rated stay so.

    These days are stale until they are computed again. Raises ReferenceFileError.
    """
    rates = current_rates(storage.settings, days)
    with storage.warehouse.begin() as connection:
        rated = pinned(connection, days)
        moved = sorted(day for day, version in rated.items() if version != rates[day].version)
        for version, document, own in _by_version(storage.settings, moved):
            _STORE.repin(connection, own, version, document, storage.settings.clock.now)
    return moved
