"""What a run plans is written together, and shown as if it had been written one by one."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.pipeline.tables import DAILY_TABLES, PARTITIONED_TABLES
from usage_pipeline.storage import state
from usage_pipeline_tests.orchestration.asking import runner_on
from usage_pipeline_tests.orchestration.conftest import open_project
from usage_pipeline_tests.support import Landing, prompt

DAYS = [date(2026, 5, 1), date(2026, 5, 4), date(2026, 5, 5)]


@pytest.fixture(scope="module")
def troubles() -> StringIO:
    """What Dagster prints to the standard error while the project's instance computes."""
    return StringIO()


@pytest.fixture(scope="module")
def computed(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]], troubles: StringIO
) -> Iterator[dg.DagsterInstance]:
    """The project's instance after one run of the cube for days that do not follow each other."""
    with open_project(new_databases(), tmp_path_factory.mktemp("event_log")) as (storage, instance):
        for day in DAYS:
            Landing(storage.settings.landing).write("persona", str(day), [prompt(f"{day}", f"{day}T08:00:00Z")])
        runner = runner_on(storage, instance)
        with redirect_stderr(troubles):
            runner.land(DAYS)
            runner.compute(["excluded_events", "usage_records", "daily_usage"], DAYS)
        yield instance


def test_a_day_of_a_range_of_which_nothing_has_landed_is_not_materialized(
    tmp_path: Path, new_databases: Callable[[], tuple[str, str]]
) -> None:
    first, missing, last = (date(2026, 5, day) for day in (1, 2, 3))
    with open_project(new_databases(), tmp_path) as (storage, instance):
        for day in (first, last):
            Landing(storage.settings.landing).write("persona", str(day), [prompt("e1", f"{day}T08:00:00Z")])
        runner = runner_on(storage, instance)
        runner.land([first, missing, last])
        runner.compute([table.name for table in DAILY_TABLES], [first, missing, last])
        shown = {
            table.name: instance.get_materialized_partitions(dg.AssetKey(table.name))
            for table in PARTITIONED_TABLES
        }
        with storage.warehouse.connect() as connection:
            computed_days = state.partitions(connection, DAILY_TABLES[0].name).keys()
    assert shown == {name: {str(first), str(last)} for name in shown}
    assert computed_days == {first, last}


def logged(instance: dg.DagsterInstance, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    (run,) = instance.get_runs(dg.RunsFilter(job_name="event_days"))
    records = instance.get_records_for_run(run.run_id, of_type=kind).records
    return [record.event_log_entry.get_dagster_event() for record in records]


@pytest.mark.usefixtures("computed")
def test_no_events_that_come_together_are_refused_and_then_stored_one_by_one(troubles: StringIO) -> None:
    assert not troubles.getvalue()


def test_each_asset_and_day_of_a_run_is_planned_once(computed: dg.DagsterInstance) -> None:
    planned = logged(computed, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    found = Counter((event.asset_key.to_user_string(), event.partition) for event in planned if event.asset_key)
    assert found == {
        (name, str(day)): 1 for name in ("excluded_events", "usage_records", "daily_usage") for day in DAYS
    }


def test_days_between_those_of_a_run_are_neither_planned_nor_materialized(computed: dg.DagsterInstance) -> None:
    assert computed.get_materialized_partitions(dg.AssetKey("daily_usage")) == {str(day) for day in DAYS}
    assert computed.get_materialized_partitions(dg.AssetKey("landed_events")) == {str(day) for day in DAYS}


def test_an_asset_was_last_planned_by_its_run(computed: dg.DagsterInstance) -> None:
    (run,) = computed.get_runs(dg.RunsFilter(job_name="event_days"))
    (record,) = computed.get_asset_records([dg.AssetKey("daily_usage")])
    assert record.asset_entry.last_run_id == run.run_id


def test_a_check_has_a_row_for_each_evaluated_day_and_none_that_is_only_planned(
    computed: dg.DagsterInstance,
) -> None:
    check = dg.AssetCheckKey(dg.AssetKey("daily_usage"), "totals_are_those_of_the_records")
    records = computed.event_log_storage.get_asset_check_execution_history(check, limit=10)
    assert [(record.partition, record.status.value) for record in records] == [
        (str(day), "SUCCEEDED") for day in reversed(DAYS)
    ]
