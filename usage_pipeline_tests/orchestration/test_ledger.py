"""The nightly job posts to the ledger, and its check computes every balance again."""

from decimal import Decimal

import dagster as dg
import pytest

from usage_pipeline.billing.ledger.entries import EntryKind
from usage_pipeline.billing.ledger.ledger import append
from usage_pipeline.definitions import build_definitions
from usage_pipeline.orchestration.ledger import LEDGER_IS_BALANCED
from usage_pipeline.orchestration.resources import STORAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.billing.ledger.deployment import RATES, Deployment
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, land_and_compute


@pytest.fixture
def used(storage: Storage, landing: Landing, prepare: Prepare) -> Storage:
    """30 credits of acme, computed and not posted."""

    def deploy() -> None:
        storage.settings.reference.mkdir(parents=True, exist_ok=True)
        deployment = Deployment(storage, landing)
        deployment.write_reference("credit_rates", RATES)
        deployment.use("05-20 08:00", 30)
        land_and_compute(storage, "records", "credits")

    prepare("used", deploy)
    return storage


def post(storage: Storage, instance: dg.DagsterInstance) -> tuple[object, object]:
    """Run the job; the number of rows of the ledger, and of those that are new."""
    job = build_definitions(storage.settings, {STORAGE: storage}).resolve_job_def("close_periods")
    job.execute_in_process(instance=instance, raise_on_error=False)
    (record,) = instance.fetch_materializations(dg.AssetKey("credit_ledger"), limit=1).records
    assert record.asset_materialization
    counts = record.asset_materialization.metadata
    return counts["dagster/row_count"].value, counts["newly_posted"].value


def evaluation(instance: dg.DagsterInstance) -> tuple[bool, object]:
    found = instance.event_log_storage.get_asset_check_summary_records([LEDGER_IS_BALANCED])[LEDGER_IS_BALANCED]
    record = found.last_completed_check_execution_record
    assert record is not None
    assert record.event is not None
    assert record.event.dagster_event is not None
    told = record.event.dagster_event.asset_check_evaluation_data
    return told.passed, told.metadata["observed"].value


def test_the_job_posts_what_the_ledger_lacks(used: Storage, instance: dg.DagsterInstance) -> None:
    assert post(used, instance) == (1, 1)
    assert evaluation(instance) == (True, "0 of 1 tenants differ")
    assert post(used, instance) == (1, 0)


def test_the_check_fails_where_a_row_is_of_nothing(used: Storage, instance: dg.DagsterInstance) -> None:
    post(used, instance)
    with used.warehouse.begin() as connection:
        append(connection, {("acme", EntryKind.TOPUP, "forged", at("05-11")): Decimal(5)}, at("05-11"))
    post(used, instance)
    assert evaluation(instance) == (False, "1 of 1 tenants differ")
