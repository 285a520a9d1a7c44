"""Requests, searches and tool calls: what costs a fee, and what has no price of one."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline_tests.costs.generic import price
from usage_pipeline_tests.costs.rating import book_of, rating

FEES = 'input: "1", request: "0.01", web_search: "0.25", tool_call: "0.5"'


def fees(folder: Path, prices: str, **record: Any) -> dict[str, tuple[int, float | None, str]]:
    """Quantity, amount and reason of each fee of a record."""
    with rating(book_of(folder, price("one", prices)), [{"tokens_in": 1, **record}]) as rated:
        return {
            str(row["class"]): (row["quantity"], row["amount"] and float(str(row["amount"])), row["unpriced"])  # type: ignore[misc]  # of the columns
            for row in rated.rows()
            if row["class"] != "input"
        }


def test_a_fee_with_a_price_is_charged_by_the_one(tmp_path: Path) -> None:
    assert fees(tmp_path, FEES, tool_calls=3, api_calls=2, web_searches=5) == {
        "request": (2, 0.02, ""),
        "web_search": (5, 1.25, ""),
        "tool_call": (3, 1.5, ""),
    }


def test_a_model_with_prices_and_none_of_requests_costs_nothing_by_the_request(tmp_path: Path) -> None:
    assert fees(tmp_path, 'input: "1"', api_calls=2) == {}


def test_searches_and_tool_calls_without_a_price_are_unpriced(tmp_path: Path) -> None:
    assert fees(tmp_path, 'input: "1"', tool_calls=3, web_searches=2) == {
        "web_search": (2, None, "no_class_price"),
        "tool_call": (3, None, "no_class_price"),
    }


def test_fees_of_a_model_without_any_price_are_unpriced(tmp_path: Path) -> None:
    assert fees(tmp_path, FEES, model="unheard-of", tokens_in=0, tool_calls=3, web_searches=2) == {
        "request": (1, None, "unknown_model"),
        "web_search": (2, None, "unknown_model"),
        "tool_call": (3, None, "unknown_model"),
    }


def test_a_request_whose_tokens_are_unpriced_is_not_counted_as_unpriced_again(tmp_path: Path) -> None:
    assert fees(tmp_path, FEES, model="unheard-of", tokens_total=1) == {}


def test_requests_and_tool_calls_without_a_model_are_none_of_a_provider(tmp_path: Path) -> None:
    assert fees(tmp_path, FEES, model=None, tool_calls=3) == {}


@pytest.mark.parametrize(
    ("record", "charged"),
    [
        ({"status": "failed"}, False),
        ({"error_code": "timeout"}, False),
        ({"status": "failed", "tokens_in": 1, "tokens_total": 1}, True),
        ({"status": "succeeded"}, True),
    ],
    ids=["failed", "an error", "failed after some tokens", "without tokens"],
)
def test_a_failed_request_without_tokens_costs_no_fee(
    tmp_path: Path, record: dict[str, Any], *, charged: bool
) -> None:
    found = fees(tmp_path, FEES, **{"tokens_in": 0, "tokens_total": 0, **record})
    assert found == ({"request": (1, 0.01, "")} if charged else {})


def test_a_price_may_say_that_failed_requests_cost_their_fee(tmp_path: Path) -> None:
    text, record = price("one", FEES, failed_requests="charged"), {"status": "failed", "tokens_total": 0}
    with rating(book_of(tmp_path, text), [record]) as rated:
        assert rated.total() == Decimal("0.01")


def test_a_record_with_a_search_that_has_no_price_has_no_comparable_cost(tmp_path: Path) -> None:
    record = {"tokens_in": 1, "web_searches": 1, "reported_cost": "9", "currency": "USD"}
    with rating(book_of(tmp_path, price("one", 'input: "1"')), [record]) as rated:
        assert rated.duck.execute("SELECT amount FROM rated_records").fetchall() == [(None,)]
