"""The job that closes what is due, and the check that lists what is blocked."""

from dataclasses import replace
from datetime import UTC, date, datetime

import dagster as dg
import pytest

from usage_pipeline.billing.closing import closed_of
from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.closing import PERIODS_CLOSE
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, land_days_again, settle
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.orchestration.conftest import Ran
from usage_pipeline_tests.support import Landing, at, prompt

MAY = (date(2026, 5, 1), date(2026, 5, 31))


@pytest.fixture
def may_is_final(storage: Storage, landing: Landing, prepare: Prepare) -> Storage:
    """A prompt of acme on 31 May, computed and not closed; it is 4 June."""
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z")])
    later = at(storage, datetime(2026, 6, 4, tzinfo=UTC))

    def land_and_settle() -> None:
        runner, summary = PlainRunner(later), RefreshSummary()
        land_days_again(runner, [date(2026, 5, 31)], summary)
        settle(later, runner, summary)

    prepare("may_is_final", land_and_settle)
    return later


def close_periods(storage: Storage, instance: dg.DagsterInstance) -> None:
    job = build_definitions(storage.settings, {STORAGE: storage}).resolve_job_def("close_periods")
    assert job.execute_in_process(instance=instance).success


def closed(storage: Storage) -> list[tuple[date, date]]:
    with storage.warehouse.connect() as connection:
        return [(entry.first_day, entry.last_day) for entry in closed_of(connection, "acme")]


def evaluation(instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    summary = instance.event_log_storage.get_asset_check_summary_records([PERIODS_CLOSE])[PERIODS_CLOSE]
    record = summary.last_completed_check_execution_record
    assert record is not None
    assert record.event is not None
    assert record.event.dagster_event is not None
    return record.event.dagster_event.asset_check_evaluation_data


def test_the_job_closes_what_is_due(may_is_final: Storage, instance: dg.DagsterInstance) -> None:
    close_periods(may_is_final, instance)
    assert closed(may_is_final) == [MAY]


def test_after_the_job_the_check_passes(may_is_final: Storage, instance: dg.DagsterInstance) -> None:
    close_periods(may_is_final, instance)
    found = evaluation(instance)
    assert (found.passed, found.metadata["observed"].value) == (True, "0 periods are blocked")


def test_the_check_names_periods_and_reasons_of_what_is_held_open_and_counts_tenants(
    may_is_final: Storage, landing: Landing, instance: dg.DagsterInstance
) -> None:
    landing.write("persona", "2026-05-31", ["no JSON"] * 100, name="broken.jsonl")
    land_days_again(PlainRunner(may_is_final), [date(2026, 5, 31)], RefreshSummary())
    close_periods(may_is_final, instance)
    found = evaluation(instance)
    assert closed(may_is_final) == []
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["periods"].value == (
        "| First day | Last day | Tenants | Blocked by |\n"
        "|---|---|---|---|\n"
        "| 2026-05-01 | 2026-05-31 | 1 | persona/2026-05-31/broken.jsonl is quarantined |"
    )


def test_a_run_that_computes_costs_looks_at_the_periods(ran: Ran) -> None:
    assert evaluation(ran.instance).passed


def test_the_asset_counts_all_closed_periods_and_those_that_its_run_closed(
    may_is_final: Storage, instance: dg.DagsterInstance
) -> None:
    found = []
    for _ in range(2):
        close_periods(may_is_final, instance)
        (record,) = instance.fetch_materializations(dg.AssetKey("closed_periods"), limit=1).records
        assert record.asset_materialization
        counts = record.asset_materialization.metadata
        found.append((counts["dagster/row_count"].value, counts["newly_closed"].value))
    assert found == [(1, 1), (1, 0)]


def test_with_automatic_closing_off_the_job_only_looks(
    may_is_final: Storage, instance: dg.DagsterInstance
) -> None:
    by_hand = replace(may_is_final, settings=may_is_final.settings.model_copy(update={"automatic_closing": False}))
    close_periods(by_hand, instance)
    assert closed(by_hand) == []
    assert evaluation(instance).passed
