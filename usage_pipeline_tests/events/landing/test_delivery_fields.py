"""Delivery fields: what they name does not make two lines of one id a conflict."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from usage_pipeline_tests.events.each import Became, Line

LandEach = Callable[..., dict[str, Became]]
CALLS: dict[str, Any] = {
    "description": "Calls.",
    "format": "jsonl",
    "identity": ["$.id"],
    "type": {"constant": "prompt"},
    "times": {
        "occurred_at": {"field": "$.at", "format": "iso"},
        "started_at": {"field": "$.begun", "format": "iso"},
    },
    "fields": {
        "model": ["$.model", "$.engine"],
        "status": "$.status",
        "tokens_in": "$.in",
        "tokens_cached": "$.cached",
        "tokens_out": "$.out",
    },
    "content": {"prompt": "$.question", "response": "$.answer", "note": "$.note"},
}
LINE = {
    "id": "a",
    "at": "2026-05-01T08:00:00Z",
    "begun": "2026-05-01T07:59:00Z",
    "model": "m",
    "status": "succeeded",
    "in": 10,
    "cached": 2,
    "out": 3,
    "question": "Why?",
    "answer": "So.",
    "note": "n",
    "attempt": 1,
    "sent": {"by": "x"},
}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "attempt": {"attempt": 2},
    "sent": {"sent": {"by": "y"}},
    "at": {"at": "2026-05-01T08:00:07Z"},
    "begun": {"begun": "2026-05-01T07:59:07Z"},
    "model": {"model": "other"},
    "status": {"status": "failed"},
    "in": {"in": 11},
    "cached": {"cached": 3},
    "out": {"out": 4},
    "question": {"question": "How?"},
    "answer": {"answer": "No."},
    "note": {"note": "o"},
}


@pytest.fixture(scope="module")
def same(land_each: LandEach) -> Callable[..., set[str]]:
    """The changes of a line that leave it equal, with these delivery fields."""

    def find(*delivery_fields: str, **keys: Any) -> set[str]:
        source_format = yaml.safe_dump({**CALLS, **keys, "delivery_fields": list(delivery_fields)})
        lines: dict[str, Line] = {name: {**LINE, **change} for name, change in CHANGES.items()}
        became = land_each("calls", lines, source_format)
        payloads = {name: found["payload_digest"] for name, found in became.items()}
        return {name for name, payload in payloads.items() if payload == payloads["nothing"]} - {"nothing"}

    return find


@pytest.mark.parametrize(
    ("named", "equal"),
    [
        pytest.param((), set(), id="none"),
        pytest.param(("$.attempt", "$.sent.by"), {"attempt", "sent"}, id="fields that nothing reads"),
        pytest.param(("occurred_at",), {"at"}, id="a time by column"),
        pytest.param(("$.at", "$.begun"), {"at", "begun"}, id="times by path"),
        pytest.param(("$.model",), {"model"}, id="one of several fields of a column"),
        pytest.param(("status",), {"status"}, id="a column that messages follow from"),
        pytest.param(("tokens_in",), {"in"}, id="tokens that the total follows from"),
        pytest.param(("$.out", "$.cached"), {"out", "cached"}, id="tokens by path"),
        pytest.param(("prompt",), {"question"}, id="a text by name"),
        pytest.param(("$.answer", "$.note"), {"answer", "note"}, id="texts by path"),
        pytest.param(("prompt", "response", "note"), {"question", "answer", "note"}, id="all texts"),
    ],
)
def test_what_a_delivery_field_names_may_differ(
    same: Callable[..., set[str]], named: tuple[str, ...], equal: set[str]
) -> None:
    assert same(*named) == equal


def test_input_that_includes_cached_tokens_follows_from_them(same: Callable[..., set[str]]) -> None:
    assert same("$.cached", input_includes_cached=False) == {"cached", "in"}


def test_what_only_skip_or_the_type_reads_makes_no_difference(land_calls: LandEach) -> None:
    keys = {
        "type": "$.kind",
        "types": {"a": "request", "b": "request", "c": "event"},
        "skip": [{"field": "$.state", "is": ["draft"]}],
    }
    lines = {name: {"id": "x", "kind": kind, "state": name} for name, kind in [("1", "a"), ("2", "b"), ("3", "c")]}
    became = land_calls(lines, **keys)
    digests = [became[name]["payload_digest"] for name in lines]
    assert (digests[0] == digests[1], digests[0] == digests[2]) == (True, False)
