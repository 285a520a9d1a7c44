"""Cleaning up after real runs, on real PostgreSQL: the history of assets, checks and runs is what it was."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.clean_up import Cleaned, clean_up, look
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.orchestration.run_history import open_database
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.conftest import open_project
from usage_pipeline_tests.orchestration.history import (
    DAYS,
    Events,
    compute,
    events_of,
    history_of,
    outputs_of,
    start_run,
    write_outputs,
)

HOUSEKEEPING = dg.AssetKey("housekeeping")
TRANSITIONAL = {
    *("ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "STEP_OUTPUT"),
    "message 10",
    "message 20",
    "message 30",
}
"""What runs of the pipeline write of what Dagster's documentation deletes, and messages by their level."""


@dataclass(frozen=True)
class House:
    """What cleaning up has found and left."""

    storage: Storage
    instance: dg.DagsterInstance
    under_way: str
    events: dict[str, Events]
    history: dict[str, dict[str, Any]]
    rows: dict[str, list[Cleaned]]
    outputs: dict[str, set[str]]


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]
) -> Iterator[House]:
    """Runs of two days, of which one failed, cleaned up after 59 and 61 days; a run is under way all the time.

    The steps: `ran`, `early`, `looked`, `cleaned`, and `again`.
    """
    with open_project(new_databases(), tmp_path_factory.mktemp("house")) as (opened, instance):
        compute(opened, instance)
        under_way = start_run(instance)
        early, storage = (after(opened, days) for days in (59, 61))
        write_outputs(under_way)
        steps: dict[str, Callable[[], list[Cleaned]]] = {
            "ran": list,
            "early": lambda: clean(early),
            "looked": lambda: look(storage),
            "cleaned": lambda: clean(storage),
            "again": lambda: clean(storage),
        }
        rows, events, history, outputs = {}, {}, {}, {}
        for step, take in steps.items():
            rows[step] = take()
            events[step] = events_of(storage)
            outputs[step] = outputs_of(storage)
            if step not in {"early", "looked"}:  # to ask takes longer than to clean up
                history[step] = history_of(storage, instance)
        yield House(storage, instance, under_way, events, history, rows, outputs)


def clean(storage: Storage) -> list[Cleaned]:
    return clean_up(storage, lambda _: None)


def after(storage: Storage, days: int) -> Storage:
    """The storage when days have passed, with the database that the instance has."""
    url = SecretStr(os.environ["USAGE_DAGSTER_DATABASE_URL"])
    now = datetime.now(UTC) + timedelta(days=days)
    changed = storage.settings.model_copy(update={"now": now, "dagster_database_url": url})
    return replace(storage, settings=changed)


def test_events_of_transition_and_messages_of_ended_runs_go_and_no_other_event(house: House) -> None:
    ran, cleaned = house.events["ran"], house.events["cleaned"]
    assert {kind for _, kind in ran.values()} > TRANSITIONAL
    gone = {number: told for number, told in ran.items() if number not in cleaned}
    assert gone == {
        number: (run, kind)
        for number, (run, kind) in ran.items()
        if run != house.under_way and kind in TRANSITIONAL
    }
    assert cleaned.items() <= ran.items()


def test_the_history_of_assets_checks_and_runs_is_what_it_was(house: House) -> None:
    assert house.history["cleaned"] == house.history["ran"]


def test_the_history_has_failed_days_observations_and_evaluations_to_be_kept(house: House) -> None:
    history = house.history["cleaned"]
    assert history["failed"][dg.AssetKey("usage_records")] == set(map(str, DAYS))
    assert history["failed"][dg.AssetKey("excluded_events")] == set()
    assert history["partitions"][dg.AssetKey("excluded_events")] == set(map(str, DAYS))
    assert len(history["observations"][dg.AssetKey("landing_folder")]) == 1
    lines_add_up = dg.AssetCheckKey(dg.AssetKey("landed_events"), "lines_add_up")
    assert [record.status.value for record in history["checks"][lines_add_up]] == ["SUCCEEDED"] * 2
    assert len(history["runs"]) == 5


