"""The ledger is what grants and usage come to, and only grows."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.billing.ledger.grants import Voiding, void_grant
from usage_pipeline.billing.ledger.posting import post
from usage_pipeline.clock import days_between
from usage_pipeline.credits.rate_store import rerate_credits
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.billing.ledger.deployment import RATES, Deployment
from usage_pipeline_tests.support import Landing, land_and_compute
from usage_pipeline_tests.support import at as at_time

PLANS = """
free: {retention_days: null, monthly_credits: "1000"}
pro: {retention_days: null, monthly_credits: "3100", rollover: {min: "0", max: "500"}}
default: free
"""
GRANTS = """
- {id: topup-1, tenant: acme, kind: topup, amount: "100", effective_at: 2026-05-20T15:00:00Z,
   expires_at: 2026-05-25T15:00:00Z, reason: purchased}
"""
Drop = tuple[str, str, str, Decimal]


def entry(kind: str, grant: str, instant: str, amount: object) -> Drop:
    return kind, grant, instant, Decimal(str(amount))


MAY = entry("allocation", "allocation/2026-05-01", "05-01 00:00", 1000)
END_OF_MAY = ("expiry", "allocation/2026-05-01", "06-01 00:00")
JUNE = entry("allocation", "allocation/2026-06-01", "06-01 00:00", 1000)


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """One with plans."""
    deployment.write_reference("plans", PLANS)
    return deployment


def test_usage_is_posted_by_day_and_what_is_left_expires_with_the_period(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.use("05-10 20:00", 100)
    deployment.use("05-11 09:30", 50)
    deployment.run()
    assert deployment.told() == [
        MAY,
        entry("consumption", "allocation/2026-05-01", "05-10 00:00", -400),
        entry("consumption", "allocation/2026-05-01", "05-11 00:00", -50),
        entry(*END_OF_MAY, -550),
        JUNE,
    ]


def test_usage_is_summed_from_one_boundary_of_a_grant_to_the_next(deployment: Deployment) -> None:
    """1,000 of the plan are used up before the top-up begins at 15:00, in the middle of the day."""
    deployment.write_reference("grants", GRANTS)
    deployment.use("05-20 14:59:59", 1030)
    deployment.use("05-20 15:00:00", 20)
    deployment.use("05-25 14:59:59", 10)
    deployment.use("05-25 15:00:00", 5)
    deployment.run()
    assert deployment.told() == [
        MAY,
        entry("consumption", "allocation/2026-05-01", "05-20 00:00", -1000),
        entry("overage", "", "05-20 00:00", -30),
        entry("topup", "topup-1", "05-20 15:00", 100),
        entry("repayment", "topup-1", "05-20 15:00", -30),
        entry("repayment", "", "05-20 15:00", 30),
        entry("consumption", "topup-1", "05-20 15:00", -20),
        entry("consumption", "topup-1", "05-25 00:00", -10),
        entry("expiry", "topup-1", "05-25 15:00", -40),
        entry("overage", "", "05-25 15:00", -5),
        JUNE,
        entry("repayment", "allocation/2026-06-01", "06-01 00:00", -5),
        entry("repayment", "", "06-01 00:00", 5),
    ]


def test_amounts_of_any_size_are_exact_to_the_last_decimal(deployment: Deployment) -> None:
    deployment.write_reference("grants", GRANTS.replace('"100"', f'"{10**23}"'))
    deployment.write_reference(
        "credit_rates",
        '- {from: 2026-01-01, operations: {persona_prompt: {per_1k_tokens: {default: "0.000001"}}}}',
    )
    deployment.use("05-21 08:00", 1)
    deployment.use("05-21 09:00", 2)
    deployment.run()
    void_grant(deployment.storage, Voiding("acme", "allocation/2026-05-01", at("05-01"), "left", "ann"))
    deployment.run()
    assert deployment.left("05-22") == Decimal("99999999999999999999999.999999997000")


def test_to_post_again_adds_nothing(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    assert deployment.run() == 4
    assert deployment.run() == 0


def test_what_begins_or_ends_within_a_day_is_posted_by_then(deployment: Deployment) -> None:
    deployment.write_reference("grants", GRANTS)
    posted = {
        instant: post(at_time(deployment.storage, at(instant)))
        for instant in ("05-20 14:59", "05-20 15:00", "05-20 18:00", "05-25 14:59", "05-25 15:00", "05-25 18:00")
    }
    assert posted == {
        "05-20 14:59": 0,
        "05-20 15:00": 1,
        "05-20 18:00": 0,
        "05-25 14:59": 0,
        "05-25 15:00": 1,
        "05-25 18:00": 0,
    }


def test_usage_ahead_of_the_clock_is_posted_once_its_time_has_come(deployment: Deployment) -> None:
    deployment.use("05-10 10:30", 300)
    land_and_compute(deployment.storage, "records", "credits")
    posted = [post(at_time(deployment.storage, at(f"05-10 {hour}:00"))) for hour in ("09", "09", "10", "11", "12")]
    assert posted == [1, 0, 0, 1, 0]  # the allocation of the plan, and at 11 the usage


def test_late_usage_of_a_past_day_adds_the_difference(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    deployment.use("05-10 09:00", 20, landed="05-20")
    deployment.run()
    assert deployment.told(recorded=4) == [
        entry("consumption", "allocation/2026-05-01", "05-10 00:00", -20),
        entry(*END_OF_MAY, 20),
    ]


def test_a_void_of_a_record_restores_its_credits(deployment: Deployment) -> None:
    used = deployment.use("05-10 08:00", 300)
    deployment.use("05-10 09:00", 20)
    deployment.run()
    before = deployment.left("05-30")
    deployment.void(used, "05-10")
    deployment.run()
    assert (before, deployment.left("05-30")) == (680, 980)
    assert deployment.told(recorded=4) == [
        entry("consumption", "allocation/2026-05-01", "05-10 00:00", 300),
        entry(*END_OF_MAY, -300),
    ]


def test_a_void_of_a_grant_restores_what_others_had_before(deployment: Deployment) -> None:
    deployment.use("05-22 08:00", 40)
    deployment.run()
    before = deployment.told()
    deployment.write_reference("grants", GRANTS.replace("reason", "priority: 1, reason"))
    deployment.run()
    assert deployment.left("05-23") == 1000 - 40 + 100
    void_grant(deployment.storage, Voiding("acme", "topup-1", at("05-20 15:00"), "by mistake", "ann"))
    deployment.run()
    assert deployment.left("05-23") == 960
    sums: dict[tuple[str, str, str], Decimal] = {}
    for kind, grant, instant, amount in deployment.told():
        sums[kind, grant, instant] = sums.get((kind, grant, instant), Decimal(0)) + amount
    of_topup = {("topup", "topup-1", "05-20 15:00"): 100, ("void", "topup-1", "05-20 15:00"): -100}
    assert {key: amount for key, amount in sums.items() if amount} == {
        **{(kind, grant, instant): amount for kind, grant, instant, amount in before if "05-22" not in instant},
        ("consumption", "allocation/2026-05-01", "05-22 00:00"): -40,
        **of_topup,
    }


def test_a_rerating_adds_the_difference(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    deployment.write_reference("credit_rates", '- {from: 2026-01-01, operations: {persona_prompt: {base: "1"}}}')
    rerate_credits(deployment.storage, days_between(at("05-01").date(), at("05-31").date()))
    deployment.run()
    assert deployment.told(recorded=4) == [
        entry("consumption", "allocation/2026-05-01", "05-10 00:00", 299),
        entry(*END_OF_MAY, -299),
    ]


def test_an_upgrade_within_a_period_ends_the_old_allocation_and_prorates_the_new(deployment: Deployment) -> None:
    """16 of 31 days are left: 1,600 of 3,100. At the end of May at most 500 roll over."""
    deployment.write_reference(
        "tenants", "acme: {plans: [{from: 2026-01-01, plan: free}, {from: 2026-05-16, plan: pro}]}"
    )
    deployment.use("05-10 08:00", 300)
    deployment.use("05-16 00:00", 100)
    deployment.run()
    old, new = "allocation/2026-05-01", "allocation/2026-05-16"
    assert deployment.told() == [
        MAY,
        entry("consumption", old, "05-10 00:00", -300),
        entry("expiry", old, "05-16 00:00", -700),
        entry("allocation", new, "05-16 00:00", 1600),
        entry("consumption", new, "05-16 00:00", -100),
        entry("rollover_out", new, "06-01 00:00", -500),
        entry("expiry", new, "06-01 00:00", -1000),
        entry("allocation", "allocation/2026-06-01", "06-01 00:00", 3100),
        entry("rollover_in", "rollover/2026-06-01", "06-01 00:00", 500),
    ]


def test_an_edit_of_plans_changes_no_allocation_that_was_posted(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    deployment.write_reference("plans", PLANS.replace('"1000"', '"9"'))
    deployment.run()
    assert deployment.told(recorded=4) == []
    later = replace(deployment.storage, settings=_in(deployment.storage, "07-02"))
    post(later)
    assert deployment.told(recorded=4) == [
        entry("expiry", "allocation/2026-06-01", "07-01 00:00", -1000),
        entry("allocation", "allocation/2026-07-01", "07-01 00:00", 9),
    ]


def _in(storage: Storage, instant: str) -> object:
    return storage.settings.model_copy(update={"now": at(instant)})


def test_usage_that_is_gone_takes_a_tenant_out_of_the_sums(deployment: Deployment) -> None:
    used = deployment.use("05-10 08:00", 300, "globex")
    deployment.use("05-10 08:00", 1)
    deployment.run()
    deployment.void(used, "05-10", "globex")
    deployment.run()
    sums = deployment.balance("05-30", "globex").totals
    assert (sums.used, sums.balance) == (0, 0)


STEPS: list[Callable[[Deployment], object]] = [
    lambda deployment: deployment.use("05-10 08:00", 600, landed="05-26"),
    lambda deployment: deployment.use("05-20 16:00", 500, landed="05-26"),
    lambda deployment: deployment.use("04-30 23:59:59", 70, landed="05-26"),
    lambda deployment: deployment.write_reference("grants", GRANTS),
    lambda deployment: deployment.run(),
]


@pytest.fixture(scope="module")
def in_order() -> dict[str, object]:
    """What the ledger comes to when everything is known before it is first posted."""
    return {}


@checked(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(STEPS))))
def test_balances_do_not_depend_on_the_order_of_arrival(
    new_settings: Callable[..., object],
    open_on: Callable[..., object],
    tmp_path_factory: pytest.TempPathFactory,
    in_order: dict[str, object],
    order: list[int],
) -> None:
    reference = tmp_path_factory.mktemp("reference")
    settings = new_settings(reference_dir=reference)
    with open_on(settings) as storage:  # type: ignore[attr-defined]  # a context
        deployment = Deployment(storage, Landing(storage.settings.landing))
        deployment.write_reference("plans", PLANS)
        deployment.write_reference("credit_rates", RATES)
        deployment.write_reference("tenants", "acme: {}")
        for index in order:
            STEPS[index](deployment)
        deployment.run()
        sums: dict[tuple[str, str, str], Decimal] = {}
        for kind, grant, instant, amount in deployment.told():
            sums[kind, grant, instant] = sums.get((kind, grant, instant), Decimal(0)) + amount
        found = {key: amount for key, amount in sums.items() if amount}
    assert in_order.setdefault("sums", found) == found
