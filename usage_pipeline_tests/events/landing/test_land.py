"""A landing day: what is landed, landed anew, and kept."""

from collections.abc import Callable
from datetime import date, timedelta

from usage_pipeline.events.landing.committing import LandingResult
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, refresh
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage import landed_days, state
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.support import Landing, at, files, prompt, rows

Run = Callable[[], RefreshSummary]
DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"


def lake_objects(storage: Storage) -> int:
    return len(list(storage.lake.folder(LANDED_EVENTS, DAY).iterdir()))


def test_a_file_changed_with_new_content_is_landed_anew_in_place(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("old", TIME), prompt("both", TIME)])
    run()
    landing.write("persona", "2026-05-01", [prompt("both", TIME), prompt("new", TIME), prompt("more", TIME)])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("both",), ("more",), ("new",)]
    assert (len(files(storage)), lake_objects(storage)) == (1, 1)


def test_a_changed_file_takes_its_events_off_the_days_that_it_no_longer_holds(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-04-30T08:00:00Z")])
    run()
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, note="moved")])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "landing_line") == [("e1", 1)]


def test_a_file_that_is_only_touched_stays_as_it_landed(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    before = files(storage)["events.jsonl"]
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    tomorrow = at(storage, NOW + timedelta(days=1))
    refresh(tomorrow, PlainRunner(tomorrow))
    after = files(storage)["events.jsonl"]
    assert (after.object_name, after.landed_at, after.run) == (before.object_name, before.landed_at, before.run)


def test_a_deleted_file_keeps_counting(storage: Storage, landing: Landing, run: Run) -> None:
    path = landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    path.unlink()
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",)]


def test_a_deleted_file_keeps_counting_when_its_day_is_landed_again(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="deleted.jsonl")
    run()
    (landing.root / "persona" / "2026-05-01" / "deleted.jsonl").unlink()
    landing.write("persona", "2026-05-01", [prompt("e2", TIME)], name="new.jsonl")
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",), ("e2",)]
    assert files(storage)["deleted.jsonl"].state == FileState.LANDED


def test_landing_again_changes_nothing(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), "{"])
    (first,) = land_days(storage, [DAY], "first")
    assert first.partition is not None
    (second,) = land_days(storage, [DAY], "second")
    assert second.partition is not None
    assert second.files == first.files
    assert second.partition.version == first.partition.version == 1
    assert second.partition.output_digest == first.partition.output_digest


def test_a_second_run_has_nothing_to_land(landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    assert run().landed == [DAY]
    assert run().landed == []


def test_a_lost_object_is_landed_again(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)])
    run()
    for path in storage.lake.folder(LANDED_EVENTS, DAY).iterdir():
        path.unlink()
    assert run().landed == [DAY]
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",)]


def test_a_day_without_a_folder_is_left_alone(storage: Storage) -> None:
    assert land_days(storage, [DAY], "test") == [LandingResult(DAY)]
    with storage.warehouse.connect() as connection:
        assert state.partitions(connection, LANDED_EVENTS.name) == {}


def test_the_result_names_the_files_that_do_not_count(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME)], name="good.jsonl")
    landing.write("persona", "2026-05-01", ["{"] * 100, name="bad.jsonl")
    (landing.root / "persona" / "2026-05-01" / "cut.jsonl.gz").write_bytes(b"\x1f\x8b")
    unusable = land_days(storage, [DAY], "test")[0].unusable
    assert [(file.path, file.state) for file in unusable] == [
        ("persona/2026-05-01/bad.jsonl", FileState.QUARANTINED),
        ("persona/2026-05-01/cut.jsonl.gz", FileState.FAILED),
    ]


def test_the_day_counts_rows_of_its_landed_files_only(storage: Storage, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), prompt("e2", TIME)], name="good.jsonl")
    landing.write(
        "persona", "2026-05-01", [*(prompt(f"q{n}", TIME) for n in range(50)), *["{"] * 50], name="q.jsonl"
    )
    partition = land_days(storage, [DAY], "test")[0].partition
    assert partition is not None
    assert partition.rows == 2


def test_late_events_of_one_file_are_known_by_event_day(storage: Storage, landing: Landing) -> None:
    times = ["2026-04-29T10:00:00Z", "2026-04-29T11:00:00Z", TIME]
    landing.write("persona", "2026-05-01", [prompt(time, time) for time in times])
    land_days(storage, [DAY], "test")
    with storage.warehouse.connect() as connection:
        shares = landed_days.event_days_of(connection, ["persona/2026-05-01/events.jsonl"])
    assert {share.event_day: share.rows for share in shares} == {date(2026, 4, 29): 2, DAY: 1}
