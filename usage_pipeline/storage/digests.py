"""Digests of rows, and fingerprints of small values such as versions, inputs and keys.

Partitions with the same rows have the same digest, whatever the order, files or bytes. It is the row count and the
sum of DuckDB's `hash(row)` over named columns. `hash` belongs to one version of DuckDB: the version is stored with
every digest.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from usage_pipeline.settings import Settings


def engine_version() -> str:
    """The version of DuckDB, to which digests of rows belong."""
    import duckdb  # noqa: PLC0415 - slow to import, and many commands need none

    return f"duckdb {duckdb.__version__}"


def fingerprint(parts: Iterable[object]) -> str:
    """A short stable digest of some values, in their order."""
    joined = "\x1f".join(map(str, parts))
    return hashlib.sha256(joined.encode()).hexdigest()[:32]


def keyed_digest(settings: "Settings", *parts: str) -> str:
    """HMAC-SHA-256 of some names: who has the key of digests can tell whether it is of these."""
    key = settings.digest_key.get_secret_value().encode()
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Digest:
    """Row count and hash sum of some rows."""

    rows: int
    hash_sum: int

    def __str__(self) -> str:
        """`rows:hash_sum`, as the state tables keep it."""
        return f"{self.rows}:{self.hash_sum}"


NO_ROWS = Digest(0, 0)


def hash_sum(columns: Iterable[str]) -> str:
    """The SQL aggregate that sums the row hashes over these columns (0 without rows)."""
    names = ", ".join(f'"{name}"' for name in columns)
    return f"CAST(coalesce(sum(hash({names})), 0) AS HUGEINT)"


def digests_by(
    duck: "DuckDBPyConnection",
    relation: str,
    day: str,
    columns: Iterable[str],
    values: Mapping[str, object] | None = None,
) -> dict[date, Digest]:
    """The digests of the rows of each day, by the column `day`; none of a day without rows.

    The relation is parsed once: what differs from one to the next are its values.
    """
    from usage_pipeline.storage.engine import execute_parsed  # noqa: PLC0415 - as above

    sql = f'SELECT "{day}", count(*), {hash_sum(columns)} FROM {relation} GROUP BY "{day}"'
    rows = execute_parsed(duck, sql, values)
    return {found: Digest(count, total) for found, count, total in rows.fetchall()}
