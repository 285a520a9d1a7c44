"""Asset checks in real Dagster runs: one evaluation for all days of a run, and nothing that stops a day."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.errors import SuiteError
from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.orchestration.partitions import partitions_of
from usage_pipeline.orchestration.resources import PROGRESS, STORAGE
from usage_pipeline.pipeline.refresh import find_stale, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline.validation.checks import DAY_CHECKS, LANDING_CHECKS
from usage_pipeline.validation.results import read_results
from usage_pipeline.validation.suite_files import shipped_suites
from usage_pipeline_tests.support import Landing, prompt

DAYS = [date(2026, 5, 1), date(2026, 5, 2)]
SUITES = shipped_suites()
SUITE_CHECKS = [check for suite in SUITES.values() for check in suite.checks]
OF_PERIODS = ("tenant_costs", "periods_close")


class Nobody:
    """Is told of progress, and does not care."""

    def expect(self, what: str, partitions: int) -> None:
        pass

    def done(self, day: date) -> None:
        pass


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


Start = Callable[..., DagsterRunner]


@pytest.fixture
def start(instance: dg.DagsterInstance) -> Start:
    """Makes a runner for a storage."""

    def make(storage: Storage, *, suites: bool = True) -> DagsterRunner:
        used = {STORAGE: storage, PROGRESS: Nobody().done}
        resources = {name: dg.ResourceDefinition.hardcoded_resource(value) for name, value in used.items()}
        return DagsterRunner(
            partial(build_definitions, storage.settings, resources), instance, "test", Nobody(), suites
        )

    return make


@pytest.fixture
def two_days(landing: Landing) -> None:
    """A good day, and a day of which half the lines are broken."""
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    landing.write("persona", "2026-05-02", [prompt("e2", "2026-05-02T08:00:00Z"), "no JSON"])


def evaluations(instance: dg.DagsterInstance) -> dict[tuple[str, str], dg.AssetCheckEvaluation]:
    """The last evaluation of every check, by asset and name."""
    found = {}
    for run in reversed(instance.get_runs()):
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
            assert entry.dagster_event is not None
            evaluation = entry.dagster_event.asset_check_evaluation_data
            found[evaluation.asset_key.to_user_string(), evaluation.check_name] = evaluation
    return found


@pytest.mark.usefixtures("two_days")
def test_every_check_is_evaluated_and_a_half_bad_day_only_warns(
    storage: Storage, instance: dg.DagsterInstance, start: Start
) -> None:
    refresh(storage, start(storage))
    found = evaluations(instance)
    assert found.keys() == {OF_PERIODS, *(check.key for check in (*LANDING_CHECKS, *DAY_CHECKS, *SUITE_CHECKS))}
    failed = {name: evaluation.severity for (_, name), evaluation in found.items() if not evaluation.passed}
    assert failed == {
        "files_are_usable": dg.AssetCheckSeverity.WARN,
        "few_lines_are_rejected": dg.AssetCheckSeverity.WARN,
        "tokens_are_priced": dg.AssetCheckSeverity.WARN,  # the prompts name no model
    }
    assert find_stale(storage) == {}


@pytest.mark.usefixtures("two_days")
def test_an_evaluation_shows_the_days_of_its_run_those_that_failed_first(
    storage: Storage, instance: dg.DagsterInstance, start: Start
) -> None:
    start(storage).land(DAYS)
    evaluation = evaluations(instance)["landed_events", "files_are_usable"]
    observed = "1 problems in 1 files: persona/2026-05-02/events.jsonl line 2 is malformed_json"
    assert evaluation.description == "1 of 2 days failed"
    assert evaluation.metadata["observed"].value == observed
    assert evaluation.metadata["expected"].value == "0 problems"
    assert evaluation.metadata["days"].value == (
        "| Day | Result | Observed | Expected |\n"
        "|---|---|---|---|\n"
        f"| 2026-05-02 | warning | {observed} | 0 problems |\n"
        "| 2026-05-01 | passed | 0 problems in 1 files | 0 problems |"
    )


@pytest.mark.usefixtures("two_days")
def test_what_is_known_of_each_day_is_kept(storage: Storage, start: Start) -> None:
    refresh(storage, start(storage))
    with storage.warehouse.connect() as connection:
        kept = read_results(connection, *DAYS)
    assert {(result.table_name, result.day, result.check_name) for result in kept} == {
        (check.table, day, check.name) for check in (*LANDING_CHECKS, *DAY_CHECKS, *SUITE_CHECKS) for day in DAYS
    }


@pytest.mark.usefixtures("two_days")
def test_a_run_without_suites_looks_at_the_accounts_only(
    storage: Storage, instance: dg.DagsterInstance, start: Start
) -> None:
    refresh(storage, start(storage, suites=False))
    assert evaluations(instance).keys() == {OF_PERIODS, *(check.key for check in (*LANDING_CHECKS, *DAY_CHECKS))}


@pytest.mark.usefixtures("two_days")
def test_metadata_names_no_tenant_and_quotes_no_line(
    storage: Storage, instance: dg.DagsterInstance, start: Start
) -> None:
    refresh(storage, start(storage))
    texts = [str(value.value) for found in evaluations(instance).values() for value in found.metadata.values()]
    assert not any(word in text for text in texts for word in ("acme", "no JSON"))


@pytest.mark.usefixtures("two_days")
def test_a_broken_suite_fails_the_run_that_validates_and_stops_no_day(
    settings: Settings, instance: dg.DagsterInstance, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "usage_records.yaml").write_text("mine: 7\n")
    with open_storage(settings) as plain:
        refresh(plain, start(plain, suites=False))
    with open_storage(settings.model_copy(update={"suites_dir": tmp_path})) as storage:
        with pytest.raises(SuiteError, match=r"usage_records\.yaml: mine: expected the keys of a check"):
            start(storage).compute(["usage_records", "daily_usage"], DAYS)
        assert instance.get_materialized_partitions(dg.AssetKey("daily_usage")) == {str(day) for day in DAYS}
        assert find_stale(storage) == {}


@pytest.mark.usefixtures("two_days")
def test_a_check_that_is_run_by_itself_looks_at_the_newest_day(
    storage: Storage, instance: dg.DagsterInstance, start: Start
) -> None:
    runner = start(storage, suites=False)
    runner.land(DAYS)
    check = dg.AssetCheckKey(dg.AssetKey("landed_events"), "lines_add_up")
    alone = dg.define_asset_job("alone", dg.AssetSelection.checks(check))
    together = dg.Definitions.merge(runner.define(partitions_of(DAYS)), dg.Definitions(jobs=[alone]))
    together.resolve_job_def("alone").execute_in_process(instance=instance)
    table = evaluations(instance)["landed_events", "lines_add_up"].metadata["days"].value
    assert str(table).splitlines()[2:] == ["| 2026-05-02 | passed | 0 of 1 files apart | 0 files apart |"]
