"""Prices that depend on the service tier, the region or the speed of a request."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.costs.book.price_book import price_book
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline_tests.costs.generic import price, write_prices
from usage_pipeline_tests.costs.rating import DAY, book_of, rating

PRICE = 'input: "10", output: "40", request: "7"'
CONDITIONS = """[{service_tier: batch, multiplier: "0.5"}, {region: us, multiplier: "1.1"},
      {speed: fast, prices: {input: "60", output: "240"}},
      {service_tier: priority, speed: fast, prices: {input: "100"}}, {service_tier: flex, prices: {input: "4"}}]"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 17),
        ({"service_tier": "standard", "region": "global", "speed": "standard"}, 17),
        ({"service_tier": "default"}, 17),
        ({"service_tier": "batch"}, 12),
        ({"region": "us"}, 18),
        ({"service_tier": "batch", "region": "us"}, Decimal("12.5")),
        ({"speed": "fast"}, 67),
        ({"speed": "fast", "region": "us"}, 73),
        ({"speed": "fast", "service_tier": "batch", "region": "us"}, 40),
        ({"speed": "fast", "service_tier": "priority"}, 107),
        ({"service_tier": "flex"}, 11),
    ],
    ids=str,
)
def test_a_condition_replaces_or_multiplies_the_prices_of_tokens(
    tmp_path: Path, values: dict[str, str], expected: Decimal
) -> None:
    with rating(
        book_of(tmp_path, price("one", PRICE, conditions=CONDITIONS)), [{"tokens_in": 1, **values}]
    ) as rated:
        assert rated.total() == expected


@pytest.mark.parametrize(
    "values",
    [
        {"service_tier": "priority"},
        {"region": "eu"},
        {"region": "eu", "service_tier": "batch"},
        {"speed": "fast", "service_tier": "flex"},
    ],
    ids=["no condition", "another value", "one of two", "two other prices"],
)
def test_a_request_that_no_condition_names_has_no_price(tmp_path: Path, values: dict[str, str]) -> None:
    with rating(
        book_of(tmp_path, price("one", PRICE, conditions=CONDITIONS)), [{"tokens_in": 1, **values}]
    ) as rated:
        assert {(row["amount"], row["unpriced"]) for row in rated.rows()} == {(None, "no_condition")}


@pytest.mark.parametrize("name", ["service_tier", "region", "speed"])
def test_a_record_counts_once_beside_one_that_logs_the_word_for_no_value(tmp_path: Path, name: str) -> None:
    records = [{"tokens_in": 1}, {"tokens_in": 1, name: "(none)"}]
    with rating(book_of(tmp_path, price("one", PRICE, conditions=CONDITIONS)), records) as rated:
        found = [(row["class"], row["quantity"], row["amount"]) for row in rated.rows()]
        assert sorted(found) == [("input", 2, 20), ("request", 2, 14)]


def test_a_condition_applies_in_each_tier_and_window(tmp_path: Path) -> None:
    tiers = '[{above_tokens_in: 0, prices: {input: "1"}}, {above_tokens_in: 10, prices: {input: "2"}}]'
    off_peak = '{from: "16:30", to: "00:30", prices: {input: "0.5"}}'
    conditions = '[{service_tier: batch, multiplier: "0.1"}]'
    text = price("one", "", tiers=tiers, off_peak=off_peak, conditions=conditions).replace("  prices: {}\n", "")
    batch: dict[str, Any] = {"service_tier": "batch"}
    records = [{"tokens_in": 10}, {"tokens_in": 20}, {"tokens_in": 20, "occurred_at": "2026-05-01 17:00"}]
    with rating(book_of(tmp_path, text), [{**record, **batch} for record in records]) as rated:
        assert sorted(Decimal(str(row["amount"])) for row in rated.rows()) == [1, 1, 4]


RULES = """
- id: rules/all
  provider: p
  from: 2026-01-01
  to: 2026-06-01
  conditions: [{service_tier: batch, multiplier: "0.5"}]
  source: test
- id: rules/some
  provider: p
  models: [m]
  from: 2026-01-01
  conditions: [{region: us, multiplier: "2"}]
  source: test
"""


@pytest.mark.parametrize(
    ("model", "values", "expected"),
    [
        ("m", {"service_tier": "batch"}, 5),
        ("n", {"service_tier": "batch"}, 5),
        ("m", {"region": "us"}, 20),
        ("n", {"region": "us"}, None),
        ("m", {"service_tier": "batch", "region": "us"}, 10),
    ],
)
def test_rules_are_for_all_models_of_a_provider_or_for_some(
    tmp_path: Path, model: str, values: dict[str, str], expected: int | None
) -> None:
    text = price("m", 'input: "10"') + price("n", 'input: "10"', model="n") + RULES
    with rating(book_of(tmp_path, text), [{"tokens_in": 1, "model": model, **values}]) as rated:
        assert rated.total() == expected


def test_the_conditions_of_a_price_come_before_the_rules(tmp_path: Path) -> None:
    text = price("m", 'input: "10"', conditions='[{service_tier: batch, multiplier: "0.2"}]') + RULES
    with rating(book_of(tmp_path, text), [{"tokens_in": 1, "service_tier": "batch"}]) as rated:
        assert rated.total() == 2


def test_a_stored_book_keeps_conditions_and_rules(tmp_path: Path) -> None:
    book = book_of(tmp_path, price("m", PRICE, conditions=CONDITIONS, failed_requests="charged") + RULES)
    read = price_book(book.document)
    assert (read.prices, read.rules, read.version) == (book.prices, book.rules, book.version)


def test_a_price_of_too_many_decimals_is_rounded_half_up(tmp_path: Path) -> None:
    text = price("m", 'input: "0.000000000000000000000005"', conditions='[{region: us, multiplier: "1.1"}]')
    found = book_of(tmp_path, text).resolve(None, "m", DAY, frozenset({("region", "us")})).price
    assert found is not None
    assert [f"{value:f}" for value in found.tiers[0].prices.values()] == ["0.000000000000000000000006"]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ("[{multiplier: '2'}]", "expected some of service_tier, region, speed"),
        ("[{region: us}]", "expected a multiplier or prices"),
        ("[{region: us, multiplier: '2', prices: {input: '1'}}]", "expected a multiplier or prices"),
        ("[{service_tier: standard, multiplier: '2'}]", "a usual value has the usual price; remove it"),
        ("[{region: us, multiplier: 1.1}]", "in quotes"),
        ("[{geo: us, multiplier: '2'}]", "geo"),
    ],
)
def test_a_broken_condition_is_an_error_with_its_place(tmp_path: Path, conditions: str, message: str) -> None:
    file = write_prices(tmp_path, price("one", PRICE, conditions=conditions))
    with pytest.raises(ReferenceFileError, match=rf"prices.yaml: one: conditions.*{message}"):
        read_price_file(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULES.replace("  source: test\n", "", 1), "rules/all: source"),
        (RULES.replace("rules/some", "rules/all"), "rules/all: id: two entries have it"),
        (RULES.replace('[{service_tier: batch, multiplier: "0.5"}]', "[]"), "rules/all: conditions"),
    ],
    ids=["no source", "twice", "no condition"],
)
def test_a_broken_rule_is_an_error_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ReferenceFileError, match=message):
        read_price_file(write_prices(tmp_path, text))
