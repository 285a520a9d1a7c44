"""Reports in Dagster: what the sensor and the schedules request, once, and what their runs and the job write."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest
import yaml
from sqlalchemy import text

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.orchestration.automation.conftest import Automation
from usage_pipeline_tests.support import Landing, at, land_and_compute, prompt

_GROUPS = ("records", "rollups", "series", "breakdowns", "costs", "credits")
_JUNE_5 = datetime(2026, 6, 5, tzinfo=UTC)
_REQUEST = "{tenant: acme, from: 2026-05-20, to: 2026-05-20, formats: [json]}"
_SUBSCRIPTION = "- {id: m, tenant: acme, cadence: monthly, formats: [json], recipients: [a@acme.example]}\n"


@pytest.fixture(scope="module")
def june(open_shared: Callable[..., Storage]) -> Storage:
    """A prompt of acme on 20 May, computed; on 5 June, when May is final. Monthly reports are JSON."""
    storage = open_shared(now=_JUNE_5, report_formats="json", first_day=date(2026, 5, 1))
    Landing(storage.settings.landing).write("persona", "2026-05-20", [prompt("e1", "2026-05-20T08:00:00Z")])
    land_and_compute(storage, *_GROUPS)
    storage.settings.reference.mkdir(exist_ok=True)
    return storage


@pytest.fixture(scope="module")
def definitions(june: Storage) -> dg.Definitions:
    """The definitions on that storage."""
    return build_definitions(june.settings, {STORAGE: june})


@pytest.fixture
def automation(june: Storage, definitions: dg.Definitions, instance: dg.DagsterInstance) -> Automation:
    """These definitions on the test's instance."""
    return Automation(definitions, instance, june)


def test_a_closed_month_is_requested_and_written_once(june: Storage, automation: Automation) -> None:
    (request,) = automation.tick("reports")
    assert (request.job_name, request.partition_key) == ("monthly_reports", "2026-05-01")
    assert automation.execute(request).success
    written = (june.settings.data_dir / "reports").glob("*/2026-05/report.json")
    assert sorted(path.parts[-3] for path in written) == ["@all", "acme"]
    assert automation.tick("reports") == []


def test_a_changed_month_is_requested_while_no_run_writes_it(june: Storage, instance: dg.DagsterInstance) -> None:
    later = at(june, _JUNE_5.replace(hour=1))
    Landing(june.settings.landing).write("persona", "2026-06-02", [prompt("e2", "2026-05-20T08:00:00Z")])
    land_and_compute(later, *_GROUPS)
    automation = Automation(build_definitions(later.settings, {STORAGE: later}), instance, later)
    (request,) = automation.tick("reports")
    automation.create(request)
    assert automation.tick("reports") == []


def test_a_month_that_changes_again_while_it_is_written_is_requested_again(
    june: Storage, instance: dg.DagsterInstance
) -> None:
    """As when many days are rated anew: the first change is reported before the last one is made."""
    later = at(june, _JUNE_5.replace(hour=2))
    automation = Automation(build_definitions(later.settings, {STORAGE: later}), instance, later)
    keys = []
    for name in ("first", "last"):
        lines = [prompt(name, "2026-05-20T09:00:00Z")]
        Landing(june.settings.landing).write("persona", "2026-06-02", lines, name=f"{name}.jsonl")
        land_and_compute(later, *_GROUPS)
        keys.append([request.run_key for request in automation.tick("reports")])
    first, last = keys
    assert (len(first), len(last)) == (1, 1)
    assert first != last
    assert [request.run_key for request in automation.tick("reports")] == last


def test_a_partition_that_somebody_materializes_is_written_whole(automation: Automation) -> None:
    job = automation.definitions.resolve_job_def("monthly_reports")
    result = job.execute_in_process(instance=automation.instance, partition_key="2026-05-01")
    (event,) = result.get_asset_materialization_events()
    assert {name: event.materialization.metadata[name].value for name in ("reports", "files")} == {
        "reports": 2,
        "files": 4,
    }


