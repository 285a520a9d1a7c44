"""Digests: whether two partitions hold the same rows, whatever their order, files or bytes.

A digest is the row count and the sum of DuckDB's `hash(row)` over named columns. The sum does not depend
on row order. `hash` belongs to one version of DuckDB: the version is stored with every digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

ENGINE_VERSION = f"duckdb {duckdb.__version__}"


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
    duck: duckdb.DuckDBPyConnection, relation: str, day: str, columns: Iterable[str]
) -> dict[date, Digest]:
    """The digests of the rows of each day, by the column `day`; none of a day without rows."""
    rows = duck.execute(f'SELECT "{day}", count(*), {hash_sum(columns)} FROM {relation} GROUP BY "{day}"')
    return {found: Digest(count, total) for found, count, total in rows.fetchall()}
