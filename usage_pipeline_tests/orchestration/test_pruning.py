"""The asset that removes what is past its term, in a real Dagster run."""

from pathlib import Path

import dagster as dg

from usage_pipeline.definitions import build_definitions
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.asking import DAYS
from usage_pipeline_tests.support import Landing, prompt

PAST, RECENT = "2026-04-01", "2026-05-31"


def materialize(storage: Storage, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = build_definitions(storage.settings, {STORAGE: storage}).resolve_job_def("prune")
    return job.execute_in_process(instance=instance, raise_on_error=False)


def deliver(storage: Storage, landing: Landing, day: str, texts: int) -> Path:
    lines = [prompt(f"{day}-{number}", f"{day}T08:00:00Z", prompt="words") for number in range(texts)]
    path = landing.write("persona", day, lines)
    land_days(storage, [DAYS[0].fromisoformat(day)], "test")
    return path


def test_a_run_removes_what_is_past_its_term_and_tells_how_much(
    storage: Storage, landing: Landing, instance: dg.DagsterInstance
) -> None:
    past, recent = deliver(storage, landing, PAST, 1), deliver(storage, landing, RECENT, 9)
    size = past.stat().st_size
    assert materialize(storage, instance).success
    assert (past.exists(), recent.exists()) == (False, True)
    (record,) = instance.fetch_materializations(dg.AssetKey("retention_pruning"), limit=1).records
    assert record.asset_materialization
    told = {name: entry.value for name, entry in record.asset_materialization.metadata.items()}
    assert {name: told[name] for name in ("landing_days", "files", "texts", "rejects")} == {
        "landing_days": 1,
        "files": 1,
        "texts": 1,
        "rejects": 0,
    }
    assert isinstance(told["bytes"], int)
    assert told["bytes"] > size


def test_an_unusual_share_fails_the_run_with_what_to_do_and_removes_nothing(
    storage: Storage, landing: Landing, instance: dg.DagsterInstance
) -> None:
    past = deliver(storage, landing, PAST, 1)
    deliver(storage, landing, RECENT, 1)
    ended = materialize(storage, instance)
    (failure,) = [event for event in ended.all_events if event.is_step_failure]
    assert "50% of all lines" in str(failure.step_failure_data.user_failure_data)
    assert past.exists()
