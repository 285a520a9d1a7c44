"""The records that lists have on days, as far as they are few: who turns pages asks for the same day again."""

import json
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from threading import Lock
from typing import Self

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


@dataclass
class KeptRecords:
    """Records by day and list; those that nobody has asked for longest go first. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _kept: OrderedDict[tuple[date, bytes], DayRecords] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)
    _learning: tuple[Lock, ...] = field(default_factory=lambda: tuple(Lock() for _ in range(_LOCKS)))

    def learning(self, list_key: str) -> Lock:
        """Return the lock of who learns of a list: others that ask for the same wait, and need not read it."""
        return self._learning[hash(list_key) % _LOCKS]

    def get(self, found: DayObject, list_key: str) -> DayRecords | None:
        """Return what is known of a list on a day; None without anything, or if the object has been replaced."""
        key = found.day, _digest(list_key)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and kept.found != found:
                self._forget(key)
                return None
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def keep(self, list_key: str, kept: DayRecords) -> None:
        """Keep what is known of a list on a day."""
        key = kept.found.day, _digest(list_key)
        with self._lock:
            self._forget(key)
            self._kept[key] = kept
            self._bytes += kept.size
            while self._bytes > self.most_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[date, bytes]) -> None:
        if forgotten := self._kept.pop(key, None):
            self._bytes -= forgotten.size


def _digest(list_key: str) -> bytes:
    """Return what stands for a list: its key has all values of its filters, and may be long."""
    return blake2b(list_key.encode(), digest_size=16).digest()
