"""What the tests of runs ask an instance, and the days they run over."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import dagster as dg

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.orchestration.resources import PROGRESS, STORAGE
from usage_pipeline.storage.opened import Storage

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


def runner_on(
    storage: Storage, instance: dg.DagsterInstance, told: Told | None = None, *, suites: bool = False
) -> DagsterRunner:
    """A runner of the command `test` on this storage and instance."""
    told = told or Told()
    resources = {STORAGE: storage, PROGRESS: told.done}
    return DagsterRunner(partial(build_definitions, storage.settings, resources), instance, "test", told, suites)


def evaluations(instance: dg.DagsterInstance) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """The last evaluation of every check, by asset and name."""
    found = {}
    for run in reversed(instance.get_runs()):
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            assert entry.dagster_event is not None
            evaluation = entry.dagster_event.asset_check_evaluation_data
            found[evaluation.asset_key.to_user_string(), evaluation.check_name] = evaluation
    return found


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
