"""Sums and counts over lists: of all elements, of those whose field has a text, and of lists in lists."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline_tests.events.each import CALLS, Became

LandEach = Callable[..., dict[str, Became]]


def column(became: dict[str, Became], name: str) -> dict[str, Any]:
    """By line the value of a column, or the reason of a reject, what was found and what was expected."""
    return {line: found[name] if found.row else rejected(found) for line, found in became.items()}


def rejected(found: Became) -> tuple[str, str, str]:
    assert found.reject is not None
    return found.reject["reason"], found.reject["found"], found.reject["expected"]


TOOL, SAID = {"type": "tool_use", "name": "find"}, {"type": "text", "text": "So"}


def test_elements_are_counted(land_calls: LandEach) -> None:
    lines: dict[str, Any] = {
        "all": {"parts": [TOOL, SAID, 7, "x"]},
        "none": {"parts": []},
        "absent": {},
        "null": {"parts": None},
        "nulls and empty texts": {"parts": [None, "", TOOL]},
        "a text": {"parts": "a message without parts [1]"},
        "JSON in a text": {"parts": "[1]"},
        "an object": {"parts": TOOL},
        "a number": {"parts": 7},
    }
    no_list = ("invalid_tool_calls", "no list", "a list")
    assert column(land_calls(lines, fields={"tool_calls": {"count_of": "$.parts[*]"}}), "tool_calls") == {
        "all": 4,
        "none": 0,
        "absent": 0,
        "null": 0,
        "nulls and empty texts": 1,
        "a text": 0,
        "JSON in a text": no_list,
        "an object": no_list,
        "a number": no_list,
    }


def test_elements_whose_field_has_a_text_are_counted(land_calls: LandEach) -> None:
    lines: dict[str, Any] = {
        "two": {"parts": [TOOL, SAID, TOOL, "tool_use", {"type": ["tool_use"]}]},
        "none": {"parts": [SAID]},
        "an object": {"parts": TOOL},
    }
    became = land_calls(lines, fields={"tool_calls": {"count_of": "$.parts[type=tool_use]"}})
    assert column(became, "tool_calls") == {
        "two": 2,
        "none": 0,
        "an object": ("invalid_tool_calls", "no list", "a list"),
    }


def test_numbers_are_added(land_calls: LandEach) -> None:
    lines: dict[str, Any] = {
        "some": {"parts": [{"in": 7}, {"in": "5"}, {"in": 12.0}, {"out": 3}, {"in": None}, 8]},
        "none is there": {"parts": [{"out": 3}]},
        "an empty list": {"parts": []},
        "no list": {"parts": 8},
        "no number": {"parts": [{"in": 7}, {"in": "x"}, {"in": -1}]},
        "too large": {"parts": [{"in": 999_999_999_999_999}, {"in": 1}]},
    }
    expected = "a list, and in it a whole number, 0 or more, of at most 15 digits"
    assert column(land_calls(lines, fields={"tokens_in": {"sum_of": "$.parts[*].in"}}), "tokens_in") == {
        "some": 24,
        "none is there": None,
        "an empty list": None,
        "no list": ("invalid_tokens_in", "no list", expected),
        "no number": ("invalid_tokens_in", "x + -1", expected),
        "too large": ("invalid_tokens_in", "1000000000000000", expected),
    }


def test_a_sum_of_decimals_is_exact_and_never_breaks_the_file(land_each: LandEach) -> None:
    def line(*costs: str) -> str:
        listed = ",".join(f'{{"usd":{cost}}}' for cost in costs)
        return f'{{"id":"a","at":"2026-05-01T08:00:00Z","costs":[{listed}]}}'

    lines = {
        "exact": line("1.5e-05", '"0.1"', "0.123456789012345678901234"),
        "the greatest": line("5000000000000", '"4999999999999.999999"'),
        "too large": line(*["9000000000000"] * 100),
    }
    summed = yaml.safe_dump({**CALLS, "fields": {"reported_cost": {"sum_of": "$.costs[*].usd"}}})
    found = column(land_each("calls", lines, summed), "reported_cost")
    assert found["exact"] == Decimal("0.223471789012345678901234")
    assert found["the greatest"] == Decimal("9999999999999.999999")
    assert found["too large"][0] == "invalid_reported_cost"


def test_lists_in_lists_are_read_through(land_calls: LandEach) -> None:
    step = {"calls": [{"tokens": 2, "kind": "chat"}, {"tokens": 5, "kind": "embedding"}]}
    lines: dict[str, Any] = {
        "all": {"turns": [{"steps": [step, {}]}, {"steps": [step, {"calls": []}]}], "grid": [[1, 2], [], [3, ""]]},
        "no list within": {"turns": [{"steps": [{"calls": 7}]}]},
    }
    fields = {
        "tokens_in": {"sum_of": "$.turns[*].steps[*].calls[kind=chat].tokens"},
        "tool_calls": {"count_of": "$.grid[*][*]"},
    }
    became = land_calls(lines, fields=fields)
    assert column(became, "tokens_in") == {
        "all": 4,
        "no list within": (
            "invalid_tokens_in",
            "no list",
            "a list, and in it a whole number, 0 or more, of at most 15 digits",
        ),
    }
    assert became["all"]["tool_calls"] == 3


def test_sums_and_counts_are_values_like_others(land_calls: LandEach) -> None:
    lines: dict[str, Any] = {
        "a": {"parts": [{"in": 1, "s": 0.0015}, {"in": 2, "s": "1"}], "more": 4, "reply": [{"calls": [7, 8]}]},
        "b": {"more": 4},
    }
    became = land_calls(
        lines,
        fields={
            "tokens_in": {"sum": [{"sum_of": "$.parts[*].in"}, "$.more"]},
            "tokens_out": {"field": {"sum_of": "$.parts[*].out"}, "default": "0"},
            "latency_ms": {"field": {"sum_of": "$.parts[*].s"}, "unit": "s"},
            "tool_calls": ["$.calls", {"count_of": "$.reply[0].calls[*]"}],
        },
    )
    names = ("tokens_in", "tokens_out", "latency_ms", "tool_calls")
    assert {line: tuple(found[name] for name in names) for line, found in became.items()} == {
        "a": (7, 0, 1001, 2),
        "b": (4, 0, None, 0),
    }


def test_a_list_that_is_read_is_not_kept_in_meta(land_calls: LandEach) -> None:
    lines = {"a": {"parts": [{"in": 1, "note": "n"}], "reply": {"parts": [1], "other": 2}}}
    fields = {"tokens_in": {"sum_of": "$.parts[*].in"}, "tool_calls": {"count_of": "$.reply.parts[*]"}}
    assert column(land_calls(lines, fields=fields), "meta") == {"a": '{"reply":{"other":2}}'}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"fields": {"tokens_in": "$.parts[*].in"}},
            "fields.tokens_in: '$.parts[*].in' is not a JSON path; expected {sum_of: $.parts[*].in} for the sum",
        ),
        (
            {"fields": {"tokens_in": {"sum_of": "$.parts.in"}}},
            "fields.tokens_in.sum_of: '$.parts.in' is no path through lists; expected `$.calls[*].tokens`",
        ),
        ({"fields": {"tokens_in": {"count_of": ["$.a[*]"]}}}, "expected a path to the values in lists, such as"),
        (
            {"each": "$.calls[*]", "fields": {"tool_calls": {"count_of": "$line.tools[*]"}}},
            "'$line.tools[*]' is no path through lists within the event",
        ),
        (
            {"fields": {"model": {"count_of": "$.a[*]"}}},
            "fields.model: a count is a number, and no number is expected here; `join` joins texts",
        ),
        (
            {"format": "csv", "identity": ["id"], "fields": {"tokens_in": {"sum_of": "$.a[*]"}}},
            "'$.a[*]' leads into a list, and the columns of CSV files have none",
        ),
    ],
)
def test_a_path_that_cannot_be_read_is_an_error(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    (tmp_path / "calls.yaml").write_text(yaml.safe_dump({**CALLS, **changes}))
    with pytest.raises(FormatError) as error:
        load_format(tmp_path / "calls.yaml")
    assert told in str(error.value)
