"""A period that a person closes is frozen; what changes later follows the plan."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from usage_pipeline.billing.closing import ClosedPeriod, Closing, close, count_closed
from usage_pipeline.billing.statements import read_statement
from usage_pipeline.billing.tables import CLOSED_COSTS
from usage_pipeline.costs.book.current import rerate
from usage_pipeline.errors import ClosingError, QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.costs.generic import call, price
from usage_pipeline_tests.costs.reading import Prices, Run, compute
from usage_pipeline_tests.support import Landing

closed_costs = warehouse_table(CLOSED_COSTS)

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
PLANS = """
restating: {retention_days: null, late_usage: restate}
adjusting: {retention_days: null, late_usage: next_period}
default: restating
"""
TENANTS = "acme: {plans: [{from: 2026-01-01, plan: adjusting}]}\n"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings by which nothing closes by itself."""
    return settings.model_copy(update={"automatic_closing": False})


@pytest.fixture
def rated(storage: Storage, landing: Landing, run: Run, prices: Prices, prepare: Prepare) -> Storage:
    """Ten tokens at 1 in March and five in April, of acme, which is adjusted, and of globex, which is restated.

    They land together, with the first landing folder: the days before it are ingested with it.
    """
    reference = storage.settings.reference
    (reference / "plans.yaml").write_text(PLANS)
    (reference / "tenants.yaml").write_text(TENANTS)
    prices(price("old", 'input: "1"'))
    for tenant in ("acme", "globex"):
        lines = [
            call("a", "2026-03-10T08:00:00Z", tenant, tokens_in=10),
            call("b", "2026-04-10T08:00:00Z", tenant, tokens_in=5),
        ]
        landing.write("calls", "2026-04-30", lines, tenant=tenant)
    prepare("rated", run)
    return storage


def closed(storage: Storage, tenant: str, month: date) -> ClosedPeriod:
    return close(storage, tenant, month, Closing("ann", "test", forced=True))


def total(storage: Storage, tenant: str, month: date) -> Decimal | None:
    return read_statement(storage, tenant, month).total


def late(landing: Landing, run: Run) -> None:
    """Seven tokens of each tenant that happened in March land in May."""
    for tenant in ("acme", "globex"):
        lines = [call("late", "2026-03-10T09:00:00Z", tenant, tokens_in=7)]
        landing.write("calls", "2026-05-02", lines, tenant=tenant)
    run()


def test_a_period_whose_days_are_all_final_is_closed(rated: Storage) -> None:
    closed(rated, "acme", MARCH)
    period = close(rated, "acme", APRIL, Closing("ann"))
    assert (period.first_day, period.last_day) == (date(2026, 4, 1), date(2026, 4, 30))
    assert (period.late_usage, period.forced, period.by) == ("next_period", False, "ann")


def test_a_closing_keeps_the_rows_with_their_versions(rated: Storage) -> None:
    closed(rated, "acme", MARCH)
    with rated.warehouse.connect() as connection:
        (row,) = connection.execute(select(closed_costs)).mappings()
    assert (row["day"], row["model"], row["class"], row["quantity"]) == (date(2026, 3, 10), "m", "input", 10)
    assert (row["amount"], row["version"]) == (Decimal(10), 1)


def test_a_period_with_a_day_that_is_not_final_stays_open(rated: Storage) -> None:
    early = datetime(2026, 5, 2, tzinfo=UTC)
    then = replace(rated, settings=rated.settings.model_copy(update={"now": early}))
    with pytest.raises(ClosingError, match="stays open: 2 days are not final yet: 2026-04-29, 2026-04-30"):
        close(then, "acme", APRIL, Closing("ann"))


def test_a_period_with_a_day_to_compute_stays_open(rated: Storage, prices: Prices) -> None:
    prices(price("new", 'input: "2"'))
    rerate(rated, [date(2026, 4, 10)])
    with pytest.raises(ClosingError, match="1 day is to be computed: 2026-04-10"):
        close(rated, "acme", APRIL, Closing("ann"))


def test_a_forced_closing_says_that_it_was(rated: Storage, prices: Prices) -> None:
    prices(price("new", 'input: "2"'))
    rerate(rated, [date(2026, 4, 10)])
    period = close(rated, "acme", APRIL, Closing("ann", "the invoice is due", forced=True))
    assert (period.forced, period.reason) == (True, "the invoice is due")


