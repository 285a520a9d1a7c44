"""`limit_status` and its check in Dagster: what the job refreshes and counts, without a name of anybody."""

import dagster as dg
from sqlalchemy import select

from usage_pipeline.billing.ledger.posting import credit_postings
from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.limits import LIMITS_ARE_KEPT
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.limits.reading import limit, write_limits
from usage_pipeline_tests.support import Landing, land_and_compute, prompt


def test_the_job_counts_the_limits_that_are_over_and_names_nobody(
    storage: Storage, landing: Landing, instance: dg.DagsterInstance
) -> None:
    landing.write("persona", "2026-05-31", [prompt("e1", "2026-05-31T08:00:00Z")])
    land_and_compute(storage, "records", "rollups")
    storage.settings.reference.mkdir(parents=True)
    week = "{rolling_days: 7}"
    write_limits(
        storage, limit("tokens_total", 119, week), limit("tokens_in", 200, week), limit("prompts", 9, week)
    )
    job = build_definitions(storage.settings, {STORAGE: storage}).resolve_job_def("refresh_limits")
    result = job.execute_in_process(instance=instance)
    (materialization, _) = result.asset_materializations_for_node("limit_status_and_alerts")
    (evaluation,) = result.get_asset_check_evaluations()
    assert materialization.metadata["dagster/row_count"].value == 3
    assert (evaluation.asset_check_key, evaluation.passed) == (LIMITS_ARE_KEPT, False)
    assert evaluation.description == "1 of 3 limits is over, 1 more has reached a threshold"
    assert "acme" not in f"{materialization.metadata} {evaluation.metadata}"
    with storage.warehouse.connect() as connection:
        assert connection.execute(select(credit_postings.c.recorded_at)).scalars().all() == [NOW]
