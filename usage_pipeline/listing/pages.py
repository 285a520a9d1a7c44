"""Pages of a list, for programs that ask again and again."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from queue import SimpleQueue
from uuid import uuid4

from usage_pipeline.errors import QueryError
from usage_pipeline.listing.cursors import Position, read_cursor, write_cursor
from usage_pipeline.listing.kept_records import Found
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.listing.record_days import RecordDays
from usage_pipeline.listing.search import Learnt, Search
from usage_pipeline.listing.sorted_days import SortedDays
from usage_pipeline.storage.engine import damage_named, session, undisturbed
from usage_pipeline.storage.opened import Storage

_OFTEN_ASKED = ("tenant_id", "conversation_id")
MOST = 100
"""Records of a page, at most."""
_MOST_TURNED = 32
"""Pages that may wait for the days behind them to be read ahead; the next ones read theirs themselves."""
_SETTLE_SECONDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Between looks whether the state knows of an object that has just been replaced: it takes less than a tenth."""


@dataclass(frozen=True)
class Page:
    """Some records of a list, in its order."""

    items: tuple[str, ...]
    """Each a JSON object."""
    cursor: str | None
    """The cursor of the next page; None on the last."""


class Pages:
    """Reads pages of lists. One of it serves all threads of a process: what it learns makes later pages faster."""

    def __init__(self, storage: Storage) -> None:
        """Read from this storage."""
        self._storage = storage
        self._learnt = self._nothing()
        self._turned: SimpleQueue[tuple[RecordQuery, Position] | None] = SimpleQueue()

    def _nothing(self) -> Learnt:
        return Learnt(SortedDays(self._storage.settings.data_dir / "tmp" / f"listing-{uuid4().hex}"))

    def prepare(self) -> Iterator[date]:
        """Copy the newest days for their pages, and those that are read often, each before it is yielded.

        The values that lists are filtered by most are learnt, too.
        """
        newest_first = RecordDays.of(self._storage, RecordQuery()).objects()
        for found in self._learnt.days.due(newest_first):
            with session(self._storage.engine) as duck:
                if self._learnt.days.sort(duck, found):
                    for column in _OFTEN_ASKED:
                        self._learnt.values.learn(duck, found, column)
            yield found.day

    def read_ahead(self) -> Iterator[date]:
        """Wait for pages that are turned, and read the days behind each, which is yielded then, until `stop`."""
        while turned := self._turned.get():
            query, position = turned
            days = RecordDays.of(self._storage, query, position.place)
            with session(self._storage.engine) as duck:
                Search(query, days, duck, self._learnt, position).read_ahead()
            yield position.place.day

    def stop(self) -> None:
        """End `read_ahead` after what was turned before."""
        self._turned.put(None)

    def forget(self) -> None:
        """Drop what was learnt of records. Pages that are read meanwhile may fail, and are read again."""
        learnt, self._learnt = self._learnt, self._nothing()
        learnt.days.forget()

    def read(self, query: RecordQuery, take: int = MOST, cursor: str | None = None) -> Page:
        """Return the first page of a list, or the one that a cursor leads to.

        Records that land meanwhile move no others: each that was there at the first page, and still is, is on one
        page, and on no other. Raises
        QueryError for a cursor that does not fit or too large a page, and PartitionError where records are gone.
        """
        if not 1 <= take <= MOST:
            raise QueryError(f"take: expected 1 to {MOST} records, found {take}.")
        settings = self._storage.settings
        after = None if cursor is None else Position.of(read_cursor(settings, query.key, cursor))
        days, found = self._find(query, take + 1, after)
        items = tuple(item for _, item in found[:take])
        if len(found) <= take:
            return Page(items, None)
        last = found[take - 1][0]
        goes_on = after is not None and after.place.day == last.day
        position = Position(last, after.known_at if after and goes_on else days.changed_at[last.day])
        if after and self._turned.qsize() < _MOST_TURNED:  # who turns pages goes on
            self._turned.put((query, position))
        return Page(items, write_cursor(settings, query.key, position.parts))

    def _find(self, query: RecordQuery, most: int, after: Position | None) -> tuple[RecordDays, Found]:
        settled = self._learnt.settled
        for seconds in _SETTLE_SECONDS:
            search, found = self._find_once(query, most, after)
            if search.days.are_settled(search.searched, settled):
                return search.days, found
            time.sleep(seconds)
        search, found = self._find_once(query, most, after)
        # Who wrote the day has died, or computes it since before this one began: nobody waits for it again.
        search.days.settle(search.searched, settled)
        return search.days, found

    @undisturbed
    def _find_once(self, query: RecordQuery, most: int, after: Position | None) -> tuple[Search, Found]:
        days = RecordDays.of(self._storage, query, after and after.place)
        with session(self._storage.engine) as duck, damage_named():
            search = Search(query, days, duck, self._learnt, after)
            return search, search.find(most)
