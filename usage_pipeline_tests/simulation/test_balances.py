"""What the simulator says that is left of a tenant's credits, over the end of a month."""

from collections.abc import Mapping, Sequence
from datetime import date

from usage_pipeline.simulation.balances import Terms, balance_after

FIRST = date(2026, 4, 29)
"""Its month has one more day."""
NOTHING = dict.fromkeys(
    ("granted", "topped_up", "rolled_out", "rolled_in", "expired", "used", "overage", "balance"), 0
)
NO_TOPUPS: Mapping[int, int] = {}


def after(terms: Sequence[int], used: Sequence[int], topups: Mapping[int, int] = NO_TOPUPS) -> dict[str, int]:
    """What became of the credits of these days from 29 April on, without what is zero."""
    found = balance_after(Terms(*terms), FIRST, used, topups).as_json()
    assert found.keys() == NOTHING.keys()
    return {name: amount for name, amount in found.items() if amount}


def test_what_is_left_at_the_end_of_a_month_rolls_over_to_the_most_and_the_rest_expires() -> None:
    assert after((1000, 0, 300), [100, 200, 50]) == {
        "granted": 2000,
        "rolled_out": 300,
        "rolled_in": 300,
        "expired": 400,
        "used": 350,
        "balance": 1000 + 300 - 50,
    }


def test_with_nothing_left_the_least_rolls_in() -> None:
    assert after((1000, 50, 300), [900, 100, 10]) == {
        "granted": 2000,
        "rolled_in": 50,
        "used": 1010,
        "balance": 1000 + 50 - 10,
    }


def test_the_credits_of_the_next_month_repay_overage_before_they_pay() -> None:
    assert after((1000, 0, 300), [1500, 20, 100]) == {"granted": 2000, "used": 1620, "balance": 380}


def test_usage_that_nothing_pays_for_is_overage() -> None:
    assert after((100, 0, 0), [150, 0, 80]) == {"granted": 200, "used": 230, "overage": 30, "balance": -30}


def test_a_top_up_repays_overage_pays_after_the_plan_and_outlives_the_month() -> None:
    assert after((100, 0, 0), [130, 20, 140], {1: 500}) == {
        "granted": 200,
        "topped_up": 500,
        "used": 290,
        "balance": 500 - 30 - 20 - 40,
    }


def test_the_midnight_after_the_last_day_of_a_month_is_of_the_next() -> None:
    assert after((1000, 0, 0), [100, 200]) == {"granted": 2000, "expired": 700, "used": 300, "balance": 1000}
