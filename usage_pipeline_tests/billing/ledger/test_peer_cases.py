"""The cases that other metering systems publish for credits, with their numbers."""

from dataclasses import replace
from decimal import Decimal
from time import process_time

import pytest

from usage_pipeline.billing.ledger.burn_down import Account, Reset
from usage_pipeline.billing.ledger.entries import EntryKind, totals
from usage_pipeline_tests.billing.ledger.accounts import at, entries_of, grant, left, used


def test_one_grant_pays_for_usage() -> None:
    """OpenMeter: a grant of 100, 50 used: 50 left."""
    assert left(Account([grant("a")]), [used("01-02", 50)]) == {"a": 50}


def test_the_lowest_priority_pays_first() -> None:
    """OpenMeter: two grants of 100 with priorities 1 and 2, 120 used: 0 and 80 left."""
    grants = [grant("second", priority=2), grant("first", priority=1)]
    assert left(Account(grants), [used("01-02", 120)]) == {"first": 0, "second": 80}


def test_of_equal_priority_the_one_that_expires_sooner_pays_first() -> None:
    """OpenMeter."""
    grants = [grant("later", end="03-01"), grant("sooner", end="02-01")]
    assert left(Account(grants), [used("01-02", 10)], "01-03") == {"later": 100, "sooner": 90}


def test_usage_without_a_grant_is_overage() -> None:
    """OpenMeter: no grant, 50 used: overage 50."""
    entries = entries_of(Account(), [used("01-02", 50)])
    assert totals(entries).open_overage == 50


def test_a_daily_grant_repays_the_overage_of_the_day_before() -> None:
    """OpenMeter: 100 every day, 120 used at 01:00: at 01:00 on the next day 80 are left."""
    grants = [grant("1", start="01-01", end="01-02"), grant("2", start="01-02", end="01-03")]
    usage = [used("01-01 01:00", 120)]
    assert left(Account(grants), usage, "01-01 01:00") == {"1": 100}
    assert left(Account(grants), usage, "01-01 01:01") == {"1": 0, "": -20}
    assert left(Account(grants), usage, "01-01 23:59") == {"1": 0, "": -20}
    assert left(Account(grants), usage, "01-02 01:00") == {"1": 0, "": 0, "2": 80}


def allocation(amount: int) -> Account:
    """An allocation until the end of January, with a reset at which at most 50 are carried over."""
    reset = Reset(at("02-01"), Decimal(0), Decimal(50), at("03-01"))
    return Account([grant("jan", amount, "01-01", "02-01", kind=EntryKind.ALLOCATION)], [reset])


def test_at_most_the_maximum_rolls_over() -> None:
    """OpenMeter: 100 granted, 10 used, reset with at most 50 carried over: 50 carried."""
    entries = entries_of(allocation(100), [used("01-02", 10)], "02-01")
    sums = totals(entries)
    assert (sums.balance, sums.rolled_in, sums.rolled_out, sums.expired) == (50, 50, 50, 40)


def test_the_minimum_rolls_over_whatever_was_used_and_repays_the_overage() -> None:
    """OpenMeter: with 110 used, a rollover of exactly 50 and overage kept: 40."""
    account = allocation(100)
    exactly = replace(account, resets=[replace(account.resets[0], minimum=Decimal(50))])
    entries = entries_of(exactly, [used("01-02", 110)], "02-01")
    sums = totals(entries)
    assert (sums.balance, sums.repaid, sums.open_overage) == (40, 10, 0)


@pytest.mark.parametrize(("maximum", "opening", "expired"), [(1000, 1200, 0), (0, 1000, 200)])
def test_unused_credits_of_a_month_open_the_next(maximum: int, opening: int, expired: int) -> None:
    """Zuora: 1,000 a month, 800 used in January: February opens with 1,200. Without rollover 200 expire."""
    months = [("01-01", "02-01"), ("02-01", "03-01")]
    grants = [grant(start, 1000, start, end, kind=EntryKind.ALLOCATION) for start, end in months]
    account = Account(grants, [Reset(at("02-01"), Decimal(0), Decimal(maximum), at("03-01"))])
    sums = totals(entries_of(account, [used("01-15", 800)], "02-01"))
    assert (sums.balance, sums.expired) == (opening, expired)


def test_a_hundred_thousand_equal_grants_are_soon_burned_down() -> None:
    """OpenMeter: of 100,000 grants of 100 one expires a day earlier, 99 used: that one holds 1, all others 100."""
    grants = [grant(str(number), 100, "01-01", "06-02") for number in range(99_999)]
    account = Account([*grants, grant("sooner", 100, "01-01", "06-01")])
    began = process_time()
    found = left(account, [used("01-02", 99)], "01-03")
    assert process_time() - began < 20
    assert found.pop("sooner") == 1
    assert (len(found), set(found.values())) == (99_999, {Decimal(100)})
