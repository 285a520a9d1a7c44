"""Columns that a format requires: a line without one is rejected."""

from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline_tests.events.each import Became

LandEach = Callable[..., dict[str, Became]]
KEYS: dict[str, Any] = {
    "type": {"field": "$.kind", "default": "request"},
    "types": {"request": None, "cached_answer": None},
    "times": {
        "occurred_at": {"field": "$.at", "format": "iso"},
        "started_at": {"field": "$.begun", "format": "iso"},
    },
    "fields": {"model": "$.model", "tokens_in": {"sum": ["$.in", "$.more"]}, "tokens_out": "$.out"},
    "required": ["tokens_in", "model", "started_at"],
}
WHOLE = {"model": "m", "in": 1, "begun": "2026-05-01T07:00:00Z"}


@pytest.mark.parametrize(
    ("change", "reject"),
    [
        ({}, None),
        ({"in": None, "more": 0}, None),
        ({"in": None}, ("missing_tokens_in", "$.in + $.more", None)),
        ({"model": ""}, ("missing_model", "$.model", None)),
        ({"begun": None}, ("missing_started_at", "$.begun", None)),
        ({"in": None, "model": None}, ("missing_tokens_in", "$.in + $.more", None)),
        ({"in": "many"}, ("invalid_tokens_in", "$.in + $.more", "many")),
        ({"in": None, "kind": "cached_answer"}, None),
        ({"model": None, "kind": "cached_answer"}, ("missing_model", "$.model", None)),
    ],
)
def test_a_line_without_a_required_column_is_rejected(
    land_calls: LandEach, change: dict[str, Any], reject: tuple[str, str, str | None] | None
) -> None:
    became = land_calls({"a": {**WHOLE, **change}}, **KEYS)["a"].reject
    assert (became and (became["reason"], became["field"], became["found"])) == reject
