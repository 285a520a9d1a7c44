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
from usage_pipeline_tests.support import Landing, prompt, reject_reasons, rows

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


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("12", 12),
        ('"12"', 12),
        ("12.0", 12),
        ('"12.00"', 12),
        ("0", 0),
        ('"007"', 7),
        ("999999999999999", 999_999_999_999_999),
        ("null", None),
        ('""', None),
    ],
)
def test_token_count(storage: Storage, landing: Landing, land: Land, text: str, tokens: int | None) -> None:
    landing.write("persona", "2026-05-01", [persona_line(text)])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "tokens_in") == [(tokens,)]


@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
def test_what_is_no_token_count_is_rejected(storage: Storage, landing: Landing, land: Land, text: str) -> None:
    landing.write("persona", "2026-05-01", [persona_line(text)])
    land("2026-05-01")
    assert reject_reasons(storage) == [(1, "invalid_tokens_in")]


@pytest.fixture
def read_field(
    storage: Storage, landing: Landing, land: Land, add_mapping: Callable[[str, str], Path]
) -> Callable[[str, str, str], object]:
    """Lands a line with this text in place of a value; the column as landed, or the reject reason."""

    def read(line: str, text: str, column: str) -> object:
        add_mapping("metered", METERED)
        start = '{"id": "e1", "at": "2026-05-01T08:00:00Z", '
        landing.write("metered", "2026-05-01", [start + line.replace("?", text) + "}"], tenant="acme")
        land("2026-05-01")
        found = rows(storage, LANDED_EVENTS, column)
        return found[0][0] if found else reject_reasons(storage)[0][1]

    return read


@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
@pytest.mark.parametrize("line", ['"bill": {"cost": ?}', '"bill":{"cost":?}', '"bill": {"cost": "?"}'])
def test_reported_cost_is_kept_exactly_as_written(
    read_field: Callable[[str, str, str], object], line: str, text: str
) -> None:
    assert read_field(line, text, "reported_cost") == Decimal(text)


def test_credits_under_a_name_with_a_space_are_kept_exactly(
    read_field: Callable[[str, str, str], object],
) -> None:
    text = "12.345678901234567890123"
    assert read_field('"credits used": ?', text, "reported_credits") == Decimal(text)


@pytest.mark.parametrize(
    "text", ["-0.1", "10000000000000", '"1,5"', '"$1"', '"NaN"', '"Infinity"', "false", '"1.2.3"']
)
def test_what_is_no_cost_is_rejected(read_field: Callable[[str, str, str], object], text: str) -> None:
    assert read_field('"bill": {"cost": ?}', text, "reported_cost") == "invalid_reported_cost"


@pytest.mark.parametrize(("text", "milliseconds"), [("1840", 1840), ("1840.999", 1840), ('"0.9"', 0)])
def test_a_duration_is_cut_off_to_the_millisecond(
    read_field: Callable[[str, str, str], object], text: str, milliseconds: int
) -> None:
    assert read_field('"took": ?', text, "duration_ms") == milliseconds


def test_a_text_that_looks_like_a_cost_is_not_altered(read_field: Callable[[str, str, str], object]) -> None:
    text = json.dumps('a "cost": 0.12345678901234567890 b')
    assert json.loads(str(read_field('"note": ?', text, "meta")))["note"] == json.loads(text)


COSTS = st.decimals(min_value=0, max_value=10**13 - 1, places=24)


@hypothesis_settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(costs=st.lists(COSTS, min_size=1, max_size=30))
def test_any_cost_with_up_to_24_decimal_places_is_kept_exactly(
    storage: Storage,
    landing: Landing,
    land: Land,
    add_mapping: Callable[[str, str], Path],
    costs: list[Decimal],
) -> None:
    add_mapping("metered", METERED)
    lines = [
        f'{{"id": "e{number}", "at": "2026-05-01T08:00:00Z", "bill": {{"cost": {cost:f}}}}}'
        for number, cost in enumerate(costs)
    ]
    landing.write("metered", "2026-05-01", lines, tenant="acme")
    land("2026-05-01")
    assert [cost for _, cost in rows(storage, LANDED_EVENTS, "landing_line", "reported_cost")] == costs
