"""Which objects may have a value in a column, so that a list of few records reads few objects.

A page with the records of one conversation would otherwise read a quarter of a year. An object is read once for a
column, and its values are kept by four bytes of their hash: of a million that it does not have, a few look as if
it had them.
"""

from collections.abc import Collection, Mapping
from datetime import date
from hashlib import md5
from threading import Lock
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache
from duckdb import DuckDBPyConnection

from usage_pipeline.storage.engine import parquet_scan
from usage_pipeline.storage.objects import DayObject, Version

if TYPE_CHECKING:
    import numpy as np

    Hashes = np.ndarray[Any, np.dtype[np.uint32]]

_MOST_BYTES = 150_000_000


class KnownValues:
    """The values of columns by day; those that nobody has asked for longest go first. Threads may share it."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """Begin without any."""
        self._known: LRUCache[tuple[date, str], tuple[Version, Hashes]] = LRUCache(most_bytes, _size)
        self._lock = Lock()

    def may_have(self, duck: DuckDBPyConnection, asked: DayObject, tests: "Mapping[str, Hashes]") -> bool:
        """Return False if an object has no row with one of the values of each column, whose hashes are given."""
        return all(_meet(self._hashes(duck, asked, column), hashes) for column, hashes in tests.items())

    def learn(self, duck: DuckDBPyConnection, asked: DayObject, column: str) -> None:
        """Read the values of a column before somebody asks for some, who would wait."""
        with self._lock:
            version, _ = self._known.get((asked.day, column), (None, None))
        if version != asked.version:
            hashes = _read(duck, asked, column)
            with self._lock:
                self._keep((asked.day, column), asked.version, hashes)

    def _hashes(self, duck: DuckDBPyConnection, asked: DayObject, column: str) -> "Hashes":
        key = asked.day, column
        with self._lock:  # others that ask for the same wait, and then need not read it
            version, hashes = self._known.get(key, (None, None))
            if hashes is None or version != asked.version:
                hashes = _read(duck, asked, column)
                self._keep(key, asked.version, hashes)
            return hashes

    def _keep(self, key: tuple[date, str], version: Version, hashes: "Hashes") -> None:
        if hashes.nbytes <= self._known.maxsize:
            self._known[key] = version, hashes


def _size(known: "tuple[Version, Hashes]") -> int:
    return known[1].nbytes


def hashes_of(values: Collection[str]) -> "Hashes":
    """Return the hashes of values: the last four bytes of their MD5, which Python and DuckDB have alike."""
    import numpy as np  # noqa: PLC0415 - slow to import

    digests = (md5(value.encode(), usedforsecurity=False).digest() for value in values)
    return np.array([int.from_bytes(digest[-4:], "little") for digest in digests], np.uint32)


def _read(duck: DuckDBPyConnection, asked: DayObject, column: str) -> "Hashes":
    """Return the hashes of the values of a column, each once, in order."""
    values = f'SELECT DISTINCT "{column}" AS value FROM {parquet_scan([asked.path])} WHERE value IS NOT NULL'
    hashed = "CAST(md5_number_lower(value) >> 32 AS UINTEGER) AS hashed"
    found = duck.execute(f"SELECT DISTINCT {hashed} FROM ({values}) ORDER BY hashed").fetchnumpy()
    hashes: Hashes = found["hashed"]
    return hashes


def _meet(known: "Hashes", asked: "Hashes") -> bool:
    places = known.searchsorted(asked)
    return len(known) > 0 and bool((known.take(places, mode="clip") == asked).any())
