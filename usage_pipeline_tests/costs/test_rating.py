from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.costs.book.price_book import PriceBook
from usage_pipeline.costs.book.prices import Price, Tier
from usage_pipeline.costs.tables import COST_DRIFT, DAILY_COSTS
from usage_pipeline.registry import DIMENSION_NAMES, PRICING_DIMENSION_NAMES, TokenClass
from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.costs.rating import DAY, book_of, rating

ALL_CLASSES = 'input: "1", cached_input: "0.1", cache_write: "2", output: "3", reasoning: "4"'


def test_classes_are_priced_by_the_token(tmp_path: Path) -> None:
    """OpenMeter: alice 100 input at 0.01 and 50 output at 0.03, bob 200 at 0.003 and 80 at 0.015."""
    text = price("alice", 'input: "0.01", output: "0.03"', model="a")
    text += price("bob", 'input: "0.003", output: "0.015"', model="b")
    alice, bob = (
        {"model": "a", "tokens_in": 100, "tokens_out": 50},
        {"model": "b", "tokens_in": 200, "tokens_out": 80},
    )
    with rating(book_of(tmp_path, text), [alice]) as rated:
        assert rated.total() == Decimal("2.5")
    with rating(book_of(tmp_path, text), [bob]) as rated:
        assert rated.total() == Decimal("1.8")


def test_each_token_is_charged_once_in_its_class(tmp_path: Path) -> None:
    record = {
        "tokens_in": 100,
        "tokens_cached": 30,
        "tokens_cache_write": 20,
        "tokens_out": 50,
        "tokens_reasoning": 40,
    }
    with rating(book_of(tmp_path, price("one", ALL_CLASSES)), [record]) as rated:
        assert rated.by_class() == {
            "input": (50, Decimal(50)),
            "cached_input": (30, Decimal(3)),
            "cache_write": (20, Decimal(40)),
            "output": (10, Decimal(30)),
            "reasoning": (40, Decimal(160)),
        }


def test_reasoning_without_a_price_of_its_own_costs_what_output_costs(tmp_path: Path) -> None:
    record = {"tokens_out": 50, "tokens_reasoning": 40}
    with rating(book_of(tmp_path, price("one", 'output: "3"')), [record]) as rated:
        assert rated.by_class() == {"output": (10, Decimal(30)), "reasoning": (40, Decimal(120))}


def test_cached_tokens_without_a_price_of_their_own_are_unpriced(tmp_path: Path) -> None:
    record = {"tokens_in": 100, "tokens_cached": 30, "tokens_cache_write": 20}
    with rating(book_of(tmp_path, price("one", 'input: "1"')), [record]) as rated:
        assert rated.by_class() == {
            "input": (50, Decimal(50)),
            "cached_input": (30, None),
            "cache_write": (20, None),
        }
        assert {row["unpriced"] for row in rated.rows() if row["amount"] is None} == {"no_class_price"}


def test_a_total_without_a_split_is_unpriced(tmp_path: Path) -> None:
    with rating(book_of(tmp_path, price("one", ALL_CLASSES)), [{"tokens_total": 70}]) as rated:
        (row,) = rated.rows()
        assert (row["class"], row["quantity"], row["amount"], row["unpriced"]) == ("unsplit", 70, None, "no_split")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"model": "unheard-of"}, "unknown_model"),
        ({"model": None}, "no_model"),
        ({"provider": "other"}, "unknown_model"),
    ],
)
def test_what_has_no_price_keeps_its_quantity_and_has_no_cost(
    tmp_path: Path, record: dict[str, Any], reason: str
) -> None:
    with rating(book_of(tmp_path, price("one", ALL_CLASSES)), [{"tokens_in": 7, **record}]) as rated:
        row = next(row for row in rated.rows() if row["class"] == "input")
        assert (row["quantity"], row["amount"], row["unpriced"], row["price_id"]) == (7, None, reason, "(none)")


def test_a_price_of_zero_is_a_price(tmp_path: Path) -> None:
    with rating(book_of(tmp_path, price("free", 'input: "0"')), [{"tokens_in": 7}]) as rated:
        assert rated.by_class() == {"input": (7, Decimal(0))}


