"""The tables of insights in Dagster: days, row counts and charts, without a name of anybody."""

from collections.abc import Callable
from datetime import date

import dagster as dg
import pytest

from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.steady import AS_OF, fill


@pytest.fixture(scope="module")
def steady(open_filled: Callable[..., Storage]) -> Storage:
    """Nine weeks of a tenant that uses the same every week, and much on the last day."""
    return open_filled(fill, first_day=date(2026, 1, 1))


def test_the_job_makes_days_that_are_over_and_charts_them(steady: Storage, instance: dg.DagsterInstance) -> None:
    job = build_definitions(steady.settings, {STORAGE: steady}).resolve_job_def("insight_days")
    result = job.execute_in_process(instance=instance, partition_key=str(AS_OF))
    made = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    counts = {name: found.metadata["dagster/partition_row_count"].value for name, found in made.items()}
    assert counts == {
        "usage_trends": 24,
        "usage_anomalies": 8,
        "usage_forecasts": 360,
        "recommendations": 0,
        "forecast_accuracy": 0,
        "limit_outlooks": 0,
    }
    shown = made["usage_forecasts"].metadata["chart"].value
    assert "tokens_total expected, all tenants, 2026-06-01 to 2026-06-30" in str(shown)
    assert "acme" not in str([found.metadata for found in made.values()])


def test_a_table_can_be_made_alone(steady: Storage, instance: dg.DagsterInstance) -> None:
    assets = build_definitions(steady.settings, {STORAGE: steady}).resolve_asset_graph().assets_defs
    result = dg.materialize(
        assets,
        selection="usage_trends",
        instance=instance,
        partition_key=str(AS_OF),
        resources={STORAGE: steady},
    )
    made = result.asset_materializations_for_node("insights")
    assert [found.asset_key.to_user_string() for found in made] == ["usage_trends"]
