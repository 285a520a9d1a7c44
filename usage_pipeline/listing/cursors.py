"""Cursors: a place in a list, from which the next page goes on.

A cursor names a place, not a number of records, so that what lands meanwhile moves nothing, and as of when the
day of the place is known, because a record can move within its day (`moved_records.py`). It is opaque and
signed: one that is damaged or made up is refused, and so is one of another list.
"""

import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, Self

from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint, keyed_digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = "2"
_SIGNED = 16
"""Characters of the signature."""


class Place(NamedTuple):
    """A record's place in the order of lists. No two records have the same."""

    occurred_at: int
    """Microseconds since 1970."""
    tenant_id: str
    source: str
    record_id: str

    @property
    def day(self) -> date:
        """The event day."""
        return (_EPOCH + timedelta(microseconds=self.occurred_at)).date()


class Position(NamedTuple):
    """A place in a list, and as of when its day is known."""

    place: Place
    known_at: datetime
    """When the records of the day changed last, as the first page with records of it knew."""

    @property
    def parts(self) -> tuple[object, ...]:
        """What a cursor is written of."""
        return (*self.place, self.known_at.isoformat())

    @classmethod
    def of(cls, parts: Sequence[Any]) -> Self:
        """Return the position that a cursor was written of."""
        *place, known_at = parts
        return cls(Place(*place), datetime.fromisoformat(known_at))


def write_cursor(settings: Settings, key: str, place: Sequence[object]) -> str:
    """Return the cursor of a place in the list that is known by this key; it is safe in URLs."""
    content = json.dumps([fingerprint([key]), *place])
    signed = f"{_signature(settings, content)}{content}"
    return urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def read_cursor(settings: Settings, key: str, cursor: str) -> list[Any]:
    """Return the parts of the place that a cursor was written of.

    Raises QueryError if it is damaged, or belongs to another list than the one that is known by this key.
    """
    signature, content = _parts(cursor)
    if not hmac.compare_digest(signature, _signature(settings, content).encode()):
        raise QueryError(
            f"The cursor {cursor!r} is damaged, or of another version of this service. Give the one that came "
            "with a page as it is, or none for the first page."
        )
    parts: list[Any] = json.loads(content)
    list_digest, *place = parts
    if list_digest != fingerprint([key]):
        raise QueryError(
            "The cursor belongs to another list. Give it with the tenant, the filters, the days and the order of "
            "the page that it came with, or none for the first page."
        )
    return place


def _signature(settings: Settings, content: str) -> str:
    return keyed_digest(settings, "cursor", _VERSION, content)[:_SIGNED]


def _parts(cursor: str) -> tuple[bytes, str]:
    """Return signature and content; of what is no cursor, some that do not match."""
    try:
        signed = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return signed[:_SIGNED], signed[_SIGNED:].decode()
    except ValueError:
        return b"", ""
