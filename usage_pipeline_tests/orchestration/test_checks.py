"""Asset checks in real Dagster runs: an evaluation for each day of a run, and nothing that stops a day."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.errors import SuiteError
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.orchestration.jobs import partitions_of
from usage_pipeline.pipeline.refresh import find_stale, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS
from usage_pipeline.validation.results import read_results
from usage_pipeline.validation.suite_files import shipped_suites
from usage_pipeline_tests.orchestration.asking import DAYS, KEYS, evaluations, materialized, runner_on
from usage_pipeline_tests.orchestration.conftest import Ran, open_project, write_three_days
from usage_pipeline_tests.support import Landing, prompt

SUITES = shipped_suites()
SUITE_CHECKS = [check for suite in SUITES.values() for check in suite.checks]
FILES = dg.AssetCheckKey(dg.AssetKey("landed_events"), "files_are_usable")
OF_PERIODS = ("tenant_costs", "periods_close")


NOT_EVALUATED = {
    ("usage_records", "voids_have_targets"),
    ("cost_drift", "reported_costs_are_plausible"),
    ("conversations", "totals_are_those_of_the_records"),
    ("conversation_series", "totals_are_those_of_the_records"),
    ("usage_records", "as_much_as_usual"),
    ("landed_events", "as_much_as_usual"),
    ("landed_events", "models_are_known"),
    ("landed_events", "totals_are_input_plus_output"),
}
"""The three days have no voids, reported totals or costs, or conversations, and there are none before them."""


def test_every_check_with_something_to_compare_is_evaluated_and_a_half_bad_day_only_warns(ran: Ran) -> None:
    found = evaluations(ran.instance)
    known = {check.key for check in (*LANDING_CHECKS, *DAY_CHECKS, *SUITE_CHECKS)}
    assert found.keys() == {OF_PERIODS, *known} - NOT_EVALUATED
    failed = {name: evaluation.severity for (_, name), evaluation in found.items() if not evaluation.passed}
    assert failed == {
        "files_are_usable": dg.AssetCheckSeverity.WARN,
        "few_lines_are_rejected": dg.AssetCheckSeverity.WARN,
        "tokens_are_priced": dg.AssetCheckSeverity.WARN,  # the prompts name no model
    }
    assert find_stale(ran.storage) == {}


def test_each_day_has_an_evaluation_with_its_numbers_and_those_that_fail_come_last(ran: Ran) -> None:
    found = [
        (evaluation.partition, evaluation.passed, evaluation.metadata["lines_rejected"].value)
        for evaluation in history(ran.instance, "landed_events", "files_are_usable")
    ]
    assert found == [("2026-05-01", True, 0), ("2026-05-02", True, 0), ("2026-05-03", False, 4)]


def test_an_evaluation_has_its_faults_and_the_days_that_fail_as_tables(ran: Ran) -> None:
    evaluation = evaluations(ran.instance)["landed_events", "files_are_usable"]
    observed = "0 of 1 files count nowhere, 1 reject over 1.0% of their lines, 0 entries are passed over"
    assert evaluation.description == f"2026-05-03: {observed}"
    assert evaluation.metadata["observed"].value == observed
    assert records(evaluation, "details") == [
        {"file": "persona/2026-05-03/events.jsonl", "problem": "malformed_json, first in line 5", "lines": 4}
    ]
    assert records(evaluation, "failing") == [{"day": "2026-05-03", "result": "warning", "observed": observed}]


@pytest.fixture
def project(
    new_databases: Callable[[], tuple[str, str]], tmp_path: Path
) -> Iterator[tuple[Storage, dg.DagsterInstance]]:
    """A storage, and the project's own instance, which writes evaluations together."""
    with open_project(new_databases(), tmp_path) as opened:
        write_three_days(Landing(opened[0].settings.landing))
        yield opened


def test_a_day_stays_red_when_others_run_and_turns_green_by_itself(
    project: tuple[Storage, dg.DagsterInstance],
) -> None:
    storage, instance = project
    runner = runner_on(storage, instance)
    runner.land(DAYS)
    runner.land([DAYS[0]])
    assert latest(instance) == ("2026-05-03", "FAILED")
    assert by_day(instance) == {
        "2026-05-01": "SUCCEEDED",
        "2026-05-02": "SUCCEEDED",
        "2026-05-03": "FAILED",
    }
    Landing(storage.settings.landing).write("persona", "2026-05-03", [prompt("e1", "2026-05-03T08:00:00Z")])
    runner.land([DAYS[2]])
    assert latest(instance) == ("2026-05-03", "SUCCEEDED")
    assert set(by_day(instance).values()) == {"SUCCEEDED"}


