"""Real Dagster runs of both jobs over ranges of days."""

from collections import Counter
from collections.abc import Callable
from datetime import date

import dagster as dg
import pytest
from sqlalchemy import text

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES, PARTITIONED_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.orchestration.asking import DAYS, KEYS, Told, materialized, metadata
from usage_pipeline_tests.orchestration.conftest import Ran
from usage_pipeline_tests.support import Landing, digests, lose_counted, prompt, rows, write_counted

ROW_COUNT = "dagster/partition_row_count"
LINEAGE = "dagster/column_lineage"


def test_a_range_materializes_each_of_its_partitions(ran: Ran) -> None:
    assets = [table.name for table in PARTITIONED_TABLES]
    assert {asset: materialized(ran.instance, asset) for asset in assets} == {asset: set(KEYS) for asset in assets}


def test_each_partition_tells_its_rows(ran: Ran) -> None:
    assert metadata(ran.instance, "landed_events", ROW_COUNT) == dict(zip(KEYS, (1, 2, 4), strict=True))
    assert metadata(ran.instance, "rejected_lines", ROW_COUNT) == dict(zip(KEYS, (0, 0, 4), strict=True))
    assert metadata(ran.instance, "usage_records", ROW_COUNT) == dict(zip(KEYS, (1, 2, 3), strict=True))
    assert metadata(ran.instance, "token_series", ROW_COUNT) == dict(zip(KEYS, (1, 1, 1), strict=True))


def test_each_partition_tells_what_was_not_counted(ran: Ran) -> None:
    assert metadata(ran.instance, "landed_events", "rejected_lines") == dict(zip(KEYS, (0, 0, 4), strict=True))
    assert metadata(ran.instance, "usage_records", "duplicates") == dict(zip(KEYS, (0, 0, 1), strict=True))


def test_the_last_partition_of_a_range_tells_the_lineage(ran: Ran) -> None:
    ((partition, lineage),) = metadata(ran.instance, "token_series", LINEAGE).items()
    assert partition == KEYS[-1]
    assert isinstance(lineage, dg.TableColumnLineage)
    assert lineage.deps_by_column["total"] == [dg.TableColumnDep(dg.AssetKey("daily_usage"), "tokens_total")]


def test_a_refresh_through_dagster_is_the_same_as_without(
    ran: Ran, new_settings: Callable[..., Settings], open_on: OpenOn
) -> None:
    other = new_settings()
    other.data_dir.mkdir()
    (other.data_dir / "landing").symlink_to(ran.storage.settings.landing)
    with open_on(other) as plain:
        refresh(plain, PlainRunner(plain))
        assert digests(ran.storage) == digests(plain)
    assert find_stale(ran.storage) == {}


def test_progress_is_told_by_the_partition(ran: Ran) -> None:
    tables = len(DAILY_TABLES)
    assert ran.told == Told([("landing", 3), ("computing", 3 * tables)], Counter(dict.fromkeys(DAYS, 1 + tables)))


@pytest.mark.usefixtures("three_days")
def test_a_run_names_the_command_and_its_range(runner: DagsterRunner, instance: dg.DagsterInstance) -> None:
    runner.land(DAYS)
    runner.land(DAYS[:1])
    one_day, several = instance.get_runs()
    assert (several.job_name, several.tags["usage_pipeline/command"]) == ("landing_days", "test")
    assert several.tags["dagster/asset_partition_range_start"] == KEYS[0]
    assert several.tags["dagster/asset_partition_range_end"] == KEYS[-1]
    assert several.tags["days"] == "2026-05-01 to 2026-05-03"
    assert one_day.tags["dagster/partition"] == KEYS[0]


@pytest.mark.usefixtures("three_days")
def test_only_the_tables_that_are_asked_for_are_made(runner: DagsterRunner, instance: dg.DagsterInstance) -> None:
    runner.land(DAYS)
    runner.compute(["excluded_events", "usage_records"], DAYS[:2])
    assert materialized(instance, "usage_records") == set(KEYS[:2])
    assert materialized(instance, "daily_usage") == set()