@pytest.mark.parametrize("closing", [Closing("ann"), Closing("ann", "the invoice is due", forced=True)])
def test_no_period_of_a_tenant_that_nobody_knows_is_closed(rated: Storage, closing: Closing) -> None:
    with pytest.raises(QueryError) as raised:
        close(rated, "acne", APRIL, closing)
    assert str(raised.value) == (
        "There is no tenant 'acne': no usage of it has landed, and tenants.yaml has no entry; did you mean 'acme'?"
    )
    with rated.warehouse.connect() as connection:
        assert count_closed(connection) == 0


def test_a_period_of_a_tenant_without_usage_can_be_closed(rated: Storage) -> None:
    (rated.settings.reference / "tenants.yaml").write_text("initech: {}\n")
    assert close(rated, "initech", APRIL, Closing("ann")).tenant_id == "initech"


def test_a_period_after_an_open_one_stays_open(rated: Storage) -> None:
    with pytest.raises(ClosingError, match="2026-04 of acme stays open: an earlier period is open"):
        close(rated, "acme", APRIL, Closing("ann"))


def test_a_period_that_has_not_ended_is_not_closed(rated: Storage) -> None:
    today = rated.settings.clock.today
    with pytest.raises(ClosingError, match=f"{today:%Y-%m} of acme has not ended"):
        closed(rated, "acme", today)


def test_a_closed_period_is_not_closed_again(rated: Storage) -> None:
    closed(rated, "acme", MARCH)
    close(rated, "acme", APRIL, Closing("ann"))
    with pytest.raises(ClosingError, match="The period 2026-04 of acme is closed already"):
        close(rated, "acme", APRIL, Closing("ann"))


def test_late_usage_of_a_closed_period_is_an_adjustment_of_the_next_open_one(
    rated: Storage, landing: Landing, run: Run
) -> None:
    closed(rated, "acme", MARCH)
    closed(rated, "acme", APRIL)
    late(landing, run)
    assert [total(rated, "acme", month) for month in (MARCH, APRIL, MAY)] == [10, 5, 7]
    (line,) = read_statement(rated, "acme", MAY).lines
    assert (line.kind, line.day, line.quantity, line.amount) == ("adjustment", date(2026, 3, 10), 7, Decimal(7))


def test_late_usage_restates_a_closed_period_where_the_plan_says_so(
    rated: Storage, landing: Landing, run: Run
) -> None:
    closed(rated, "globex", MARCH)
    late(landing, run)
    assert [total(rated, "globex", month) for month in (MARCH, APRIL, MAY)] == [17, 5, 0]


def test_a_period_with_adjustments_keeps_them_when_it_is_closed(
    rated: Storage, landing: Landing, run: Run
) -> None:
    closed(rated, "acme", MARCH)
    late(landing, run)
    closed(rated, "acme", APRIL)
    landing.write("calls", "2026-05-03", [call("later", "2026-03-10T10:00:00Z", tokens_in=1)])
    run()
    assert [total(rated, "acme", month) for month in (MARCH, APRIL, MAY)] == [10, 12, 1]


def test_a_rerating_of_a_closed_period_is_an_adjustment_too(rated: Storage, prices: Prices) -> None:
    closed(rated, "acme", MARCH)
    prices(price("new", 'input: "2"'))
    rerate(rated, [date(2026, 3, 10)])
    compute(rated)
    assert [total(rated, "acme", month) for month in (MARCH, APRIL)] == [10, 15]


def test_late_usage_of_a_closed_day_that_had_none_is_an_adjustment(
    rated: Storage, landing: Landing, run: Run
) -> None:
    closed(rated, "acme", MARCH)
    landing.write("calls", "2026-05-02", [call("late", "2026-03-11T09:00:00Z", tokens_in=7)])
    run()
    assert [total(rated, "acme", month) for month in (MARCH, APRIL)] == [10, 12]


def test_after_a_changed_anchor_day_no_day_is_in_two_statements(rated: Storage) -> None:
    closed(rated, "acme", MARCH)
    tenants = rated.settings.reference / "tenants.yaml"
    tenants.write_text("acme: {plans: [{from: 2026-01-01, plan: adjusting}], billing_anchor_day: 5}\n")
    assert [total(rated, "acme", date(2026, month, 1)) for month in (2, 3, 4, 5)] == [0, 10, 5, None]
    period = closed(rated, "acme", APRIL)
    assert (period.first_day, period.last_day) == (date(2026, 4, 1), date(2026, 5, 4))