@pytest.mark.parametrize(
    ("tokens_in", "expected"), [(200_000, "200.004"), (200_001, "400.010")], ids=["at the edge", "beyond it"]
)
def test_the_highest_tier_crossed_rates_the_whole_request(tmp_path: Path, tokens_in: int, expected: str) -> None:
    tiers = """[{above_tokens_in: 0, prices: {input: "1", output: "4"}},
      {above_tokens_in: 200000, prices: {input: "2", output: "8"}}]"""
    text = price("one", "", unit="thousand_tokens", tiers=tiers).replace("  prices: {}\n", "")
    with rating(book_of(tmp_path, text), [{"tokens_in": tokens_in, "tokens_out": 1}]) as rated:
        assert rated.total() == Decimal(expected)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("18:00", "0.0001"),
        ("00:15", "0.0001"),
        ("16:30", "0.0001"),
        ("00:29:59.999999", "0.0001"),
        ("00:30", "0.0002"),
        ("12:00", "0.0002"),
        ("16:29:59.999999", "0.0002"),
    ],
)
def test_off_peak_is_half_open_and_wraps_midnight(tmp_path: Path, time: str, expected: str) -> None:
    """LiteLLM: 16:30 to 00:30 UTC; 100 in and 50 out at 5e-7 and 1e-6 inside, 1e-6 and 2e-6 outside."""
    off_peak = '{from: "16:30", to: "00:30", prices: {input: "0.0000005", output: "0.000001"}}'
    text = price("one", 'input: "0.000001", output: "0.000002"', off_peak=off_peak)
    record = {"tokens_in": 100, "tokens_out": 50, "occurred_at": f"{DAY} {time}"}
    with rating(book_of(tmp_path, text), [record]) as rated:
        assert rated.total() == Decimal(expected)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-05-01 06:30", 1),  # a Friday, before the windows begin
        ("2026-05-04 06:30", 3),
        ("2026-05-04 01:30", 2),
        ("2026-05-04 05:30", 1),
        ("2026-05-08 09:59:59.999999", 3),
        ("2026-05-09 06:30", 1),  # a Saturday
        ("2026-05-11 06:30", 1),  # a Monday, after the windows end
        ("2026-05-11 01:30", 2),
    ],
)
def test_windows_have_days_and_weekdays_of_their_own(tmp_path: Path, time: str, expected: int) -> None:
    windows = """[{from: "06:00", to: "10:00", from_day: 2026-05-02, to_day: 2026-05-11, weekdays: [mon, tue, wed,
      thu, fri], prices: {input: "3"}}, {from: "01:00", to: "04:00", prices: {input: "2"}}]"""
    text, day = price("one", 'input: "1"', windows=windows), date.fromisoformat(time[:10])
    with rating(book_of(tmp_path, text), [{"tokens_in": 1, "occurred_at": time}], day) as rated:
        assert rated.total() == expected


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 4, 30), 1), (date(2026, 5, 1), 2)])
def test_a_price_changes_at_midnight(tmp_path: Path, day: date, expected: int) -> None:
    text = price("old", 'input: "1"', to="2026-05-01") + price("new", 'input: "2"', **{"from": "2026-05-01"})
    with rating(book_of(tmp_path, text), [{"tokens_in": 1}], day) as rated:
        assert rated.total() == expected


def test_records_are_rounded_one_by_one(tmp_path: Path) -> None:
    """0.041666666666666664 per million: a token is 4.1666666666666664E-8, three of them rounded 1.25001E-7."""
    text = price("one", 'input: "0.041666666666666664"', unit="million_tokens")
    with rating(book_of(tmp_path, text), [{"tokens_in": 1}] * 3) as rated:
        assert rated.by_class() == {"input": (3, Decimal("0.000000125001"))}


@pytest.mark.parametrize(("unit_price", "expected"), [("5E-13", "1E-12"), ("4.99E-13", "0"), ("1.5E-12", "2E-12")])
def test_half_is_rounded_away_from_zero(tmp_path: Path, unit_price: str, expected: str) -> None:
    with rating(book_of(tmp_path, price("one", f'input: "{unit_price}"')), [{"tokens_in": 1}]) as rated:
        assert rated.total() == Decimal(expected)


unit_prices = st.decimals(min_value=0, max_value=1000, places=24, allow_nan=False) | st.decimals(
    min_value=0, max_value=1000, places=12, allow_nan=False
)
counts = st.integers(min_value=0, max_value=10**9)
record_strategy = st.fixed_dictionaries(
    {
        "tokens_in": counts,
        "tokens_out": counts,
        "model": st.sampled_from(["m", "n", "unknown"]),
        "member_id": st.sampled_from(["ann", "ben", None]),
        "project": st.sampled_from(["blog", None]),
    }
)


