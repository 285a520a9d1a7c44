"""Decides whether limits are to be refreshed, because what they count has changed since it was requested last."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from usage_pipeline.limits.limit_file import LIMITS_FILE
from usage_pipeline.limits.refresh import read_standing
from usage_pipeline.pipeline.edited_files import edited_files_digest
from usage_pipeline.storage import state
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

PATIENCE = timedelta(minutes=5)
"""So long a refresh waits for runs that go on: they change more."""


@dataclass(frozen=True)
class Refresh:
    """A refresh that was requested: for which state of usage and files, and when."""

    digest: str
    at: datetime

    def __str__(self) -> str:
        """The cursor of a sensor."""
        return f"{self.digest} {self.at.isoformat()}"

    @classmethod
    def parse(cls, cursor: str | None) -> Self | None:
        """Return the refresh of a cursor; None for a sensor that has requested none."""
        digest, _, at = (cursor or "").partition(" ")
        return cls(digest, datetime.fromisoformat(at)) if at else None


def due_refresh(storage: Storage, last: Refresh | None, is_busy: Callable[[], bool]) -> Refresh | None:
    """Return the refresh to request now, given the last one and whether runs go on that change usage."""
    if not has_limits(storage):
        return None
    with storage.warehouse.connect() as connection:
        versions = state.count_versions(connection)
    now = storage.settings.clock.now
    refresh = Refresh(fingerprint([*versions, edited_files_digest(storage.settings)]), now)
    if last is not None and (refresh.digest == last.digest or (now < last.at + PATIENCE and is_busy())):
        return None
    return refresh


def has_limits(storage: Storage) -> bool:
    """Return True if there are limits, or rows of some that were removed."""
    return (storage.settings.reference / LIMITS_FILE).exists() or read_standing(storage).limits > 0
