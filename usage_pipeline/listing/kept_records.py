"""The records that lists have on days, as far as they are few: who turns pages asks for the same day again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from usage_pipeline.listing.cursors import Place
from usage_pipeline.storage.objects import DayObject

FEW = 1_000
"""Records that are kept of days that are read together."""
_MOST_BYTES = 64_000_000
_BYTES_BESIDE = 400
"""What Python takes for a record besides its text."""

Found = list[tuple[Place, str]]
"""Records by their places, each as a JSON object."""


@dataclass(frozen=True)
class DayRecords:
    """What is known of the records that a list has on a day: all of them, or that they are not few."""

    found: DayObject
    records: Found | None

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return _BYTES_BESIDE + sum(len(text) + _BYTES_BESIDE for _, text in self.records or ())


@dataclass
class KeptRecords:
    """Records by day and list; those that nobody has asked for longest go first. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _kept: OrderedDict[tuple[date, str], DayRecords] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def get(self, found: DayObject, list_key: str) -> DayRecords | None:
        """Return what is known of a list on a day; None without anything, or if the object has been replaced."""
        key = found.day, list_key
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
        key = kept.found.day, list_key
        with self._lock:
            self._forget(key)
            self._kept[key] = kept
            self._bytes += kept.size
            while self._bytes > self.most_bytes:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[date, str]) -> None:
        if forgotten := self._kept.pop(key, None):
            self._bytes -= forgotten.size
