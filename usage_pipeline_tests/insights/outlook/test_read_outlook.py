"""Outlooks of a deployment: each number follows from the Fridays ahead."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from usage_pipeline.billing.ledger.allocations import midnight
from usage_pipeline.billing.ledger.balance import TenantUsage
from usage_pipeline.billing.ledger.burn_down import Account, Grant
from usage_pipeline.billing.ledger.entries import EntryKind
from usage_pipeline.errors import QueryError
from usage_pipeline.insights.forecasting.forecast import Passing, forecast, passed
from usage_pipeline.insights.measures import measure_of
from usage_pipeline.insights.outlook.credits_left import CreditsLeft, credits_left
from usage_pipeline.insights.outlook.expected import Expected
from usage_pipeline.insights.outlook.horizon import MONTHS, Horizon, until
from usage_pipeline.insights.outlook.limit_passing import limit_outlook
from usage_pipeline.insights.outlook.read_outlook import Outlook, OutlookQuestion, read_outlook, read_outlooks
from usage_pipeline.limits.periods import DayRange
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.daily import series, weeks

AS_OF = date(2026, 5, 31)
CERTAIN = Decimal("1.00")


def question(*names: str, as_of: date = AS_OF) -> OutlookQuestion:
    """The question for these measures."""
    return OutlookQuestion([measure_of(name) for name in names], as_of)


def on(day: date) -> Passing:
    """That it is passed on this day for certain."""
    return Passing(CERTAIN, day, day, day)


@pytest.fixture(scope="module")
def acme(fridays: Storage) -> Outlook:
    return read_outlook(fridays, question("tokens_total", "cost", "credits", "requests"), "acme")


def test_days_go_to_the_end_of_the_period_and_thirty_days_on(acme: Outlook) -> None:
    tokens = acme.expected[0]
    assert (tokens.days[0].day, tokens.days[-1].day) == (date(2026, 6, 1), date(2026, 6, 30))
    assert {point.day.day: point.estimate.value for point in tokens.days if point.estimate.value} == {
        day: Decimal(100) for day in (5, 12, 19, 26)
    }


def test_periods_are_what_was_used_and_what_is_expected(acme: Outlook) -> None:
    tokens, cost, *_ = acme.expected
    assert tokens.period is not None
    assert tokens.period.days == DayRange(date(2026, 5, 20), date(2026, 6, 19))
    assert tokens.period.estimate.row["high_95"] == Decimal(500)
    assert cost.next_period is not None
    assert cost.next_period.days == DayRange(date(2026, 6, 20), date(2026, 7, 19))
    assert cost.next_period.estimate.value == Decimal(400)


def test_a_sum_says_what_is_known_and_which_days_are_missing() -> None:
    # 2 March to 12 March: the fourth of these days is missing, and the last two are not there yet.
    values = [*weeks(8), *([5, 5, 5, None] + [5] * 5), None, None]
    as_of = date(2026, 3, 12)
    found = Expected(forecast(series(values), until(as_of)), Horizon.of(as_of, MONTHS)).period
    assert found is not None
    assert (found.days, found.known) == (DayRange(date(2026, 3, 1), date(2026, 3, 31)), Decimal(30 + 8 * 5))
    assert (found.missing_days, found.estimated_days) == (1, 2)


def test_credits_run_out_when_grants_to_come_are_used_too(acme: Outlook) -> None:
    assert acme.credits == CreditsLeft(AS_OF, date(2026, 8, 1), Decimal(140), on(date(2026, 6, 19)), None)


def test_each_limit_has_the_day_on_which_it_is_passed(acme: Outlook) -> None:
    found = {(entry.status.limit.id, entry.status.values[0]): entry for entry in acme.limits}
    assert {key: entry.passing for key, entry in found.items()} == {
        ("month", ""): on(date(2026, 6, 19)),
        ("members", "ann"): on(date(2026, 6, 5)),
        ("members", "bob"): Passing(Decimal("0.00"), None, None, None),
        ("day", ""): on(date(2026, 6, 5)),
        ("rolling", ""): on(date(2026, 6, 5)),
        ("long", ""): None,
    }
    expected = found["members", "bob"].expected
    assert expected is not None
    assert expected.value == Decimal(150)
    assert found["long", ""].reason == "it counts 183 days, and a forecast knows the last 182"


def test_a_limit_that_was_passed_before_has_the_day_of_then(fridays: Storage) -> None:
    found = read_outlook(fridays, question("tokens_total", as_of=date(2026, 5, 28)), "acme")
    assert {entry.status.limit.id: entry.passing for entry in found.limits if not any(entry.status.values)} == {
        "month": passed(date(2026, 5, 15))
    }


def test_a_limit_that_rolls_and_was_over_for_longer_has_no_day(acme: Outlook) -> None:
    (rolling,) = (entry for entry in acme.limits if entry.status.limit.id == "rolling")
    status = replace(rolling.status, used=Decimal(5), first_day_over=None)
    found = limit_outlook(status, acme.expected[3].found, acme.horizon)
    assert found.passing == passed(None)


def test_credits_that_are_used_up_run_out_on_no_day_ahead(acme: Outlook) -> None:
    grant = Grant("g", EntryKind.TOPUP, Decimal(100), midnight(date(2026, 5, 1)))
    usage = [(midnight(date(2026, 5, 29)), Decimal(101))]
    found = credits_left(acme.expected[2], TenantUsage(Account([grant]), usage))
    assert found == CreditsLeft(AS_OF, date(2026, 8, 1), Decimal(-1), passed(None), None)


def test_tenants_together_and_each_alone_have_the_same_outlook(fridays: Storage) -> None:
    asked, tenants = question("tokens_total", "credits"), ["globex", "acme", "initech", "nobody"]
    told: list[tuple[int, int]] = []
    together = list(read_outlooks(fridays, asked, tenants, lambda done, of: told.append((done, of))))
    assert together == [read_outlook(fridays, asked, name) for name in tenants]
    assert told == [(4, 4)]


def test_the_reason_for_no_forecast_is_said(fridays: Storage) -> None:
    found = read_outlook(fridays, question("tokens_total", "credits"), "globex")
    assert [entry.reason for entry in found.expected] == [
        "3 days with a number since 2026-05-29, the first use in the 182 days up to 2026-05-31; 21 are needed"
    ] * 2
    assert (found.expected[0].days, found.expected[0].period) == ([], None)
    assert found.credits == CreditsLeft(AS_OF, date(2026, 8, 1), None, None, "no credits were granted")


def test_all_tenants_together_have_months_and_no_credits(fridays: Storage) -> None:
    found = read_outlook(fridays, question("requests", "credits"), None)
    period = found.expected[0].period
    assert period is not None
    assert (period.days, period.estimate.value) == (DayRange(date(2026, 6, 1), date(2026, 6, 30)), Decimal(10))
    assert (found.credits, found.limits) == (None, ())


def test_a_day_that_has_not_ended_and_a_ratio_are_refused(fridays: Storage) -> None:
    with pytest.raises(QueryError, match="2026-06-01 has not ended; expected a day before 2026-06-01"):
        read_outlook(fridays, question("cost", as_of=date(2026, 6, 1)), "acme")
    with pytest.raises(QueryError, match="error_percent has no forecast; expected a sum"):
        read_outlook(fridays, question("error_percent"), "acme")
