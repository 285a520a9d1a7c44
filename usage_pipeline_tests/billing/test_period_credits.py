"""The credits of a period by grant: it opens with what the one before closed with, also after late usage."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from usage_pipeline.billing.calendar import BillingPeriod
from usage_pipeline.billing.closing import Closing, close
from usage_pipeline.billing.ledger.burn_down import Account, Usage, burn_down
from usage_pipeline.billing.ledger.entries import NOTHING, EntryKind
from usage_pipeline.billing.period_credits import (
    AMOUNTS,
    CreditLine,
    PeriodCredits,
    PlanTerms,
    continued,
    credit_lines,
)
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.accounts import entries_of, grant, used
from usage_pipeline_tests.billing.ledger.deployment import RATES, Deployment
from usage_pipeline_tests.billing.ledger.test_burn_down_properties import END, accounts, usages
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing

MAY = BillingPeriod(date(2026, 5, 1), date(2026, 5, 31))
THIRDS = [BillingPeriod(date(2026, 1, first), date(2026, 1, last)) for first, last in ((1, 8), (9, 16), (17, 25))]
PLANS = """
adjusting:
  retention_days: null
  monthly_credits: "100"
  rollover: {min: "0", max: "20"}
  late_usage: next_period
  price: {amount: "9.50", currency: USD}
restating: {retention_days: null, monthly_credits: "100", overage: allow, late_usage: restate}
default: restating
"""


def told(lines: Sequence[CreditLine]) -> dict[str, dict[str, int]]:
    """By grant, the columns in which something is, and what is left."""
    return {
        line.grant_id: {
            **{name: int(value) for name, value in asdict(line).items() if name in AMOUNTS and value},
            "closing": int(line.closing),
        }
        for line in lines
    }


def test_a_grant_has_what_it_paid_and_repaid_and_the_overage_the_rest() -> None:
    """The worked example of the document."""
    account = Account(
        [
            grant("allocation/2026-05-01", 1000, "05-01", "06-01", kind=EntryKind.ALLOCATION),
            grant("topup-1", 100, "05-20 15:00", "05-25 15:00", priority=50),
        ]
    )
    usage = [used("05-20 14:59", 1030), used("05-20 15:00", 20), used("05-25 15:00", 5)]
    assert told(credit_lines(entries_of(account, usage), MAY)) == {
        "allocation/2026-05-01": {"granted": 1000, "used": 1000, "closing": 0},
        "topup-1": {"granted": 100, "used": 50, "expired": 50, "closing": 0},
        "": {"used": 5, "closing": -5},
    }


@given(accounts(), usages)
def test_each_period_opens_with_what_the_one_before_closed_with(account: Account, usage: Sequence[Usage]) -> None:
    burned = burn_down(account, usage, END)
    periods = [PeriodCredits(credit_lines(burned.entries, period)) for period in THIRDS]
    closings: dict[str, Decimal] = {}
    for period, found in zip(THIRDS, periods, strict=True):
        assert {line.grant_id: line.opening for line in found.lines if line.opening} == closings
        closings = {line.grant_id: line.closing for line in found.lines if line.closing}
        within = sum(
            (amount for instant, amount in usage if period.first <= instant.date() <= period.last), NOTHING
        )
        assert found.total.used == within
    assert periods[-1].total.closing == sum(burned.left.values(), NOTHING) - burned.overage


def test_what_became_known_later_is_adjusted_by_grant() -> None:
    before = [CreditLine("one", "topup", granted=Decimal(10)), CreditLine("gone", "topup", granted=Decimal(5))]
    now = [CreditLine("one", "topup", opening=Decimal(4), used=Decimal(1)), CreditLine("", "overage", Decimal(-3))]
    assert told(continued(now, before)) == {
        "gone": {"opening": 5, "adjusted": -5, "closing": 0},
        "one": {"opening": 10, "adjusted": -6, "used": 1, "closing": 3},
        "": {"adjusted": -3, "closing": -3},
    }


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings by which nothing closes by itself."""
    return settings.model_copy(update={"automatic_closing": False})