def flat_price(model: str, unit_price: Decimal) -> Price:
    tier = Tier(0, {TokenClass.INPUT: unit_price, TokenClass.OUTPUT: unit_price / 2})
    return Price(model, "p", model, None, None, (tier,), "test")


def rounded(quantity: int, unit_price: Decimal) -> Decimal:
    return (quantity * unit_price).quantize(Decimal("1E-12"), ROUND_HALF_UP)


@settings(max_examples=15)  # of none or of many, because the SELECT takes as long for one as for thirty
@given(st.just([]) | st.lists(record_strategy, min_size=8, max_size=30), unit_prices, unit_prices)
def test_any_grouping_sums_to_what_decimals_make_of_the_records(
    records: list[dict[str, Any]], first: Decimal, second: Decimal
) -> None:
    with localcontext() as context:
        context.prec = 60
        halves = {"m": first, "n": second}
        priced = {
            name: flat_price(name, (value / 2).quantize(Decimal("1E-24")) * 2) for name, value in halves.items()
        }
        expected = sum(
            (
                rounded(record["tokens_in"], priced[record["model"]].tiers[0].prices[TokenClass.INPUT])
                + rounded(record["tokens_out"], priced[record["model"]].tiers[0].prices[TokenClass.OUTPUT])
                for record in records
                if record["model"] in priced
            ),
            Decimal(0),
        )
        book = PriceBook(tuple(priced.values()), (), {}, frozenset({"p"}), {})
        with rating(book, records) as rated:
            assert (rated.total() or 0) == expected
            rows = rated.rows()
        for dimension in (*DIMENSION_NAMES, *PRICING_DIMENSION_NAMES, "class", "price_id"):
            groups: dict[object, Decimal] = {}
            for row in rows:
                groups[row[dimension]] = groups.get(row[dimension], Decimal(0)) + Decimal(str(row["amount"] or 0))
            assert sum(groups.values(), Decimal(0)) == expected


@pytest.mark.parametrize("table", [DAILY_COSTS, COST_DRIFT], ids=lambda table: table.name)
def test_no_step_of_rating_is_a_float(tmp_path: Path, table: Any) -> None:
    with rating(book_of(tmp_path, price("one", ALL_CLASSES)), [{"tokens_in": 1}]) as rated:
        steps = (table.sql.text, "SELECT * FROM rated_records", "SELECT * FROM rates")
        types = {row[1] for sql in steps for row in rated.duck.execute(f"DESCRIBE ({sql})").fetchall()}
    assert types & {"DOUBLE", "FLOAT"} == set()


def test_a_record_that_reports_ten_times_its_cost_stands_for_itself(tmp_path: Path) -> None:
    usual = {"tokens_in": 10, "reported_cost": "9", "currency": "USD"}
    far_off = {"tokens_in": 10, "reported_cost": "100.000000000000000001", "currency": "USD", "record_id": "odd"}
    edge = {"tokens_in": 10, "reported_cost": "100", "currency": "USD"}
    with rating(book_of(tmp_path, price("one", 'input: "1"')), [usual, far_off, edge]) as rated:
        rows = {row["record_id"]: row for row in rated.rows(COST_DRIFT)}
    assert {key: (row["records"], row["outliers"]) for key, row in rows.items()} == {"": (2, 0), "odd": (1, 1)}
    assert (rows[""]["reported_cost"], rows[""]["computed_cost"]) == (Decimal(109), Decimal(20))


def test_what_cannot_be_compared_is_kept_and_not_compared(tmp_path: Path) -> None:
    records = [
        {"tokens_in": 10, "reported_cost": "1", "currency": "EUR"},
        {"tokens_in": 10, "reported_cost": "2", "currency": "USD", "model": "unheard-of"},
        {"tokens_in": 10, "tokens_cached": 1, "reported_cost": "4", "currency": "USD"},
    ]
    with rating(book_of(tmp_path, price("one", 'input: "1"')), records) as rated:
        rows = rated.rows(COST_DRIFT)
    assert sum(Decimal(str(row["reported_cost"])) for row in rows) == 7
    assert {row["compared_records"] for row in rows} == {0}
    assert {row["computed_cost"] for row in rows} == {None}
