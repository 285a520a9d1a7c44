"""The balance at any instant, grant by grant."""

from dataclasses import replace
from decimal import Decimal

import pytest

from usage_pipeline.billing.ledger.balance import read_balance, read_balances
from usage_pipeline.billing.ledger.posting import post
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.storage.kept_rows import READINGS, KeptRows
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.billing.ledger.deployment import Deployment
from usage_pipeline_tests.support import tables_in_memory

DAILY = "".join(
    f'- {{id: day-{day}, tenant: acme, kind: topup, amount: "100", effective_at: 2026-05-{day}T00:00:00Z, '
    f"expires_at: 2026-05-{day + 1}T00:00:00Z, reason: daily}}\n"
    for day in (20, 21)
)
AT_NINE = '- {id: nine, tenant: acme, kind: topup, amount: "50", effective_at: 2026-05-20T09:00:00Z, reason: x}\n'


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """100 credits every day, and 120 used at 01:00."""
    deployment.write_reference("grants", DAILY)
    deployment.use("05-20 01:00", 120)
    deployment.run()
    return deployment


def test_the_balance_is_right_to_the_second(deployment: Deployment) -> None:
    """OpenMeter: 100 every day, 120 used at 01:00: at 01:00 on the next day 80 are left."""
    found = {
        instant: deployment.left(instant)
        for instant in ("05-19 23:59:59", "05-20 00:00", "05-20 01:00:00", "05-20 01:00:01", "05-21 01:00")
    }
    assert found == {
        "05-19 23:59:59": 0,
        "05-20 00:00": 100,
        "05-20 01:00:00": 100,
        "05-20 01:00:01": -20,
        "05-21 01:00": 80,
    }


def test_it_is_explained_grant_by_grant(deployment: Deployment) -> None:
    balance = deployment.balance("05-21 01:00")
    assert [(grant.grant_id, grant.granted, grant.used, grant.gone, grant.left) for grant in balance.grants] == [
        ("day-21", 100, 20, 0, 80),
        ("day-20", 100, 100, 0, 0),
    ]
    assert (balance.grants[0].effective_at, balance.grants[0].expires_at) == (at("05-21"), at("05-22"))
    assert (balance.totals.used, balance.totals.repaid, balance.totals.open_overage) == (120, 20, 0)


def test_the_sums_of_all_tenants_are_those_of_each(deployment: Deployment) -> None:
    deployment.use("05-20 12:00", 7, "globex")
    deployment.run()
    found = read_balances(deployment.storage, at("05-21 01:00"))
    assert {tenant: (sums.used, sums.left) for tenant, sums in found.items()} == {
        "acme": (120, 80),
        "globex": (7, -7),
    }
    assert found["acme"] == deployment.balance("05-21 01:00").totals


def test_the_ledger_has_the_same_balance_at_the_boundaries(deployment: Deployment) -> None:
    for instant in ("05-20 00:00", "05-21 00:00", "05-22 00:00"):
        of_ledger = sum(entry.amount for entry in deployment.entries() if entry.effective_at <= at(instant))
        usage_from_there = sum(
            entry.amount
            for entry in deployment.entries()
            if entry.effective_at == at(instant) and entry.kind in {"consumption", "overage"}
        )
        assert deployment.left(instant) == of_ledger - usage_from_there


def test_a_record_is_explained_with_what_paid_for_it(deployment: Deployment) -> None:
    """20 of the 120 were overage, which the next grant repaid later."""
    (line,) = explain(deployment.storage, "acme-05-20-0100-120")
    assert line.credits is not None
    assert (line.credits.credits, line.credits.unrated) == (120, "")
    assert [(payment.grant_id, payment.amount) for payment in line.paid_by] == [("day-20", 100), ("", 20)]


def test_a_record_is_paid_by_the_grant_that_was_next_at_its_second(deployment: Deployment) -> None:
    deployment.use("05-21 09:00", 30)
    deployment.use("05-21 09:00:01", 10)
    deployment.run()
    (line,) = explain(deployment.storage, "acme-05-21-090001-10")
    assert [(payment.grant_id, payment.amount) for payment in line.paid_by] == [("day-21", 10)]


def test_a_balance_needs_no_posting(deployment: Deployment) -> None:
    posted = len(deployment.entries())
    deployment.use("05-21 02:00", 10, landed="05-22")
    assert deployment.left("05-21 03:00") == 80
    deployment.run()
    assert (deployment.left("05-21 03:00"), len(deployment.entries()) > posted) == (70, True)


def test_a_tenant_without_anything_has_a_balance_of_nothing(deployment: Deployment) -> None:
    balance = deployment.balance("05-21", "nobody")
    assert (balance.grants, balance.totals.balance) == ([], Decimal(0))


def test_the_balance_outlives_the_records(deployment: Deployment) -> None:
    before = deployment.balance("05-21 01:00")
    for path in (deployment.storage.settings.data_dir / "lake").rglob("*.parquet"):
        path.unlink()
    assert deployment.balance("05-21 01:00") == before
    assert post(deployment.storage) == 0


def test_a_server_has_the_same_balances_from_what_it_keeps_of_each_day(deployment: Deployment) -> None:
    """Also where a grant begins and an instant is within a day, and after more was used."""
    deployment.write_reference("grants", f"{DAILY}{AT_NINE}")
    deployment.use("05-20 10:00", 30)
    deployment.use("05-20 12:00", 7, "globex")
    deployment.run()
    storage, instants = deployment.storage, [at(day) for day in ("05-20 09:00", "05-20 10:00:01", "05-21 01:00")]
    served, of_others = replace(storage, kept=KeptRows()), tables_in_memory(storage)
    for _ in range(2):
        for instant in instants * READINGS:
            assert read_balances(served, instant) == read_balances(storage, instant)
            assert read_balance(served, "acme", instant) == read_balance(storage, "acme", instant)
        assert tables_in_memory(storage) - of_others, "of the days' sums"
        deployment.use("05-20 11:00", 5)
        deployment.run()
