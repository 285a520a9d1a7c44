from decimal import Decimal

import pytest

from usage_pipeline.billing.ledger.burn_down import Account, Ahead, Lowering, Reset, burn_ahead
from usage_pipeline.billing.ledger.entries import EntryKind, totals
from usage_pipeline_tests.billing.ledger.accounts import at, entries_of, grant, left, used

ALLOCATION = EntryKind.ALLOCATION


def test_a_grant_pays_at_its_first_instant_and_not_at_its_end() -> None:
    account = Account([grant("a", 100, "01-10 15:00", "01-20 15:00")])
    usage = [used(instant, 10) for instant in ("01-10 14:59", "01-10 15:00", "01-20 14:59", "01-20 15:00")]
    entries = entries_of(account, usage)
    assert [(entry.kind, entry.effective_at, entry.amount) for entry in entries] == [
        ("overage", at("01-10 14:59"), -10),
        ("topup", at("01-10 15:00"), 100),
        ("repayment", at("01-10 15:00"), -10),
        ("repayment", at("01-10 15:00"), 10),
        ("consumption", at("01-10 15:00"), -10),
        ("consumption", at("01-20 14:59"), -10),
        ("expiry", at("01-20 15:00"), -70),
        ("overage", at("01-20 15:00"), -10),
    ]


def test_a_grant_that_begins_when_another_ends_takes_over_at_that_instant() -> None:
    account = Account([grant("old", 100, "01-01", "01-10"), grant("new", 100, "01-10", "01-20")])
    assert left(account, [used("01-10", 30)], "01-11") == {"old": 0, "new": 70}


def test_a_grant_without_duration_neither_pays_nor_repays() -> None:
    account = Account([grant("never", 100, "01-10", "01-10")])
    sums = totals(entries_of(account, [used("01-09", 5), used("01-10", 5)]))
    assert (sums.topped_up, sums.expired, sums.open_overage) == (100, 100, 10)


def test_of_equal_priority_and_end_the_one_that_began_first_pays_first() -> None:
    account = Account([grant("b", start="01-01"), grant("a", start="01-02")])
    assert left(account, [used("01-03", 10)]) == {"b": 90, "a": 100}


def test_overage_is_repaid_before_usage_of_the_same_instant() -> None:
    account = Account([grant("a", 100, "01-10")])
    assert left(account, [used("01-09", 60), used("01-10", 60)]) == {"": -20, "a": 0}


def test_several_grants_that_begin_together_repay_in_the_order_in_which_they_pay() -> None:
    account = Account([grant("second", 100, "01-10", priority=2), grant("first", 100, "01-10", priority=1)])
    assert left(account, [used("01-09", 120)]) == {"": 0, "first": 0, "second": 80}


def test_a_void_takes_what_is_left_and_keeps_what_was_paid() -> None:
    account = Account([grant("a"), grant("b", priority=1)], voids={"a": at("01-10")})
    usage = [used("01-05", 30), used("01-10", 30)]
    sums = totals(entries_of(account, usage))
    assert (sums.voided, sums.covered) == (70, 60)
    assert left(account, usage) == {"a": 0, "b": 70}


@pytest.mark.parametrize("instant", ["01-01", "01-10"])
def test_a_grant_that_is_void_from_its_start_pays_for_nothing(instant: str) -> None:
    account = Account([grant("a", 100, "01-10"), grant("b", priority=1)], voids={"a": at(instant)})
    assert left(account, [used("01-10", 30)]) == {"a": 0, "b": 70}


@pytest.mark.parametrize(("amount", "remaining"), [(40, 30), (90, 0)])
def test_a_lowering_takes_at_most_what_is_left(amount: int, remaining: int) -> None:
    account = Account([grant("a")], lowerings=[Lowering("l", "a", at("01-10"), Decimal(amount))])
    assert left(account, [used("01-05", 30)]) == {"a": remaining}


def test_what_rolled_over_rolls_over_again_up_to_the_maximum() -> None:
    months = [("01-01", "02-01"), ("02-01", "03-01"), ("03-01", "04-01")]
    grants = [grant(start, 100, start, end, kind=ALLOCATION) for start, end in months]
    resets = [Reset(at(start), Decimal(0), Decimal(150), at(end)) for start, end in [months[1], months[2]]]
    account = Account(grants, resets)
    assert totals(entries_of(account, [], "02-01")).balance == 200
    assert totals(entries_of(account, [], "03-01")).balance == 250
    assert totals(entries_of(account, [used("02-10", 120)], "03-01")).balance == 180


def test_topups_do_not_roll_over_with_the_period() -> None:
    grants = [grant("plan", 100, "01-01", "02-01", kind=ALLOCATION), grant("own", 100, "01-01", "02-01")]
    account = Account(grants, [Reset(at("02-01"), Decimal(0), Decimal(500), at("03-01"))])
    assert left(account, [], "02-01") == {"plan": 0, "own": 0, "rollover/2026-02-01": 100}


def test_of_a_balance_at_an_instant_usage_at_it_is_no_part_and_a_grant_that_begins_is() -> None:
    account = Account([grant("a", 100, "01-10 12:00")])
    assert left(account, [used("01-10 12:00", 1)], "01-10 11:59") == {}
    assert left(account, [used("01-10 12:00", 1)], "01-10 12:00") == {"a": 100}
    assert left(account, [used("01-10 12:00", 1)], "01-10 12:01") == {"a": 99}


def test_credits_reach_as_far_as_grants_to_come_pay() -> None:
    account = Account([grant("first", 10, "01-01", "01-04"), grant("second", 5, "01-05")])
    courses = [[7, 0, 0, 5, 0], [8, 0, 0, 0, 0], [3, 0, 1, 0, 0], [0, 0, 0, 3, 3], [0] * 5]
    paths = [map(Decimal, course) for course in courses]
    ahead = burn_ahead(account, [used("01-01", 3), used("01-02", 9)], at("01-02"), paths)
    assert ahead == Ahead(Decimal(7), [None, 0, 2, 4, None])