def test_a_day_without_anything_to_compare_has_no_row_in_the_history(
    project: tuple[Storage, dg.DagsterInstance],
) -> None:
    storage, instance = project
    refresh(storage, runner_on(storage, instance))
    voids = dg.AssetCheckKey(dg.AssetKey("usage_records"), "voids_have_targets")
    assert instance.event_log_storage.get_asset_check_execution_history(voids, limit=10) == []


def test_what_is_known_of_each_day_is_kept(ran: Ran) -> None:
    with ran.storage.warehouse.connect() as connection:
        kept = read_results(connection, DAYS[0], DAYS[-1])
    assert {(result.table_name, result.day, result.check_name) for result in kept} == {
        (check.table, day, check.name) for check in (*LANDING_CHECKS, *DAY_CHECKS, *SUITE_CHECKS) for day in DAYS
    }


def test_metadata_names_no_tenant_and_quotes_no_line(ran: Ran) -> None:
    texts = [str(value.value) for found in evaluations(ran.instance).values() for value in found.metadata.values()]
    assert not any(word in text for text in texts for word in ("acme", "no JSON"))


@pytest.mark.usefixtures("three_days")
def test_a_run_without_suites_looks_at_the_accounts_only(storage: Storage, instance: dg.DagsterInstance) -> None:
    refresh(storage, runner_on(storage, instance, suites=False))
    known = {check.key for check in (*LANDING_CHECKS, *DAY_CHECKS)}
    assert evaluations(instance).keys() == {OF_PERIODS, *known} - NOT_EVALUATED


@pytest.mark.usefixtures("three_days")
def test_a_broken_suite_fails_the_run_that_validates_and_stops_no_day(
    settings: Settings, instance: dg.DagsterInstance, run: Callable[[], object], tmp_path: Path
) -> None:
    run()
    (tmp_path / "usage_records.yaml").write_text("mine: 7\n")
    with open_storage(settings.model_copy(update={"suites_dir": tmp_path})) as storage:
        with pytest.raises(SuiteError, match=r"usage_records\.yaml: mine: expected the keys of a check"):
            runner_on(storage, instance, suites=True).compute(["usage_records", "daily_usage"], DAYS)
        assert materialized(instance, "daily_usage") == set(KEYS)
        assert find_stale(storage) == {}


@pytest.mark.usefixtures("three_days")
def test_a_check_that_is_run_by_itself_looks_at_the_newest_day(
    runner: DagsterRunner, instance: dg.DagsterInstance
) -> None:
    runner.land(DAYS[:2])
    check = dg.AssetCheckKey(dg.AssetKey("landed_events"), "lines_add_up")
    alone = dg.define_asset_job("alone", dg.AssetSelection.checks(check))
    together = dg.Definitions.merge(runner.define(partitions_of(DAYS[:2])), dg.Definitions(jobs=[alone]))
    together.resolve_job_def("alone").execute_in_process(instance=instance)
    found = [(entry.partition, entry.passed) for entry in history(instance, "landed_events", "lines_add_up")]
    assert found == [("2026-05-01", True), ("2026-05-02", True), ("2026-05-02", True)]


def history(instance: dg.DagsterInstance, asset: str, name: str) -> list[dg.AssetCheckEvaluation]:
    """All evaluations of a check, oldest first."""
    return [
        evaluation
        for run in reversed(instance.get_runs())
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if entry.dagster_event
        and (evaluation := entry.dagster_event.asset_check_evaluation_data).check_name == name
        and evaluation.asset_key == dg.AssetKey(asset)
    ]


def records(evaluation: dg.AssetCheckEvaluation, name: str) -> list[dict[str, object]]:
    table = evaluation.metadata[name]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


def latest(instance: dg.DagsterInstance) -> tuple[str | None, str]:
    """The day and the status by which the UI shows the check of files."""
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key([FILES])[FILES]
    return found.partition, found.status.value


def by_day(instance: dg.DagsterInstance) -> dict[str | None, str]:
    """The status of each day, as the page of the check shows it."""
    found = instance.event_log_storage.get_asset_check_partition_info([FILES])
    return {info.partition_key: info.latest_execution_status.value for info in found}
