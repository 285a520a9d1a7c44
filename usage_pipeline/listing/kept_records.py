"""The records that lists have on days, as far as they are few: who turns pages asks for the same day again."""

import json
import zlib
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from operator import attrgetter
from threading import Lock
from typing import Self

from cachetools import LRUCache

from usage_pipeline.listing.cursors import Place
from usage_pipeline.storage.objects import DayObject

FEW = 1_000
"""Records that are kept of days that are read together."""
_MOST_BYTES = 16_000_000
_BYTES_BESIDE = 1_000
"""What Python takes for a day besides its records."""
_LOCKS = 64
"""Of lists that are learnt at the same time; two that share one take turns."""
_LEVEL = 1
"""Of the compression: records of a list are alike, so that the quickest makes a tenth of them."""

Found = list[tuple[Place, str]]
"""Records by their places, each as a JSON object."""
_DayOfList = tuple[date, bytes]
"""A day, and what stands for a list."""


@dataclass(frozen=True)
class DayRecords:
    """What is known of the records that a list has on a day: all of them, or that they are not few."""

    found: DayObject
    packed: bytes | None

    @classmethod
    def of(cls, found: DayObject, records: Found | None) -> Self:
        """Pack the records: a line of their places, and a line of each."""
        if records is None:
            return cls(found, None)
        lines = [json.dumps([place for place, _ in records]), *(text for _, text in records)]
        return cls(found, zlib.compress("\n".join(lines).encode(), _LEVEL))

    @property
    def records(self) -> Found | None:
        """The records; None of many."""
        if self.packed is None:
            return None
        places, *texts = zlib.decompress(self.packed).decode().split("\n")
        return [(Place(*place), text) for place, text in zip(json.loads(places), texts, strict=True)]

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return _BYTES_BESIDE + len(self.packed or b"")


class KeptRecords:
    """Records by day and list; those that nobody has asked for longest go first. Threads may share it."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin without any."""
        self._kept: LRUCache[_DayOfList, DayRecords] = LRUCache(most_bytes, attrgetter("size"))
        self._lock = Lock()
        self._learning = tuple(Lock() for _ in range(_LOCKS))

    def learning(self, list_key: str) -> Lock:
        """Return the lock of who learns of a list: others that ask for the same wait, and need not read it."""
        return self._learning[hash(list_key) % _LOCKS]

    def get(self, found: DayObject, list_key: str) -> DayRecords | None:
        """Return what is known of a list on a day; None without anything, or if the object has been replaced."""
        key = found.day, _digest(list_key)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.found != found:
                del self._kept[key]
                return None
            return kept

    def keep(self, list_key: str, kept: DayRecords) -> None:
        """Keep what is known of a list on a day."""
        with self._lock:
            if kept.size <= self._kept.maxsize:
                self._kept[kept.found.day, _digest(list_key)] = kept


def _digest(list_key: str) -> bytes:
    """Return what stands for a list: its key has all values of its filters, and may be long."""
    return blake2b(list_key.encode(), digest_size=16).digest()