def test_requests_are_answered_by_one_run(june: Storage, automation: Automation) -> None:
    folder = june.settings.data_dir / "report_requests"
    folder.mkdir()
    for name, request in {"good": _REQUEST, "bad": _REQUEST.replace("acme", "acne")}.items():
        (folder / f"{name}.yaml").write_text(request)
    (request,) = (found for found in automation.tick("reports") if found.job_name == "report_requests")
    assert automation.execute(request).success
    answers = {name: yaml.safe_load((folder / f"{name}.yaml.answer.yaml").read_text()) for name in ("good", "bad")}
    assert {name: answer["status"] for name, answer in answers.items()} == {"good": "done", "bad": "refused"}
    assert [found for found in automation.tick("reports") if found.job_name == "report_requests"] == []


def test_a_request_that_gets_its_earlier_content_back_is_requested_again_on_the_same_day(
    june: Storage, automation: Automation
) -> None:
    """Dagster starts a run key once."""
    file = june.settings.data_dir / "report_requests" / "edited.yaml"
    file.parent.mkdir(exist_ok=True)
    keys = []
    for content in (_REQUEST, _REQUEST.replace("acme", "acne")) * 2:
        file.write_text(content)
        (request,) = (found for found in automation.tick("reports") if found.job_name == "report_requests")
        keys.append(request.run_key)
        assert automation.execute(request).success
    assert len(set(keys)) == len(keys)


def test_a_month_before_the_loaded_calendar_waits_and_requests_are_answered(
    june: Storage, instance: dg.DagsterInstance
) -> None:
    later = at(june, _JUNE_5.replace(hour=2))
    started_empty = later.settings.model_copy(update={"first_day": date(2026, 6, 1)})
    loaded = Automation(build_definitions(started_empty, {STORAGE: later}), instance, later)
    folder = june.settings.data_dir / "report_requests"
    folder.mkdir(exist_ok=True)
    Landing(june.settings.landing).write("persona", "2026-06-03", [prompt("e3", "2026-05-20T09:00:00Z")])
    land_and_compute(later, *_GROUPS)
    assert loaded.tick("reports") == []
    assert loaded.skipped == (
        "No request is pending, and no report of a month is due. Data from 2026-05-01 on waits until the code "
        "location is loaded again: it begins on 2026-06-01"
    )
    (folder / "meanwhile.yaml").write_text(_REQUEST)
    assert [request.job_name for request in loaded.tick("reports")] == ["report_requests"]
    (folder / "meanwhile.yaml").unlink()


def test_a_subscription_is_sent_once(june: Storage, automation: Automation) -> None:
    assert automation.scheduled("monthly_reports", _JUNE_5) == []
    (june.settings.reference / "report_subscriptions.yaml").write_text(_SUBSCRIPTION)
    (request,) = automation.scheduled("monthly_reports", _JUNE_5)
    assert automation.execute(dg.RunRequest(job_name="send_reports", run_config=request.run_config)).success
    with june.warehouse.connect() as connection:
        assert connection.execute(text("SELECT channel FROM usage.outbox")).scalars().all() == [
            "mailto:a@acme.example"
        ]
    assert automation.scheduled("monthly_reports", _JUNE_5) == []


def _report(automation: Automation, **config: Any) -> dg.ExecuteInProcessResult:
    job = automation.definitions.resolve_job_def("report")
    values = {"tenant": "acme", "first": "2026-05-20", "last": "2026-05-21", "formats": ["json"], **config}
    run_config = {"ops": {"write_report": {"config": values}}}
    return job.execute_in_process(run_config, instance=automation.instance, raise_on_error=False)


def test_the_job_writes_the_report_of_its_config(june: Storage, automation: Automation) -> None:
    assert _report(automation).success
    assert (june.settings.data_dir / "reports/acme/2026-05-20_2026-05-21/report.json").is_file()


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"tenant": "acne"}, "did you mean 'acme'?"),
        ({"first": "soon"}, "'soon'"),
        ({"last": "2027-01-01"}, "2027-01-01"),
        ({"formats": ["doc"]}, "'doc'"),
    ],
)
def test_a_wrong_config_fails_and_writes_nothing(
    june: Storage, automation: Automation, config: dict[str, Any], why: str
) -> None:
    before = sorted((june.settings.data_dir / "reports").rglob("*"))
    failed = _report(automation, **config)
    assert why in failed.failure_data_for_node("write_report").error.to_string()
    assert sorted((june.settings.data_dir / "reports").rglob("*")) == before