def test_a_run_under_way_loses_nothing(house: House) -> None:
    of_run = {
        step: [told for told in events.items() if told[1][0] == house.under_way]
        for step, events in house.events.items()
    }
    assert of_run["again"] == of_run["ran"] != []
    assert f"{house.under_way}/compute_logs/step.err" in house.outputs["again"]


def test_outputs_of_old_runs_and_ticks_go(house: House) -> None:
    assert house.outputs["ran"] - house.outputs["cleaned"] == {"old/compute_logs/step.err", "repo/arrivals/7.err"}
    assert "new/compute_logs/step.out" in house.outputs["cleaned"]


def test_what_is_younger_than_the_setting_stays(house: House) -> None:
    assert {row.removed for row in house.rows["early"]} == {0}
    assert (house.events["early"], house.outputs["early"]) == (house.events["ran"], house.outputs["ran"])


def test_a_look_changes_nothing_and_tells_what_will_go(house: House) -> None:
    looked, cleaned = house.rows["looked"], house.rows["cleaned"]
    assert (house.events["looked"], house.outputs["looked"]) == (house.events["ran"], house.outputs["ran"])
    assert [(row.place, row.kind, row.removed, row.removed_bytes) for row in looked] == [
        (row.place, row.kind, row.removed, row.removed_bytes) for row in cleaned
    ]
    assert {row.bytes_after for row in looked} == {None}


def test_what_went_is_counted_by_place(house: House) -> None:
    gone = len(house.events["ran"]) - len(house.events["cleaned"])
    found = [(row.place, row.kind, row.removed) for row in house.rows["cleaned"]]
    assert found == [
        ("landing", None, 0),
        ("lake", "temporary file", 0),
        ("rollups", "temporary file", 0),
        ("tmp", "temporary file", 0),
        ("run_output", "output", 2),
        ("warehouse", "message", 0),
        ("warehouse", "key", 0),
        ("dagster_database", "event", gone),
    ]


def test_sizes_are_those_of_the_files(house: House) -> None:
    (output,) = [row for row in house.rows["cleaned"] if row.place == "run_output"]
    assert (output.bytes_before, output.removed_bytes, output.bytes_after) == (20, 10, 10)


def test_a_second_time_nothing_is_left_to_do(house: House) -> None:
    assert {row.removed for row in house.rows["again"]} == {0}
    assert (house.events["again"], house.history["again"]) == (house.events["cleaned"], house.history["cleaned"])


def test_the_room_of_deleted_events_is_free_for_new_ones(house: House) -> None:
    query = text("SELECT last_vacuum IS NOT NULL FROM pg_stat_user_tables WHERE relname = 'event_logs'")
    with open_database(house.storage.settings) as database, database.connect() as connection:
        assert connection.execute(query).scalar_one()


def test_the_asset_tells_numbers_under_the_same_names_each_time(house: House) -> None:
    job = build_definitions(house.storage.settings, {STORAGE: house.storage}).resolve_job_def("clean_up")
    for _ in range(2):
        assert job.execute_in_process(instance=house.instance).success
    records = house.instance.fetch_materializations(HOUSEKEEPING, limit=2).records
    told = [record.asset_materialization.metadata for record in records if record.asset_materialization]
    places = ("landing", "lake", "rollups", "tmp", "run_output", "warehouse", "dagster_database")
    names = {
        *("temporary_files_removed", "messages_removed", "keys_removed", "outputs_removed", "events_removed"),
        "removed_bytes",
        *(f"{place}_bytes_{when}" for place in places for when in ("before", "after")),
    }
    assert [
        {name for name, value in metadata.items() if isinstance(value, dg.IntMetadataValue)} for metadata in told
    ] == [
        names,
        names,
    ]
    assert told[0]["landing_bytes_after"].value == sum(
        path.stat().st_size for path in house.storage.settings.landing.rglob("*") if path.is_file()
    )