@pytest.fixture
def closed(storage: Storage, landing: Landing, prepare: Prepare) -> Deployment:
    """30 credits that acme and globex used in April, which is closed: acme is adjusted, globex is restated."""
    deployment = Deployment(storage, landing)
    deployment.write_reference("credit_rates", RATES)
    deployment.write_reference("plans", PLANS)
    deployment.write_reference("tenants", "acme: {plans: [{from: 2026-04-01, plan: adjusting}]}\nglobex: {}\n")

    def deploy() -> None:
        deployment.use("04-10 08:00", 30)
        deployment.use("04-10 08:00", 30, "globex")
        deployment.run()
        for tenant in ("acme", "globex"):
            close(storage, tenant, date(2026, 4, 1), Closing("ann", "test", forced=True))

    prepare("closed", deploy)
    return deployment


def statement(deployment: Deployment, month: int, tenant: str = "acme") -> dict[str, dict[str, int]]:
    return told(read_statement(deployment.storage, tenant, date(2026, month, 1)).credits.lines)


def test_a_closed_statement_stays_and_late_usage_is_adjusted_in_the_next(closed: Deployment) -> None:
    april = {"allocation/2026-04-01": {"granted": 100, "used": 30, "closing": 70}}
    assert statement(closed, 4) == april
    assert statement(closed, 5) == {
        "allocation/2026-04-01": {"opening": 70, "rolled_out": 20, "expired": 50, "closing": 0},
        "allocation/2026-05-01": {"granted": 100, "closing": 100},
        "rollover/2026-05-01": {"rolled_in": 20, "closing": 20},
    }
    closed.use("04-20 08:00", 90, landed="05-20")
    closed.run()
    assert statement(closed, 4) == april
    assert statement(closed, 5) == {
        "allocation/2026-04-01": {"opening": 70, "adjusted": -70, "closing": 0},
        "allocation/2026-05-01": {"granted": 100, "used": 20, "closing": 80},
        "": {"adjusted": -20, "used": -20, "closing": 0},
    }


def test_an_adjustment_is_in_one_statement(closed: Deployment) -> None:
    closed.use("04-20 08:00", 90, landed="05-20")
    closed.run()
    close(closed.storage, "acme", date(2026, 5, 1), Closing("ann", "test", forced=True))
    assert statement(closed, 6)["allocation/2026-05-01"] == {
        "opening": 80,
        "rolled_out": 20,
        "expired": 60,
        "closing": 0,
    }


def test_a_closed_statement_is_restated_where_the_plan_says_so(closed: Deployment) -> None:
    closed.use("04-20 08:00", 90, "globex", landed="05-20")
    closed.run()
    assert statement(closed, 4, "globex") == {
        "allocation/2026-04-01": {"granted": 100, "used": 100, "closing": 0},
        "": {"used": 20, "closing": -20},
    }


def test_a_closed_statement_keeps_the_terms_of_its_plan(closed: Deployment) -> None:
    closed.write_reference("plans", PLANS.replace("9.50", "12").replace("overage: allow, ", ""))
    plans = {
        tenant: read_statement(closed.storage, tenant, date(2026, 4, 1)).credits.plans
        for tenant in ("acme", "globex")
    }
    days = {"plan_from": date(2026, 4, 1), "plan_to": date(2026, 4, 30), "monthly_credits": Decimal(100)}
    assert plans == {
        "acme": (PlanTerms("adjusting", **days, price=Decimal("9.50"), currency="USD", overage="deny"),),
        "globex": (PlanTerms("restating", **days, price=None, currency=None, overage="allow"),),
    }
    (open_terms,) = read_statement(closed.storage, "acme", date(2026, 5, 1)).credits.plans
    assert open_terms.price == 12


def test_a_period_that_has_not_begun_has_no_credits(closed: Deployment) -> None:
    assert read_statement(closed.storage, "acme", date(2026, 7, 1)).credits == PeriodCredits()
