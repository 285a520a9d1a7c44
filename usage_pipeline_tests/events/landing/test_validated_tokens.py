"""Tokens: input includes cached input, output includes reasoning, whatever the source says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import Landing, rows

Land = Callable[[str], None]
TIME = "2026-05-01T08:00:00Z"


TOKENS = """
    description: Requests with every kind of token.
    format: jsonl
    identity: position
    type: $.type
    types: {{request: , message: , tokens: request}}
    times: {{occurred_at: {{field: $.at, format: iso}}}}
    fields:
      count: $.count
      tokens_in: $.in
      tokens_cached: $.cached
      tokens_cache_write: $.cache_write
      tokens_out: $.out
      tokens_reasoning: $.reasoning
      tokens_total: $.total
    input_includes_cached: {included}
    output_includes_reasoning: {included}
"""


INCLUDED = [
    pytest.param({"in": 100, "out": 20}, (100, 20, 120), id="total is input and output"),
    pytest.param({"in": 100}, (100, None, 100), id="input alone"),
    pytest.param({"out": 20}, (None, 20, 20), id="output alone"),
    pytest.param({"total": 50}, (None, None, 50), id="a total without a split"),
    pytest.param({"in": 100, "out": 20, "total": 999}, (100, 20, 120), id="the split wins over the total"),
    pytest.param({}, (None, None, None), id="no tokens"),
    pytest.param({"in": 100, "cached": 60, "cache_write": 40}, (100, None, 100), id="all input is cached"),
    pytest.param({"in": 100, "cached": 60, "cache_write": 41}, ("token_invariant",), id="more cached than input"),
    pytest.param({"cached": 1}, ("token_invariant",), id="cached without input"),
    pytest.param({"out": 20, "reasoning": 20}, (None, 20, 20), id="all output is reasoning"),
    pytest.param({"out": 20, "reasoning": 21}, ("token_invariant",), id="more reasoning than output"),
    pytest.param({"reasoning": 1}, ("token_invariant",), id="reasoning without output"),
    pytest.param({"in": 0, "out": 0}, (0, 0, 0), id="zero is not nothing"),
]
EXCLUDED = [
    pytest.param({"in": 100, "out": 20, "cached": 60, "cache_write": 7}, (167, 20, 187), id="cached is added"),
    pytest.param({"in": 100, "out": 20}, (100, 20, 120), id="nothing cached"),
    pytest.param({"cached": 60}, (60, None, 60), id="nothing but cached"),
    pytest.param({"out": 20}, (None, 20, 20), id="no input"),
    pytest.param({"total": 50}, (None, None, 50), id="a total without a split"),
    pytest.param({"in": 55021, "out": 923, "reasoning": 785}, (55021, 1708, 56729), id="reasoning is added"),
    pytest.param({"in": 8, "out": 6, "reasoning": 190, "total": 204}, (8, 196, 204), id="more than the output"),
    pytest.param({"reasoning": 5}, (None, 5, 5), id="nothing but reasoning"),
]


@pytest.fixture(scope="module")
def validate_tokens(land_each: Callable[..., dict[str, Became]]) -> Callable[..., tuple[Any, ...]]:
    """(in, out, total) of the record of one request with these tokens, or its reject reason."""
    became = {
        included: land_each(
            "tokens",
            {str(case.values[0]): {"type": "request", "at": TIME, **case.values[0]} for case in cases},
            TOKENS.format(included=str(included).lower()),
        )
        for included, cases in ((True, INCLUDED), (False, EXCLUDED))
    }

    def validate(*, included: bool, **tokens: int) -> tuple[Any, ...]:
        line = became[included][str(tokens)]
        if line.rejected:
            return line.rejected[1:]
        return line["tokens_in"], line["tokens_out"], line["tokens_total"]

    return validate


@pytest.mark.parametrize(("tokens", "in_out_total"), INCLUDED)
def test_tokens_of_a_source_whose_numbers_include_cached_and_reasoning(
    validate_tokens: Callable[..., tuple[Any, ...]], tokens: dict[str, int], in_out_total: tuple[Any, ...]
) -> None:
    assert validate_tokens(included=True, **tokens) == in_out_total


@pytest.mark.parametrize(("tokens", "in_out_total"), EXCLUDED)
def test_tokens_of_a_source_whose_numbers_exclude_cached_and_reasoning(
    validate_tokens: Callable[..., tuple[Any, ...]], tokens: dict[str, int], in_out_total: tuple[Any, ...]
) -> None:
    assert validate_tokens(included=False, **tokens) == in_out_total


def test_a_message_record_counts_its_count(
    storage: Storage, landing: Landing, land: Land, add_format: Callable[[str, str], Path]
) -> None:
    add_format("tokens", TOKENS.format(included="true"))
    lines: list[dict[str, Any]] = [{"type": "message", "at": TIME, "count": 3}, {"type": "message", "at": TIME}]
    landing.write("tokens", "2026-05-01", lines, tenant="acme")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "landing_line", "count", "messages", "unit") == [
        (1, 3, 3, "message"),
        (2, 1, 1, "message"),
    ]


def test_a_day_of_the_largest_counts_adds_up(
    storage: Storage,
    landing: Landing,
    run_to_series: Callable[[], object],
    add_format: Callable[[str, str], Path],
) -> None:
    add_format("tokens", TOKENS.format(included="true"))
    lines = [{"type": "request", "at": TIME, "in": 10**15 - 1, "out": 10**15 - 1}] * 20
    landing.write("tokens", "2026-05-01", lines, tenant="acme")
    run_to_series()
    assert rows(storage, DAILY_USAGE.spec, "tokens_total") == [(39_999_999_999_999_960,)]
