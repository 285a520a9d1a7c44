"""Rows that are kept in memory are those that the objects have now."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pytest

from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.kept_rows import READINGS, KeptRows
from usage_pipeline.storage.tables import PartitionedBy, TableSpec, Zone, columns

SPEC = TableSpec(
    name="sums",
    description="Sums.",
    columns=columns(("day", "DATE", "Day."), ("tenant_id", "VARCHAR", "Tenant."), ("total", "BIGINT", "Sum.")),
    zone=Zone.ROLLUPS,
    partitioned_by=PartitionedBy.EVENT_DAY,
)
DAYS = [date(2026, 5, day) for day in (1, 2, 3)]


@dataclass
class Rollup:
    """Objects of days, and what is kept of them."""

    folder: Path
    engine: duckdb.DuckDBPyConnection
    kept: KeptRows
    paths: dict[date, Path] = field(default_factory=dict)

    def write(self, day: date, total: int) -> None:
        """Replace the object of a day: one row for each of two tenants."""
        path = self.paths[day] = self.folder / f"{day}.parquet"
        rows = f"SELECT DATE '{day}' AS day, unnest(['b', 'a']) AS tenant_id, CAST({total} AS BIGINT) AS total"
        self.engine.execute(f"COPY ({rows}) TO {literal(str(path.with_suffix('.part')))} (FORMAT parquet)")
        path.with_suffix(".part").replace(path)

    def read(self, *days: date) -> list[int] | None:
        """The totals of these days in their order, as they are kept; None if they are not."""
        select = self.select(*days)
        return None if select is None else self.answer(select)

    def select(self, *days: date) -> str | None:
        """The SELECT of these days, if they are kept."""
        return self.kept.select(self.engine, SPEC, days, self.paths.__getitem__)

    def answer(self, select: str) -> list[int]:
        """The totals that it yields, by day."""
        found = self.engine.execute(f"SELECT total FROM ({select}) WHERE tenant_id = 'a' ORDER BY day").fetchall()
        return [total for (total,) in found]

    def read_until_kept(self, *days: date) -> list[int] | None:
        """The same, after the readings that it takes."""
        assert [self.read(*days) for _ in range(READINGS)] == [None] * READINGS
        return self.read(*days)


@pytest.fixture
def rollup(tmp_path: Path) -> Iterator[Rollup]:
    with duckdb.connect() as engine:
        found = Rollup(tmp_path, engine, KeptRows())
        for total, day in enumerate(DAYS, 1):
            found.write(day, total)
        yield found


def test_days_are_kept_after_some_readings_and_read_without_those_that_are_not_asked_for(rollup: Rollup) -> None:
    assert rollup.read_until_kept(*DAYS) == [1, 2, 3]
    assert [rollup.read(*days) for days in (DAYS[:2], DAYS[::2], DAYS[2:])] == [[1, 2], [1, 3], [3]]


def test_a_day_whose_object_is_replaced_is_read_anew(rollup: Rollup) -> None:
    rollup.read_until_kept(*DAYS)
    rollup.write(DAYS[1], 20)
    assert rollup.read(DAYS[0], DAYS[2]) == [1, 3]
    assert rollup.read_until_kept(*DAYS) == [1, 20, 3]


def test_days_are_added_to_those_that_are_kept(rollup: Rollup) -> None:
    assert rollup.read_until_kept(*DAYS[:1]) == [1]
    assert rollup.read_until_kept(*DAYS) == [1, 2, 3]
    assert rollup.read(*DAYS[:1]) == [1]


def test_a_question_under_way_reads_its_days_although_others_take_their_place(rollup: Rollup) -> None:
    rollup.kept.most_bytes = 2 * rollup.paths[DAYS[0]].stat().st_size
    rollup.read_until_kept(*DAYS[:2])
    under_way = rollup.select(*DAYS[:2])
    assert under_way is not None
    assert rollup.read_until_kept(*DAYS[1:]) == [2, 3]
    assert rollup.answer(under_way) == [1, 2]


def test_what_is_too_large_is_not_kept_and_what_is_gone_is_an_error(rollup: Rollup) -> None:
    rollup.kept.most_bytes = 2 * rollup.paths[DAYS[0]].stat().st_size
    assert [rollup.read(*DAYS) for _ in range(READINGS + 2)] == [None] * (READINGS + 2)
    rollup.paths[DAYS[0]].unlink()
    with pytest.raises(FileNotFoundError):
        rollup.read(*DAYS)
