"""How numbers are read: either they have the expected form, or the line is rejected."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import Landing, prompt, rows

Land = Callable[[str], None]

METERED = """
    description: Requests with their cost.
    format: jsonl
    identity: [$.id]
    type: {constant: request}
    times: {occurred_at: {field: $.at, format: iso}}
    fields: {reported_cost: $.bill.cost, reported_credits: '$."credits used"', duration_ms: $.took}
"""


def persona_line(tokens_in: str) -> str:
    return json.dumps(prompt("e1", "2026-05-01T08:00:00Z", tokensIn="?")).replace('"?"', tokens_in)


TOKENS = {
    "12": 12,
    '"12"': 12,
    "12.0": 12,
    '"12.00"': 12,
    "0": 0,
    '"007"': 7,
    "999999999999999": 999_999_999_999_999,
    "null": None,
    '""': None,
}
NO_TOKENS = (
    "12.7",
    '"12.7"',
    '"0x1F"',
    '"1_000"',
    '"1,000"',
    "-1",
    '"-1"',
    '"+1"',
    '"NaN"',
    '"nan"',
    '"Infinity"',
    "true",
    '"1e3"',
    '" 1"',
    '"1."',
    '".5"',
    '"\u0661"',
    "1000000000000000",
    "[1]",
    '{"n": 1}',
)


@pytest.fixture(scope="module")
def token_counts(land_each: Callable[..., dict[str, Became]]) -> dict[str, Became]:
    """What became of a line with each of these texts as its input tokens."""
    return land_each("persona", {text: persona_line(text) for text in (*TOKENS, *NO_TOKENS)})


@pytest.mark.parametrize("text", TOKENS)
def test_token_count(token_counts: dict[str, Became], text: str) -> None:
    assert token_counts[text]["tokens_in"] == TOKENS[text]


@pytest.mark.parametrize("text", NO_TOKENS)
def test_what_is_no_token_count_is_rejected(token_counts: dict[str, Became], text: str) -> None:
    assert token_counts[text].rejected == (1, "invalid_tokens_in")


def metered_line(field: str) -> str:
    return f'{{"id": "e1", "at": "2026-05-01T08:00:00Z", {field}}}'


COST_TEXTS = (
    "0.1",
    "0.000001",
    "1e-7",
    "1.5E-5",
    "2.5e+3",
    "12",
    "0.123456789012345678901234",
    "1234567890123.123456789012345678901234",
    "9999999999999",
    "0.100000000000000005551115",
    "3.00000000000000000000001",
    "1.23456789012345678e-3",
    "1234567.890123456789",
)
COST_FIELDS = ('"bill": {"cost": ?}', '"bill":{"cost":?}', '"bill": {"cost": "?"}')
NO_COSTS = ("-0.1", "10000000000000", '"1,5"', '"$1"', '"NaN"', '"Infinity"', "false", '"1.2.3"')
CREDITS = "12.345678901234567890123"
DURATIONS = {"1840": 1840, "1840.999": 1840, '"0.9"': 0}
NOTE = json.dumps('a "cost": 0.12345678901234567890 b')


@pytest.fixture(scope="module")
def metered(land_each: Callable[..., dict[str, Became]]) -> dict[str, Became]:
    """What became of a line with each of these fields."""
    fields = [
        *(field.replace("?", text) for field in COST_FIELDS for text in COST_TEXTS),
        *(COST_FIELDS[0].replace("?", text) for text in NO_COSTS),
        f'"credits used": {CREDITS}',
        *(f'"took": {text}' for text in DURATIONS),
        f'"note": {NOTE}',
    ]
    return land_each("metered", {field: metered_line(field) for field in fields}, METERED)


@pytest.mark.parametrize("text", COST_TEXTS)
@pytest.mark.parametrize("field", COST_FIELDS)
def test_reported_cost_is_kept_exactly_as_written(metered: dict[str, Became], field: str, text: str) -> None:
    assert metered[field.replace("?", text)]["reported_cost"] == Decimal(text)


def test_credits_under_a_name_with_a_space_are_kept_exactly(metered: dict[str, Became]) -> None:
    assert metered[f'"credits used": {CREDITS}']["reported_credits"] == Decimal(CREDITS)


@pytest.mark.parametrize("text", NO_COSTS)
def test_what_is_no_cost_is_rejected(metered: dict[str, Became], text: str) -> None:
    assert metered[COST_FIELDS[0].replace("?", text)].rejected == (1, "invalid_reported_cost")


@pytest.mark.parametrize("text", DURATIONS)
def test_a_duration_is_cut_off_to_the_millisecond(metered: dict[str, Became], text: str) -> None:
    assert metered[f'"took": {text}']["duration_ms"] == DURATIONS[text]


def test_a_text_that_looks_like_a_cost_is_not_altered(metered: dict[str, Became]) -> None:
    assert json.loads(metered[f'"note": {NOTE}']["meta"])["note"] == json.loads(NOTE)


COSTS = st.decimals(min_value=0, max_value=10**13 - 1, places=24)


@hypothesis_settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=st.lists(COSTS, min_size=20, max_size=60))
def test_any_cost_with_up_to_24_decimal_places_is_kept_exactly(
    storage: Storage,
    landing: Landing,
    land: Land,
    add_format: Callable[[str, str], Path],
    costs: list[Decimal],
) -> None:
    add_format("metered", METERED)
    lines = [
        f'{{"id": "e{number}", "at": "2026-05-01T08:00:00Z", "bill": {{"cost": {cost:f}}}}}'
        for number, cost in enumerate(costs)
    ]
    landing.write("metered", "2026-05-01", lines, tenant="acme")
    land("2026-05-01")
    assert [cost for _, cost in rows(storage, LANDED_EVENTS, "landing_line", "reported_cost")] == costs
