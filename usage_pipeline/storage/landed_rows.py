"""The landed rows of event days, as an input: their digests, and the objects of the lake that hold them.

Landed rows lie in one object per landing file. Which objects hold rows of a day, and how many, the state knows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.clock import in_words
from usage_pipeline.errors import PartitionError
from usage_pipeline.storage import landed_days
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.engine import literal, parquet_scan
from usage_pipeline.storage.landed_days import LandedShare
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import PrunedTenants
from usage_pipeline.storage.tables import TableSpec


def landed_digests(connection: Connection, days: Collection[date]) -> dict[date, str]:
    """The digest of the landed rows of each of the days."""
    parts: dict[date, list[Any]] = {day: [] for day in days}
    for event_day, *known, pruned_rows in landed_days.landed_digests(connection, days):
        parts[event_day] += [*known, pruned_rows] if pruned_rows else known
    return {day: fingerprint(part) for day, part in parts.items()}


@dataclass(frozen=True)
class LandedObjects:
    """The objects of landed files with rows of some days."""

    spec: TableSpec
    storage: Storage
    shares: Collection[LandedShare]
    pruned: PrunedTenants

    def scan(self, duck: DuckDBPyConnection, days: Collection[date], kept: Collection[date]) -> str:
        """Return the relation of their rows of the days, with what is left of pruned ones.

        Raises PartitionError when rows that landed are not there; then the days `kept` stay as they are.
        """
        self._expect_objects(kept)
        objects = [path for path in self._objects.values() if self.storage.lake.exists(path)]
        rows = parquet_scan(objects) if objects else f"({self.spec.empty_select()})"
        of_days = f"FROM {rows} WHERE event_day IN {day_list(days)}"
        self._expect_rows(duck, self.pruned.kept(f"({of_days})"))
        names = ", ".join(f'"{name}"' for name in self.spec.column_names)
        return f"(SELECT {names} {of_days})"

    @property
    def _objects(self) -> Mapping[str, Path]:
        """The objects by the paths of the files."""
        names = {share.path: (share.landing_day, share.object_name) for share in self.shares}
        return {path: self.storage.lake.object(self.spec, *name) for path, name in names.items()}

    def _expect_objects(self, kept: Collection[date]) -> None:
        needed = {share.path for share in self.shares if share.rows}
        found = {path: place for path, place in self._objects.items() if path in needed}
        missing = [path for path, place in found.items() if not self.storage.lake.exists(place)]
        if missing:
            raise PartitionError(
                f"{self.spec.name}: the landed rows of {', '.join(missing)} are not in the lake, {in_words(kept)} "
                "keeps what it has. Run `usage-pipeline run`: it lands the files again, as long as they are there."
            )

    def _expect_rows(self, duck: DuckDBPyConnection, source: str) -> None:
        expected = Counter[date]()
        for share in self.shares:
            expected[share.event_day] += share.rows
        counted = duck.execute(f"SELECT event_day, count(*) FROM {source} GROUP BY event_day").fetchall()
        found = dict(counted)
        for day, rows in sorted(expected.items()):
            if found.get(day, 0) != rows:
                raise PartitionError(
                    f"{self.spec.name}: {day} has {found.get(day, 0):,} rows in the lake where {rows:,} landed; "
                    "nothing was written. Run `usage-pipeline land` for the landing days concerned."
                )


def register_landed(
    spec: TableSpec, storage: Storage, connection: Connection, duck: DuckDBPyConnection, days: Collection[date]
) -> None:
    """Make the landed rows of these days readable, without those whose records are pruned.

    Raises PartitionError when rows that landed are not there.
    """
    pruned = PrunedTenants.on(connection, duck, days)
    landed = LandedObjects(spec, storage, landed_days.landed_shares(connection, days), pruned)
    select = spec.empty_select()
    if landed.shares:
        select = f"FROM {pruned.kept(landed.scan(duck, days, days))}"
    duck.execute(f'CREATE TEMP VIEW "{spec.name}" AS {select}')


def day_list(days: Iterable[date]) -> str:
    """The days as an SQL literal of their list."""
    return f"[{', '.join(f'{literal(str(day))}::DATE' for day in sorted(days))}]"
