"""The checks of the files that people edit: evaluated by a sensor when a file changes, without a run."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from usage_pipeline.orchestration.inputs import validities
from usage_pipeline.settings import Settings
from usage_pipeline_tests.orchestration.automation.conftest import DAYS, Automation

ALL_PASS = [("is_valid", True)] * 10


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    folder = tmp_path / "reference"
    folder.mkdir()
    return folder


@pytest.fixture
def formats(tmp_path: Path) -> Path:
    folder = tmp_path / "formats"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(new_settings: Callable[..., Settings], reference: Path, formats: Path) -> Settings:
    return new_settings(reference_dir=reference, formats_dir=formats, first_day=DAYS[0])


def told(settings: Settings) -> dict[str, tuple[bool, str | None]]:
    found = validities(settings)
    return {each.asset_key.to_user_string(): (each.passed, each.description) for each in found}


def test_the_sensor_evaluates_them_once_and_again_when_a_file_changes(
    automation: Automation, reference: Path
) -> None:
    assert (automation.tick("arrivals"), automation.evaluated[1:]) == ([], ALL_PASS)
    assert (automation.tick("arrivals"), automation.evaluated) == ([], [])
    (reference / "prices.yaml").write_text("- {id: one}")
    assert automation.tick("arrivals") == []
    assert automation.evaluated == [("is_valid", number != 1) for number in range(10)]
    (reference / "prices.yaml").unlink()
    assert (automation.tick("arrivals"), automation.evaluated) == ([], ALL_PASS)


def test_locks_of_editors_are_no_files_and_a_link_that_leads_nowhere_fails_no_look(
    automation: Automation, reference: Path, formats: Path
) -> None:
    automation.tick("arrivals")
    for folder in (reference, formats):
        (folder / ".#limits.yaml").symlink_to("ann@desk.4711:1796000000")
    assert (automation.tick("arrivals"), automation.evaluated) == ([], [])
    (formats / "mine.yaml").symlink_to("gone.yaml")
    assert automation.tick("arrivals") == []
    assert automation.evaluated == [("is_valid", number != 0) for number in range(10)]


@pytest.mark.usefixtures("four_days")
def test_a_sensor_that_needs_a_broken_file_names_it_and_goes_on_once_it_is_mended(
    automation: Automation, reference: Path
) -> None:
    (reference / "tenants.yaml").mkdir()
    (reference / "plans.yaml").write_text("large: {}\ndefault: large\n", encoding="utf-16")
    assert automation.tick("gap_filler") == []
    assert str(automation.skipped).startswith(f"{reference / 'plans.yaml'}: not valid YAML: ")
    (reference / "plans.yaml").unlink()
    assert automation.tick("gap_filler") == []
    assert automation.skipped == "tenants.yaml is broken; `usage-pipeline doctor` says where"
    (reference / "tenants.yaml").rmdir()
    assert len(automation.tick("gap_filler")) == 1


def test_a_check_that_passes_says_what_the_files_hold(settings: Settings, reference: Path) -> None:
    (reference / "tenants.yaml").write_text("acme: {}")
    found = told(settings)
    assert found["prices"] == (True, "0 before those of the catalogue")
    assert found["tenants"] == (True, "1 tenant, 1 plan")


def test_a_broken_entry_is_named(settings: Settings, reference: Path, formats: Path) -> None:
    prices, plans, mine = reference / "prices.yaml", reference / "plans.yaml", formats / "mine.yaml"
    rates = reference / "credit_rates.yaml"
    prices.write_text("- {id: one, provider: p, model: m, from: soon}")
    plans.write_text("large: {retention_days: many}")
    rates.write_text("- {from: 2026-01-01, operations: {agent_run: {base: 1}}}")
    (reference / "grants.yaml").write_text("- {id: acme-1, tenant: acme}")
    (reference / "limits.yaml").write_text("- {id: acme-tokens}")
    (reference / "alerts.yaml").write_text("run_failed: {chanels: [ops]}")
    (reference / "channels.yaml").write_text("ops: {type: email, to: ann@acme.example}")
    (reference / "report_subscriptions.yaml").write_text("- {id: acme-monthly}")
    (reference / "holidays.yaml").write_text("- {day: 2026-12-25}")
    mine.write_text("name: other")
    found = told(settings)
    assert {name: passed for name, (passed, _) in found.items()} == dict.fromkeys(found, False)
    assert str(found["prices"][1]).startswith(f"{prices}: one: from: expected a day, YYYY-MM-DD, found 'soon'.")
    assert str(found["credit_rates"][1]).startswith(
        f"{rates}: from 2026-01-01: operations.agent_run.base: expected "
    )
    assert found["grants"][1] == "grants.yaml is broken; `usage-pipeline doctor` says where"
    assert str(found["tenants"][1]).startswith(f"{plans}: large: retention_days: expected ")
    assert str(found["alert_channels"][1]).startswith(
        f"{reference / 'alerts.yaml'}: run_failed: chanels: there is no such key"
    )
    assert found["formats"][1] == f"{mine}: name: a format has the name of its file; remove the key."


def test_tenants_are_not_named_as_dagster_keeps_what_it_shows(settings: Settings, reference: Path) -> None:
    (reference / "tenants.yaml").write_text("acme: {plans: [{plan: nowhere, from: 2026-01-01}]}")
    (reference / "limits.yaml").write_text("- {id: acme-tokens}")
    (reference / "channels.yaml").write_text("ops: {type: email, to: ann@acme.example}")
    found = told(settings)
    for name in ("tenants", "limits", "channels"):
        assert found[name] == (False, f"{name}.yaml is broken; `usage-pipeline doctor` says where")


def test_the_check_can_be_run_in_the_ui_too(automation: Automation, reference: Path) -> None:
    (reference / "prices.yaml").write_text("- {id: one}")
    key = dg.AssetCheckKey(dg.AssetKey("prices"), "is_valid")
    job = automation.definitions.resolve_implicit_global_asset_job_def()
    result = job.get_subset(asset_check_selection={key}).execute_in_process(instance=automation.instance)
    (evaluation,) = result.get_asset_check_evaluations()
    assert (evaluation.check_name, evaluation.passed) == ("is_valid", False)
