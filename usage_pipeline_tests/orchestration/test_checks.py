"""Asset checks in real Dagster runs: one evaluation for all days of a run, and nothing that stops a day."""

from collections.abc import Callable
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
from usage_pipeline_tests.orchestration.conftest import Ran

SUITES = shipped_suites()
SUITE_CHECKS = [check for suite in SUITES.values() for check in suite.checks]
OF_PERIODS = ("tenant_costs", "periods_close")


def test_every_check_is_evaluated_and_a_half_bad_day_only_warns(ran: Ran) -> None:
    found = evaluations(ran.instance)
    assert found.keys() == {OF_PERIODS, *(check.key for check in (*LANDING_CHECKS, *DAY_CHECKS, *SUITE_CHECKS))}
    failed = {name: evaluation.severity for (_, name), evaluation in found.items() if not evaluation.passed}
    assert failed == {
        "files_are_usable": dg.AssetCheckSeverity.WARN,
        "few_lines_are_rejected": dg.AssetCheckSeverity.WARN,
        "tokens_are_priced": dg.AssetCheckSeverity.WARN,  # the prompts name no model
    }
    assert find_stale(ran.storage) == {}


def test_an_evaluation_shows_the_days_of_its_run_those_that_failed_first(ran: Ran) -> None:
    evaluation = evaluations(ran.instance)["landed_events", "files_are_usable"]
    observed = "1 problems in 1 files: persona/2026-05-03/events.jsonl line 5 is malformed_json, as are 3 more"
    assert evaluation.description == "1 of 3 days failed"
    assert evaluation.metadata["observed"].value == observed
    assert evaluation.metadata["expected"].value == "0 problems"
    assert evaluation.metadata["days"].value == (
        "| Day | Result | Observed | Expected |\n"
        "|---|---|---|---|\n"
        f"| 2026-05-03 | warning | {observed} | 0 problems |\n"
        "| 2026-05-01 | passed | 0 problems in 1 files | 0 problems |\n"
        "| 2026-05-02 | passed | 0 problems in 1 files | 0 problems |"
    )


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
    assert evaluations(instance).keys() == {OF_PERIODS, *(check.key for check in (*LANDING_CHECKS, *DAY_CHECKS))}


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
    table = evaluations(instance)["landed_events", "lines_add_up"].metadata["days"].value
    assert str(table).splitlines()[2:] == ["| 2026-05-02 | passed | 0 of 1 files apart | 0 files apart |"]
