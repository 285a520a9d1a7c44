"""A refresh does exactly the work that new, changed and lost files ask for."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.storage.schema import partition_state
from usage_pipeline.storage.state import WriteState
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, counted_digests, digests, land_and_compute, prompt
from usage_pipeline_tests.waiting import wait_for_waiting

Run = Callable[[], RefreshSummary]
Compute = Callable[..., None]

ALL = {table.name for table in DAILY_TABLES}


def may(day: int) -> date:
    return date(2026, 5, day)


def write_days(landing: Landing, *days: int, conversation: str | None = None) -> None:
    for day in days:
        line = prompt(f"e{day}", f"{may(day)}T08:00:00Z", conversationId=conversation)
        landing.write("persona", f"{may(day)}", [line])


@pytest.fixture
def compute_days(landing: Landing, run: Run, prepare: Prepare) -> Compute:
    """Writes days and runs; what days come to is computed once."""

    def write_and_run(*days: int, conversation: str | None = None) -> None:
        write_days(landing, *days, conversation=conversation)
        prepare(f"{days} {conversation}", run)

    return write_and_run


def test_the_first_run_lands_and_computes_everything(landing: Landing, run: Run) -> None:
    write_days(landing, 1, 2)
    assert run() == RefreshSummary(landed=[may(1), may(2)], computed={may(1): ALL, may(2): ALL})


def test_running_again_does_no_work(run: Run, compute_days: Compute) -> None:
    compute_days(1, 2, conversation="c1")
    assert run() == RefreshSummary(landed=[], computed={})


def test_without_files_there_is_no_work(run: Run) -> None:
    assert run() == RefreshSummary(landed=[], computed={})


def test_a_run_after_the_lake_was_deleted_makes_the_same_again(
    storage: Storage, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 2, conversation="c1")
    before = digests(storage)
    shutil.rmtree(storage.settings.data_dir / "lake")
    run()
    assert digests(storage) == before
    assert find_stale(storage) == {}


def test_a_run_after_the_rollups_were_deleted_makes_the_same_again(
    storage: Storage, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 2, conversation="c1")
    before = digests(storage)
    shutil.rmtree(storage.settings.data_dir / "rollups")
    run()
    assert digests(storage) == before


def test_a_late_file_recomputes_exactly_the_days_that_it_holds(
    storage: Storage, landing: Landing, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 3, 5, 7)
    before = digests(storage)
    landing.write("persona", "2026-05-08", [prompt("late", f"{may(3)}T09:00:00Z")])
    assert run() == RefreshSummary(landed=[may(8)], computed={may(3): ALL})
    changed = {key for key, digest in digests(storage).items() if digest != before.get(key)}
    assert {day for _, day in changed} == {may(3)}


def test_a_late_conversation_recomputes_the_starts_of_the_days_that_look_back_on_it(
    storage: Storage, landing: Landing, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 5, conversation="c1")
    landing.write(
        "persona", "2026-05-05", [prompt("late", f"{may(3)}T09:00:00Z", conversationId="c2")], name="2.jsonl"
    )
    assert run().computed == {
        may(3): ALL,
        may(5): {"conversation_starts", "conversation_series", "daily_breakdown"},
    }
    assert find_stale(storage) == {}


def test_a_late_duplicate_changes_no_digest_of_what_counts(
    storage: Storage, landing: Landing, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 2, conversation="c1")
    before = counted_digests(storage)
    landing.write("persona", "2026-05-05", [prompt("e1", f"{may(1)}T08:00:00Z", conversationId="c1")])
    run()
    assert counted_digests(storage) == before


@pytest.mark.parametrize("days", [(2, 3), (3, 2), (2, 2)])
def test_a_file_delivered_again_under_another_name_changes_no_digest_of_what_counts(
    storage: Storage, landing: Landing, days: tuple[int, int]
) -> None:
    with_ids = [prompt("e1", f"{may(1)}T08:00:00Z", conversationId="c1")]
    without = [{"event": "message_send", "time": 1777622400, "properties": {"prompt_tokens": 5}}] * 2
    found = []
    for day, name in zip(days, ("first.jsonl", "again.jsonl.gz"), strict=True):
        landing.write("persona", f"{may(day)}", with_ids, tenant="acme", name=name)
        landing.write("aider", f"{may(day)}", without, tenant="acme", name=name)
        land_and_compute(storage, "records", "conversation_series")
        found.append(counted_digests(storage))
    assert found[0] == found[1]


def test_files_that_changed_count_as_they_are_now(storage: Storage, landing: Landing, run: Run) -> None:
    """The first holds another event, the second one of the next day, and the third cannot be read any more."""
    landing.write("persona", f"{may(1)}", [prompt(name, f"{may(1)}T08:00:00Z") for name in ("e1", "e2")])
    landing.write("persona", f"{may(12)}", [prompt("e4", f"{may(11)}T08:00:00Z")])
    lost = landing.write("persona", f"{may(21)}", [prompt("e5", f"{may(21)}T08:00:00Z")], name="events.jsonl.gz")
    run()
    landing.write("persona", f"{may(1)}", [prompt("e3", f"{may(1)}T08:00:00Z")])
    landing.write("persona", f"{may(12)}", [prompt("e4", f"{may(12)}T08:00:00Z")])
    lost.write_bytes(b"not gzip")
    computed = {may(1): ALL, may(11): ALL, may(12): ALL, may(21): ALL}
    assert run() == RefreshSummary(landed=[may(1), may(12), may(21)], computed=computed)
    with storage.warehouse.connect() as connection:
        found = state.partitions_of(connection, ["usage_records", "token_series"])
    records, series = ({day: partition.rows for day, partition in days.items()} for days in found.values())
    assert records == {may(1): 1, may(11): 0, may(12): 1, may(21): 0}
    assert series == {may(1): 1, may(11): 0, may(12): 1, may(21): 0}


def test_recomputing_days_that_are_current_changes_no_digest(storage: Storage, compute_days: Compute) -> None:
    compute_days(1, 2, conversation="c1")
    before = digests(storage)
    summary = RefreshSummary()
    recompute_days(storage, PlainRunner(storage), [may(1)], summary)
    assert summary.computed == {may(1): ALL}
    assert digests(storage) == before


def test_computing_a_day_without_events_makes_no_later_day_stale(storage: Storage, compute_days: Compute) -> None:
    compute_days(1, 5, conversation="c1")
    summary = RefreshSummary()
    recompute_days(storage, PlainRunner(storage), [may(2)], summary)
    assert summary.computed == {may(2): ALL}


def test_a_half_written_partition_is_computed_by_the_next_run_with_all_that_reads_it(
    storage: Storage, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 2, conversation="c1")
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, "daily_usage", [may(2)], "a run that was killed")
    assert run().computed == {may(2): {"daily_usage", "token_series", "message_series", "daily_breakdown"}}


def test_landing_that_was_killed_is_done_again(storage: Storage, run: Run, compute_days: Compute) -> None:
    compute_days(1, 2, conversation="c1")
    with storage.warehouse.begin() as connection:
        state.mark_writing(connection, "landed_events", [may(1)], "a run that was killed")
    assert run() == RefreshSummary(landed=[may(1)], computed={})


def test_two_runs_at_once_make_what_one_makes(settings: Settings, landing: Landing) -> None:
    write_days(landing, 1, 2, conversation="c1")

    def run_once() -> RefreshSummary:
        with open_storage(settings) as storage:
            return refresh(storage, PlainRunner(storage))

    with open_storage(settings) as storage:
        with ThreadPoolExecutor(2) as together:
            with partition_locks(storage.warehouse, "landed_events", [may(1)], 1):
                runs = [together.submit(run_once) for _ in range(2)]
                wait_for_waiting(storage, 2)
            landed = [run.result().landed for run in runs]
        assert find_stale(storage) == {}
        with storage.warehouse.connect() as connection:
            partitions = state.partitions(connection, "token_series")
    assert {day: (partition.version, partition.rows) for day, partition in partitions.items()} == {
        may(1): (1, 1),
        may(2): (1, 1),
    }
    assert may(1) in landed[0] + landed[1]


def test_what_another_process_is_writing_is_waited_for_and_not_made_again(
    storage: Storage, run: Run, compute_days: Compute
) -> None:
    compute_days(1, 2, conversation="c1")
    with ThreadPoolExecutor(1) as other:
        with partition_locks(storage.warehouse, "cost_drift", [may(1)], 1) as writer:
            state.mark_writing(writer, "cost_drift", [may(1)], "another")
            writer.commit()
            found = other.submit(run)
            wait_for_waiting(storage)
            writer.execute(partition_state.update().values(state=WriteState.COMMITTED))
            writer.commit()
        assert found.result() == RefreshSummary()
