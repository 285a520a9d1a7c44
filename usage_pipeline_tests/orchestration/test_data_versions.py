"""The data version of a day is its output digest, so that Dagster shows which days of which tables are stale."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.errors import PartitionError
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.asking import DAYS, KEYS, runner_on
from usage_pipeline_tests.orchestration.conftest import open_project
from usage_pipeline_tests.support import Landing, prompt

RECORDS = ["excluded_events", "usage_records"]


@dataclass(frozen=True)
class Project:
    """A deployment in which the cube of three days is computed."""

    storage: Storage
    instance: dg.DagsterInstance

    @property
    def runner(self) -> DagsterRunner:
        return runner_on(self.storage, self.instance)

    def stale(self, table: str) -> dict[str, str]:
        """What Dagster shows of each day of a table."""
        graph = build_definitions(self.storage.settings).resolve_asset_graph()
        resolver = CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))
        return {key: resolver.get_status(dg.AssetKey(table), key).value for key in KEYS}

    def data_versions(self, table: str) -> dict[str | None, str]:
        """The newest data version of each day of a table."""
        found = self.instance.fetch_materializations(dg.AssetKey(table), limit=100, ascending=True).records
        return {
            record.partition_key: record.asset_materialization.tags["dagster/data_version"]
            for record in found
            if record.asset_materialization and record.asset_materialization.tags
        }

    def digests(self, table: str) -> dict[str | None, str | None]:
        """The output digests of a table in the state."""
        with self.storage.warehouse.connect() as connection:
            found = state.partitions(connection, table)
        return {str(day): partition.output_digest for day, partition in found.items()}


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]
) -> Iterator[Project]:
    """Three days, to which tests add lines of their own."""
    with open_project(new_databases(), tmp_path_factory.mktemp("versions")) as opened:
        project = Project(*opened)
        for day in KEYS:
            Landing(project.storage.settings.landing).write("persona", day, [prompt(day, f"{day}T08:00:00Z")])
        project.runner.land(DAYS)
        project.runner.compute([*RECORDS, "daily_usage"], DAYS)
        yield project


def test_each_day_of_a_run_has_its_own_digest_as_its_data_version(project: Project) -> None:
    for table in ("landed_events", "usage_records", "daily_usage"):
        assert project.data_versions(table) == project.digests(table)
        assert len(set(project.digests(table).values())) == 3


def test_a_day_is_stale_after_a_late_event_has_changed_its_records_and_until_it_is_computed(
    project: Project,
) -> None:
    late = [prompt("late", f"{KEYS[0]}T09:00:00Z")]
    Landing(project.storage.settings.landing).write("persona", KEYS[2], late, name="late.jsonl")
    project.runner.land(DAYS[2:])
    assert project.stale("daily_usage") == {KEYS[0]: "FRESH", KEYS[1]: "FRESH", KEYS[2]: "FRESH"}
    project.runner.compute(RECORDS, DAYS)
    assert project.stale("daily_usage") == {KEYS[0]: "STALE", KEYS[1]: "FRESH", KEYS[2]: "FRESH"}
    project.runner.compute(["daily_usage"], DAYS)
    assert project.stale("daily_usage") == {KEYS[0]: "FRESH", KEYS[1]: "FRESH", KEYS[2]: "FRESH"}


def test_a_day_that_is_done_in_a_run_that_fails_has_its_digest_too(project: Project) -> None:
    for path in (
        project.storage.settings.data_dir / "lake" / "landed_events" / f"landing_day={KEYS[1]}"
    ).iterdir():
        path.unlink()
    later = [prompt("later", f"{KEYS[0]}T10:00:00Z")]
    Landing(project.storage.settings.landing).write("persona", KEYS[2], later, name="later.jsonl")
    project.runner.land(DAYS[2:])
    with pytest.raises(PartitionError):
        project.runner.compute(["excluded_events", "usage_records"], DAYS)
    assert project.data_versions("excluded_events")[KEYS[0]] == project.digests("excluded_events")[KEYS[0]]