@pytest.mark.usefixtures("three_days")
def test_a_day_that_fails_undoes_no_other_and_holds_up_none_behind_it(
    runner: DagsterRunner, storage: Storage, instance: dg.DagsterInstance, landing: Landing
) -> None:
    write_counted(landing, DAYS[1])
    runner.land(DAYS)
    lose_counted(storage)
    with pytest.raises(
        PartitionError, match=r"usage_statistics/2026-05-02/acme/counted\.jsonl are not in the lake"
    ):
        runner.compute(["excluded_events"], DAYS)
    assert digests(storage).keys() == {("excluded_events", DAYS[0]), ("excluded_events", DAYS[2])}
    assert materialized(instance, "excluded_events") == {KEYS[0], KEYS[2]}


def test_a_landing_day_tells_how_many_lines_had_texts_and_how_many_were_rejected(
    runner: DagsterRunner, instance: dg.DagsterInstance, landing: Landing
) -> None:
    with_text, without = (prompt(name, f"{KEYS[0]}T08:00:00Z") for name in ("e1", "e2"))
    landing.write("persona", KEYS[0], [{**with_text, "prompt": "How far is the moon?"}, without])
    landing.write("persona", KEYS[1], [without, "no JSON"])
    runner.land(DAYS[:2])
    assert metadata(instance, "content", ROW_COUNT) == {KEYS[0]: 1, KEYS[1]: 0}
    assert metadata(instance, "rejected_lines", ROW_COUNT) == {KEYS[0]: 0, KEYS[1]: 1}


def test_only_a_run_that_lands_again_reads_known_files_by_the_rules_of_now(
    runner: DagsterRunner, storage: Storage, landing: Landing
) -> None:
    landing.write("persona", KEYS[2], [prompt("e1", f"{KEYS[0]}T08:00:00Z")])
    runner.land(DAYS[2:])
    storage.settings.reference.mkdir(parents=True)
    (storage.settings.reference / "plans.yaml").write_text("default: short\nshort: {retention_days: 1}\n")
    runner.land(DAYS[2:])
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",)]
    runner.land_again(DAYS[2:])
    assert rows(storage, LANDED_EVENTS, "record_id") == []


def test_a_landing_day_without_a_folder_lands_nothing(
    runner: DagsterRunner, instance: dg.DagsterInstance, storage: Storage
) -> None:
    runner.land(DAYS[:1])
    assert materialized(instance, "landed_events") == set()
    assert not storage.lake.folder(LANDED_EVENTS, DAYS[0]).exists()


@pytest.mark.usefixtures("three_days")
@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2026, 6, 2), "2026-06-02 is skipped: the day has not come yet"),
        (date(2026, 4, 30), "2026-04-30 is skipped: nothing of it has landed"),
    ],
)
def test_a_day_that_is_not_there_is_skipped_and_nothing_of_it_is_written_or_rated(
    runner: DagsterRunner, storage: Storage, instance: dg.DagsterInstance, day: date, reason: str
) -> None:
    runner.land(DAYS)
    runner.compute([table.name for table in DAILY_TABLES], [day])
    with storage.warehouse.connect() as connection:
        known = {table.name: state.partitions(connection, table.name, day, day) for table in DAILY_TABLES}
        rated = connection.execute(text("SELECT day FROM usage.rated_days")).all()
    assert set(map(len, known.values())) == {0}
    assert rated == []
    run = instance.get_runs(limit=1)[0]
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert materialized(instance, "usage_records") == set()
    assert reason in [entry.user_message for entry in instance.all_logs(run.run_id)]


def test_a_landing_day_that_has_not_come_is_skipped(
    runner: DagsterRunner, storage: Storage, instance: dg.DagsterInstance
) -> None:
    runner.land([date(2026, 6, 2)])
    assert materialized(instance, "landed_events") == set()
    with storage.warehouse.connect() as connection:
        assert state.partitions(connection, LANDED_EVENTS.name) == {}
