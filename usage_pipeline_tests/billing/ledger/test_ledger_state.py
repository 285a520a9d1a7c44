"""How the ledger stands to grants and usage, and what its rows say of each day."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from usage_pipeline.billing.ledger.entries import EntryKind
from usage_pipeline.billing.ledger.ledger import append, balances_by_day
from usage_pipeline.billing.ledger.posting import LedgerState, ledger_state
from usage_pipeline.clock import days_between
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.billing.ledger.deployment import Deployment
from usage_pipeline_tests.support import land_and_compute


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """One whose plan grants a thousand credits a month."""
    deployment.write_reference("plans", 'free: {retention_days: null, monthly_credits: "1000"}\ndefault: free\n')
    return deployment


def test_the_state_of_the_ledger_counts_tenants_that_are_not_posted_yet(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.use("05-10 08:00", 300, "globex")
    deployment.run()
    deployment.use("05-10 09:00", 20, landed="05-20")
    land_and_compute(deployment.storage, "records", "credits")
    assert ledger_state(deployment.storage) == LedgerState(tenants=2, apart=1, unbalanced=1)


def test_a_row_that_nobody_posted_shows_in_the_state_and_is_taken_back(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    with deployment.storage.warehouse.begin() as connection:
        append(connection, {("acme", EntryKind.TOPUP, "forged", at("05-11")): Decimal(5)}, at("05-11"))
    assert ledger_state(deployment.storage) == LedgerState(tenants=1, apart=1, unbalanced=1)
    deployment.use("05-12 08:00", 1)
    deployment.run()
    assert ("topup", "forged", "05-11 00:00", Decimal(-5)) in deployment.told()


def test_what_is_left_at_the_end_of_each_day_is_a_running_sum_without_overage(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.use("05-11 08:00", 900)
    deployment.run()
    days = days_between(date(2026, 5, 9), date(2026, 5, 11))
    with deployment.storage.warehouse.connect() as connection:
        assert list(balances_by_day(connection, days).values()) == [1000, 700, 0]


def test_the_time_of_recording_and_the_instant_are_both_kept(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    with deployment.storage.warehouse.connect() as connection:
        rows = connection.exec_driver_sql("SELECT effective_at, recorded_at FROM usage.credit_ledger").all()
    assert {recorded for _, recorded in rows} == {datetime.fromisoformat("2026-06-01T00:00:00+00:00")}
    assert min(effective for effective, _ in rows) == at("05-01")
