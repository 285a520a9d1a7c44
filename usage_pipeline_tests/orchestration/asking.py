"""What the tests of runs ask an instance, and the days they run over."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.pipeline.tables import DAILY_TABLES

DAYS = [date(2026, 5, day) for day in (1, 2, 3)]
KEYS = [day.isoformat() for day in DAYS]


@dataclass
class Told:
    """Remembers what a runner told of its progress."""

    expected: list[tuple[str, int]] = field(default_factory=list)
    finished: Counter[date] = field(default_factory=Counter)

    def expect(self, what: str, partitions: int) -> None:
        self.expected.append((what, partitions))

    def done(self, day: date) -> None:
        self.finished[day] += 1


def materialized(instance: dg.DagsterInstance, asset: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(asset))


def metadata(instance: dg.DagsterInstance, asset: str, name: str) -> dict[str | None, object]:
    """A metadata value of the partitions of an asset that have it."""
    found = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    return {
        record.partition_key: record.asset_materialization.metadata[name].value
        for record in found
        if record.asset_materialization and name in record.asset_materialization.metadata
    }


def compute_all(runner: DagsterRunner) -> None:
    runner.compute([table.name for table in DAILY_TABLES], DAYS)
