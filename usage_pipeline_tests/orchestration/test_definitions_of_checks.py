"""What Dagster shows of checks before anything runs: of which assets they are, and which jobs run them."""

from pathlib import Path

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from usage_pipeline.definitions import build_definitions
from usage_pipeline.settings import Settings

CHECKS = {
    "landing_folder": {"files_are_in_place"},
    "formats": {"is_valid"},
    "prices": {"is_valid"},
    "credit_rates": {"is_valid"},
    "grants": {"is_valid"},
    "tenants": {"is_valid"},
    "limits": {"is_valid"},
    "alert_channels": {"is_valid"},
    "channels": {"is_valid"},
    "report_subscriptions": {"is_valid"},
    "holidays": {"is_valid"},
    "landed_events": {
        *("lines_add_up", "files_are_usable", "columns_are_there", "something_landed", "as_much_as_usual"),
        *("keys_are_filled", "types_are_known", "models_are_known", "latencies_are_plausible"),
        *("tokens_are_plausible", "few_lines_are_rejected", "totals_are_input_plus_output"),
    },
    "usage_records": {
        *("lines_are_accounted_for", "ids_are_of_one_day", "voids_have_targets", "columns_are_there"),
        *("something_was_used", "as_much_as_usual", "ids_are_unique", "keys_are_filled", "happened_on_the_day"),
        *("tokens_add_up", "counts_are_not_negative"),
    },
    "daily_usage": {"totals_are_those_of_the_records"},
    "usage_quarter_hours": {"totals_are_those_of_the_records"},
    "conversations": {"totals_are_those_of_the_records"},
    "token_series": {"totals_are_those_of_the_records"},
    "message_series": {"totals_are_those_of_the_records"},
    "conversation_series": {"totals_are_those_of_the_records"},
    "daily_breakdown": {"totals_are_those_of_the_records", "metered_once"},
    "tenant_costs": {"costs_add_up", "tokens_are_priced", "periods_close"},
    "cost_drift": {"reported_costs_are_plausible"},
    "credit_ledger": {"ledger_is_balanced"},
    "limit_status": {"limits_are_kept"},
    "outbox": {"messages_are_delivered"},
}


def test_the_checks_of_each_asset(graph: AssetGraph) -> None:
    found: dict[str, set[str]] = {}
    for key in graph.asset_check_keys:
        found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
    assert found == CHECKS


def test_the_jobs_run_the_checks_of_their_assets(definitions: dg.Definitions) -> None:
    steps = {
        name: {node.name for node in definitions.resolve_job_def(name).nodes if node.name.endswith("_checks")}
        for name in ("landing_days", "event_days")
    }
    assert steps == {
        "landing_days": {"landing_day_checks", "landed_events_suite_checks"},
        "event_days": {"event_day_checks", "usage_records_suite_checks"},
    }


def test_a_broken_suite_leaves_the_definitions_whole(tmp_path: Path) -> None:
    (tmp_path / "usage_records.yaml").write_text("mine: 7")
    found = build_definitions(Settings.load(suites_dir=tmp_path)).resolve_asset_graph().asset_check_keys
    assert len(found) == sum(map(len, CHECKS.values()))


def test_an_own_check_is_a_check_of_the_asset(tmp_path: Path) -> None:
    (tmp_path / "usage_records.yaml").write_text("busy: {description: Busy., expect: rows, at_least: 9}")
    found = build_definitions(Settings.load(suites_dir=tmp_path)).resolve_asset_graph().asset_check_keys
    assert dg.AssetCheckKey(dg.AssetKey("usage_records"), "busy") in found
