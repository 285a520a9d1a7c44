from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.ledger.allocations import PlanRun, Terms, plan_runs, resets
from usage_pipeline.clock import days_between
from usage_pipeline.tenants.models import Plan, Tenant, Tenants
from usage_pipeline_tests.billing.ledger.accounts import at

PLANS = {
    "free": Plan.model_validate({"retention_days": 90, "monthly_credits": "1000"}),
    "pro": Plan.model_validate(
        {"retention_days": 90, "monthly_credits": "50000", "rollover": {"min": "0", "max": "50000"}}
    ),
}
TERMS = {name: Terms.of(plan) for name, plan in PLANS.items()}


def tenants(plans: Sequence[tuple[str, str]], anchor: int = 1) -> Tenants:
    written = [{"from": first, "plan": plan} for first, plan in plans]
    tenant = Tenant.model_validate({"plans": written, "billing_anchor_day": anchor})
    return Tenants(PLANS, "free", {"acme": tenant})


def runs(of: Tenants, first: str, until: str, closed: Any = None) -> list[PlanRun]:
    return list(plan_runs(of, "acme", date.fromisoformat(first), date.fromisoformat(until), closed or {}))


def allocated(found: Sequence[PlanRun]) -> list[tuple[str, str, Decimal]]:
    """First day, first day after it, and credits of each allocation."""
    grants = [run.allocation(TERMS[run.plan]) for run in found]
    return [(f"{grant.starts_at:%m-%d}", f"{grant.ends_at:%m-%d}", grant.amount) for grant in grants]


def test_each_period_begins_with_the_credits_of_its_plan() -> None:
    found = runs(tenants([("2026-01-01", "free")]), "2026-01-01", "2026-03-31")
    assert allocated(found) == [("01-01", "02-01", 1000), ("02-01", "03-01", 1000), ("03-01", "04-01", 1000)]


def test_an_upgrade_within_a_period_ends_the_allocation_and_adds_one_by_the_seconds_left() -> None:
    """16 days of the 31 of March are left on the 16th."""
    found = runs(tenants([("2026-01-01", "free"), ("2026-03-16", "pro")]), "2026-03-01", "2026-04-01")
    assert allocated(found) == [
        ("03-01", "03-16", 1000),
        ("03-16", "04-01", Decimal("25806.451612903226")),
        ("04-01", "05-01", 50000),
    ]
    assert TERMS["pro"].monthly_credits * 16 / 31 == pytest.approx(Decimal("25806.451612903226"))


def test_an_upgrade_on_the_first_day_of_a_period_is_no_change_within_it() -> None:
    found = runs(tenants([("2026-01-01", "free"), ("2026-03-01", "pro")]), "2026-02-01", "2026-03-31")
    assert allocated(found) == [("02-01", "03-01", 1000), ("03-01", "04-01", 50000)]


def test_the_same_plan_written_again_changes_nothing() -> None:
    found = runs(tenants([("2026-01-01", "free"), ("2026-03-10", "free")]), "2026-03-01", "2026-03-31")
    assert allocated(found) == [("03-01", "04-01", 1000)]


def test_an_upgrade_that_has_not_come_shortens_the_allocation_and_allocates_nothing() -> None:
    found = runs(tenants([("2026-01-01", "free"), ("2026-03-16", "pro")]), "2026-03-01", "2026-03-15")
    assert allocated(found) == [("03-01", "03-16", 1000)]


@pytest.mark.parametrize(
    ("anchor", "year", "first_days"),
    [
        (29, 2026, ["01-29", "02-28", "03-29", "04-29"]),
        (30, 2026, ["01-30", "02-28", "03-30", "04-30"]),
        (31, 2026, ["01-31", "02-28", "03-31", "04-30"]),
        (29, 2028, ["01-29", "02-29", "03-29", "04-29"]),
        (31, 2028, ["01-31", "02-29", "03-31", "04-30"]),
    ],
)
def test_anchor_days_29_to_31_clamp_to_the_end_of_the_month(anchor: int, year: int, first_days: list[str]) -> None:
    of = tenants([(f"{year}-01-01", "free")], anchor)
    found = allocated(runs(of, f"{year}-01-{anchor}", f"{year}-04-30"))
    assert [first for first, _, _ in found] == first_days
    assert {amount for _, _, amount in found} == {1000}
    assert [end for _, end, _ in found[:-1]] == first_days[1:]


def test_a_closed_period_stays_as_it_was_when_the_anchor_day_changes() -> None:
    march = BillingPeriod(date(2026, 3, 1), date(2026, 3, 31))
    of = tenants([("2026-01-01", "free")], anchor=15)
    found = allocated(runs(of, "2026-03-01", "2026-05-15", {march.first: march}))
    assert found == [("03-01", "04-01", 1000), ("04-01", "05-15", 1000), ("05-15", "06-15", 1000)]


def test_what_is_left_rolls_over_by_the_plan_at_the_end_of_the_period() -> None:
    found = runs(tenants([("2026-01-01", "free"), ("2026-03-16", "pro")]), "2026-02-01", "2026-04-30")
    terms = {run.key: TERMS[run.plan] for run in found}
    (only,) = resets(found, terms)
    assert (only.at, only.maximum, only.ends_at) == (at("04-01"), 50000, at("05-01"))


changes = st.tuples(st.dates(date(2027, 10, 1), date(2028, 6, 1)), st.sampled_from(["free", "pro"]))


@given(st.integers(1, 31), st.lists(changes, max_size=4), st.dates(date(2027, 11, 1), date(2028, 5, 31)))
def test_every_day_is_of_one_run_on_its_plan(anchor: int, planned: list[tuple[date, str]], first: date) -> None:
    of = tenants([(str(day), plan) for day, plan in dict(planned).items()], anchor)
    until = first + timedelta(days=120)
    found = list(plan_runs(of, "acme", first, until, {}))
    days = [day for run in found for day in days_between(run.first, run.last)]
    assert days[: (until - first).days + 1] == days_between(first, until)
    assert all(of.plan_of("acme", day) == run.plan for run in found for day in (run.first, run.last))
    for run in found:
        share = run.allocation(TERMS[run.plan]).amount / TERMS[run.plan].monthly_credits
        assert 0 < share <= 1
        assert (share == 1) == (run.first == run.period.first)
