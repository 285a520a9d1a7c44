"""Which objects may have a value in a column, so that a list of few records reads few objects.

A page with the records of one conversation would otherwise read a quarter of a year. An object is read once for a
column, and its values are kept by four bytes of their hash: of a million that it does not have, a few look as if
it had them.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from usage_pipeline.storage.engine import list_literal, parquet_scan
from usage_pipeline.storage.objects import DayObject, Version

if TYPE_CHECKING:
    import numpy as np

    Hashes = np.ndarray[Any, np.dtype[np.uint32]]

_MOST_BYTES = 150_000_000
_HASH = "CAST(hash(value) >> 32 AS UINTEGER)"


@dataclass
class KnownValues:
    """The values of columns by day; those that nobody has asked for longest go first. Threads may share it."""

    most_bytes: int = _MOST_BYTES
    _known: "OrderedDict[tuple[date, str], tuple[Version, Hashes]]" = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def may_have(self, duck: DuckDBPyConnection, asked: DayObject, tests: "Mapping[str, Hashes]") -> bool:
        """Return False if an object has no row with one of the values of each column, whose hashes are given."""
        return all(_meet(self._hashes(duck, asked, column), hashes) for column, hashes in tests.items())

    def _hashes(self, duck: DuckDBPyConnection, asked: DayObject, column: str) -> "Hashes":
        key = asked.day, column
        with self._lock:  # others that ask for the same wait, and then need not read it
            version, hashes = self._known.get(key, (None, None))
            if hashes is None or version != asked.version:
                hashes = _read(duck, asked, column)
                self._keep(key, asked.version, hashes)
            self._known.move_to_end(key)
            return hashes

    def _keep(self, key: tuple[date, str], version: Version, hashes: "Hashes") -> None:
        self._forget(key)
        self._known[key] = version, hashes
        self._bytes += hashes.nbytes
        while self._bytes > self.most_bytes and len(self._known) > 1:
            self._forget(next(iter(self._known)))

    def _forget(self, key: tuple[date, str]) -> None:
        if forgotten := self._known.pop(key, None):
            self._bytes -= forgotten[1].nbytes


def hashes_of(duck: DuckDBPyConnection, values: Collection[str]) -> "Hashes":
    """Return the hashes of values."""
    return _found(duck, f"SELECT {_HASH} AS hashed FROM (SELECT unnest({list_literal(values)}) AS value)")


def _read(duck: DuckDBPyConnection, asked: DayObject, column: str) -> "Hashes":
    """Return the hashes of the values of a column, each once, in order."""
    values = f'(SELECT "{column}" AS value FROM {parquet_scan([asked.path])} WHERE value IS NOT NULL)'
    return _found(duck, f"SELECT DISTINCT {_HASH} AS hashed FROM {values} ORDER BY hashed")


def _found(duck: DuckDBPyConnection, select: str) -> "Hashes":
    found: Hashes = duck.execute(select).fetchnumpy()["hashed"]
    return found


def _meet(known: "Hashes", asked: "Hashes") -> bool:
    places = known.searchsorted(asked)
    return len(known) > 0 and bool((known.take(places, mode="clip") == asked).any())
