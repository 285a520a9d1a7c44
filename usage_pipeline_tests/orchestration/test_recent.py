"""What asset pages show of the last days: charts, rejects by reason, folders; and whose names they never show."""

import json
from typing import Any

import dagster as dg
import pytest
from dagster._serdes import pack_value

from usage_pipeline.orchestration.execution import DagsterRunner
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline_tests.orchestration.asking import DAYS, KEYS, metadata
from usage_pipeline_tests.orchestration.conftest import Ran
from usage_pipeline_tests.support import Landing, prompt

CHART = "last_90_days"
REJECTS = "rejects_of_30_days"
TENANT, MEMBER = "tenant-whom-nobody-names", "member-whom-nobody-names"


def words_below_the_chart(chart: object) -> str:
    return str(chart).rpartition("\n")[2]


@pytest.mark.parametrize(
    ("asset", "summary"),
    [
        ("token_series", "720 in 3 of 90 days; most on 2026-05-03: 360; 2026-05-03: 360."),
        ("message_series", "12 in 3 of 90 days; most on 2026-05-03: 6; 2026-05-03: 6."),
        ("usage_records", "6 in 3 of 90 days; most on 2026-05-03: 3; 2026-05-03: 3."),
        ("landed_events", "7 in 3 of 90 days; most on 2026-05-03: 4; 2026-05-03: 4."),
    ],
)
def test_the_last_partition_of_a_range_has_a_chart_of_the_days(ran: Ran, asset: str, summary: str) -> None:
    found = metadata(ran.instance, asset, CHART)
    assert {day: words_below_the_chart(chart) for day, chart in found.items()} == {KEYS[-1]: summary}


@pytest.mark.usefixtures("three_days")
def test_the_chart_of_a_past_day_computed_anew_shows_the_newest_days_all_the_same(
    runner: DagsterRunner, instance: dg.DagsterInstance
) -> None:
    runner.land(DAYS)
    runner.compute(["excluded_events", "usage_records"], DAYS)
    runner.compute(["usage_records"], DAYS[:1])
    assert words_below_the_chart(metadata(instance, "usage_records", CHART)[KEYS[0]]) == (
        "6 in 3 of 90 days; most on 2026-05-03: 3; 2026-05-03: 3."
    )


def test_the_last_landing_day_of_a_range_tells_why_lines_were_rejected(
    runner: DagsterRunner, instance: dg.DagsterInstance, landing: Landing
) -> None:
    good = prompt("e1", f"{KEYS[0]}T08:00:00Z")
    landing.write("persona", KEYS[0], [good, "no JSON", "nor this", {**good, "tokensIn": "many"}])
    landing.write("persona", KEYS[1], [prompt("e2", f"{KEYS[1]}T08:00:00Z"), "no JSON"])
    runner.land(DAYS[:2])
    assert metadata(instance, "landed_events", REJECTS) == {
        KEYS[1]: (
            "Rejected lines of the landing days 2026-04-03 to 2026-05-02\n"
            "\n"
            "| Reason | Lines | Files | Meaning |\n"
            "|---|---:|---:|---|\n"
            "| `malformed_json` | 3 | 2 | The line is not valid JSON, or cut off |\n"
            "| `invalid_tokens_in` | 1 | 1 | A value is not of the expected form |\n"
            "\n"
            "`usage-pipeline rejects` shows the lines."
        )
    }


def test_rejects_of_landing_days_more_than_30_days_ago_are_not_told(
    runner: DagsterRunner, instance: dg.DagsterInstance, landing: Landing
) -> None:
    landing.write("persona", "2026-04-01", [prompt("e1", "2026-04-01T08:00:00Z"), "no JSON"])
    runner.land([DAYS[0].replace(month=4)])
    landing.write("persona", KEYS[0], [prompt("e2", f"{KEYS[0]}T08:00:00Z")])
    runner.land(DAYS[:1])
    assert metadata(instance, "landed_events", REJECTS)[KEYS[0]] == (
        "Rejected lines of the landing days 2026-04-02 to 2026-05-01\n\nNone."
    )


def test_a_landing_day_leads_to_the_folder_of_each_of_its_sources(
    runner: DagsterRunner, instance: dg.DagsterInstance, landing: Landing
) -> None:
    landing.write("persona", KEYS[0], [], tenant="acme")
    landing.write("void", KEYS[1], [])
    runner.land(DAYS)
    folders = {source: metadata(instance, "landed_events", f"{source}_files") for source in ("persona", "void")}
    assert folders == {
        "persona": {"2026-05-01": "landing/persona/2026-05-01"},
        "void": {"2026-05-02": "landing/void/2026-05-02"},
    }


def told(instance: dg.DagsterInstance) -> str:
    """Every materialization and every tag of every run, as text."""
    materializations: list[Any] = [
        pack_value(record.event_log_entry.dagster_event)
        for key in instance.all_asset_keys()
        for record in instance.fetch_materializations(key, limit=100).records
    ]
    return json.dumps([materializations, [run.tags for run in instance.get_runs()]], default=str)


def test_neither_metadata_nor_run_tags_name_a_tenant_or_a_member(
    runner: DagsterRunner, instance: dg.DagsterInstance, landing: Landing
) -> None:
    line = prompt("e1", f"{KEYS[0]}T08:00:00Z", tenantId=TENANT, userId=MEMBER)
    landing.write("persona", KEYS[0], [line, {**line, "tokensIn": -1}], tenant=TENANT, name=f"{TENANT}.jsonl")
    runner.land(DAYS[:1])
    runner.compute([table.name for table in DAILY_TABLES], DAYS[:1])
    assert "invalid_tokens_in" in told(instance)
    assert TENANT not in told(instance)
    assert MEMBER not in told(instance)
