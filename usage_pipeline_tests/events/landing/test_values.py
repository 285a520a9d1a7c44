"""What the forms of a value make of a line: fallbacks, defaults, new texts, sums, units, durations and offsets."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from usage_pipeline_tests.events.each import Became

LandEach = Callable[..., dict[str, Became]]
TIME = "2026-05-01T08:00:00Z"


def column(became: dict[str, Became], name: str) -> dict[str, Any]:
    """By line the value of a column, or the reason of a reject and what was found."""
    return {line: found[name] if found.row else rejected(found) for line, found in became.items()}


def rejected(found: Became) -> tuple[str, str | None]:
    assert found.reject is not None
    return found.reject["reason"], found.reject["found"]


def test_a_constant_stands_for_a_field_that_is_absent_or_empty(land_calls: LandEach) -> None:
    lines = {"a": {"model": "m"}, "b": {"model": ""}, "c": {"model": None, "engine": "e"}, "d": {}}
    became = land_calls(lines, fields={"model": ["$.model", "$.engine", {"constant": "unknown"}]})
    assert column(became, "model") == {"a": "m", "b": "unknown", "c": "e", "d": "unknown"}


def test_a_default_is_a_constant_behind_one_field(land_calls: LandEach) -> None:
    lines = {"a": {"out": 7}, "b": {"out": ""}, "c": {}, "d": {"out": "x"}}
    became = land_calls(lines, fields={"tokens_out": {"field": "$.out", "default": "0"}})
    assert column(became, "tokens_out") == {"a": 7, "b": 0, "c": 0, "d": ("invalid_tokens_out", "x")}


def test_tenant_and_identity_have_fallbacks(land_calls: LandEach) -> None:
    lines = {
        "a": {"id": None, "call": "c1", "team": "", "key": "ci"},
        "b": {"team": "globex"},
        "c": {"id": "", "step": 2, "job": "j"},
        "d": {"id": "", "job": "j"},
    }
    identity = [["$.id", "$.call", {"join": ["$.job", "$.step"]}]]
    became = land_calls(lines, folder=None, identity=identity, tenant=["$.team", "$.key", {"constant": "other"}])
    assert column(became, "record_id") == {"a": "c1", "b": "b", "c": "j:2", "d": ("missing_record_id", None)}
    assert column(became, "tenant_id") == {
        "a": "ci",
        "b": "globex",
        "c": "other",
        "d": ("missing_record_id", None),
    }


@pytest.mark.parametrize("tenant", [{"constant": "other"}, ["$.team", {"constant": "other"}]])
def test_a_constant_tenant_stands_behind_that_of_the_folder(land_calls: LandEach, tenant: object) -> None:
    assert column(land_calls({"a": {}}, tenant=tenant), "tenant_id") == {"a": "acme"}
    assert column(land_calls({"a": {}}, folder=None, tenant=tenant), "tenant_id") == {"a": "other"}


def test_texts_are_replaced_by_others_or_by_none(land_calls: LandEach) -> None:
    lines = {"a": {"s": "failure"}, "b": {"s": 200}, "c": {"s": "None"}, "d": {"s": "other"}, "e": {}}
    new = {"failure": "failed", "200": "succeeded", "None": None}
    became = land_calls(lines, fields={"status": {"field": "$.s", "map": new}})
    assert column(became, "status") == {"a": "failed", "b": "succeeded", "c": None, "d": "other", "e": None}


def test_a_default_stands_for_a_text_that_is_replaced_by_none(land_calls: LandEach) -> None:
    new = {"field": "$.s", "map": {"None": None}, "default": "unknown"}
    became = land_calls({"a": {"s": "None"}, "b": {"s": "x"}}, fields={"status": new})
    assert column(became, "status") == {"a": "unknown", "b": "x"}


def test_a_type_may_be_replaced_before_it_is_looked_up(land_calls: LandEach) -> None:
    lines = {"a": {"kind": "chat"}, "b": {}, "c": {"kind": "prompt"}, "d": {"kind": "x"}}
    kind = {"field": "$.kind", "map": {"chat": "prompt"}, "default": "event"}
    became = land_calls(lines, type=kind, types={"prompt": None, "event": None})
    assert column(became, "type") == {"a": "prompt", "b": "event", "c": "prompt", "d": ("unknown_type", "x")}


def test_a_sum_adds_the_numbers_that_are_there(land_calls: LandEach) -> None:
    lines = {
        "a": {"in": 10, "tool": 5},
        "b": {"in": "10", "tool": None},
        "c": {},
        "d": {"in": 10, "tool": "x"},
        "e": {"in": 999999999999999, "tool": 1},
        "f": {"in": 1.5, "tool": 1},
    }
    became = land_calls(lines, fields={"tokens_in": {"sum": ["$.in", "$.tool"]}})
    assert column(became, "tokens_in") == {
        "a": 15,
        "b": 10,
        "c": None,
        "d": ("invalid_tokens_in", "10 + x"),
        "e": ("invalid_tokens_in", "1000000000000000"),
        "f": ("invalid_tokens_in", "1.5 + 1"),
    }


def test_a_sum_of_amounts_is_exact(land_calls: LandEach) -> None:
    lines = {"a": {"in": 0.1, "out": "0.000000000000000000000002"}, "b": {"in": 1e-05, "out": 3}}
    became = land_calls(lines, fields={"reported_cost": {"sum": ["$.in", "$.out"]}})
    assert column(became, "reported_cost") == {
        "a": Decimal("0.100000000000000000000002"),
        "b": Decimal("3.00001"),
    }


def test_a_sum_has_fallbacks_and_is_one(land_calls: LandEach) -> None:
    lines = {"a": {"total": 9, "in": 1}, "b": {"in": 1, "out": 2}, "c": {"input": 4}}
    value = ["$.total", {"sum": [["$.in", "$.input"], "$.out"]}]
    assert column(land_calls(lines, fields={"tokens_total": value}), "tokens_total") == {"a": 9, "b": 3, "c": 4}


@pytest.mark.parametrize(
    ("unit", "durations"),
    [
        ("s", {1.376544: 1376, "0.0009": 0, 5e-05: 0, "1.5e-01": 150, 0: 0, "999999999999": 999999999999000}),
        ("ms", {912.9: 912, "7": 7}),
        ("us", {1999: 1, "2000.9": 2}),
        ("ns", {1376544000: 1376, 999999: 0}),
    ],
)
def test_a_duration_of_a_unit_becomes_milliseconds(
    land_calls: LandEach, unit: str, durations: dict[Any, int]
) -> None:
    lines = {str(written): {"took": written} for written in durations}
    became = land_calls(lines, fields={"latency_ms": {"field": "$.took", "unit": unit}})
    assert column(became, "latency_ms") == {str(written): value for written, value in durations.items()}


@pytest.mark.parametrize("took", [-1, "1 s", "x", "1000000000000", True, [1], "1e20"])
def test_a_duration_that_is_no_number_of_its_unit_is_rejected(land_calls: LandEach, took: object) -> None:
    became = land_calls({"a": {"took": took}}, fields={"latency_ms": {"field": "$.took", "unit": "s"}})["a"]
    assert became.rejected == (1, "invalid_latency_ms")
    assert became.reject is not None
    assert became.reject["expected"] == "seconds, 0 or more"


def test_a_duration_lies_between_two_times(land_calls: LandEach) -> None:
    lines = {
        "a": {"begun": 1777622400.1, "done": 1777622401.5},
        "b": {"begun": 1777622400, "done": "1777622400.0009"},
        "c": {"begun": 1777622401, "done": 1777622400},
        "d": {"done": 1777622400},
        "e": {"begun": "x", "done": 1777622400},
    }
    value = {"from": "$.begun", "to": "$.done", "format": "epoch_s"}
    assert column(land_calls(lines, fields={"duration_ms": value}), "duration_ms") == {
        "a": 1400,
        "b": 0,
        "c": None,
        "d": None,
        "e": ("invalid_duration_ms", "x to 1777622400"),
    }


@pytest.mark.parametrize(
    ("written", "time"),
    [
        (1777622400123456789, "2026-05-01T08:00:00.123456"),
        ("1777622400999999999", "2026-05-01T08:00:00.999999"),
        ("1777622400000000000.9", "2026-05-01T08:00:00"),
    ],
)
def test_nanoseconds_are_cut_to_the_microsecond(land_calls: LandEach, written: object, time: str) -> None:
    times = {"occurred_at": {"field": "$.ns", "format": "epoch_ns"}}
    assert land_calls({"a": {"ns": written}}, times=times)["a"]["occurred_at"] == datetime.fromisoformat(time)


def test_an_offset_may_be_a_sum_or_the_first_of_several(land_calls: LandEach) -> None:
    start = {"field": {"constant": "2026-05-01T00:00:00Z"}, "format": "iso"}
    offset = {"field": [{"sum": ["$.queued", "$.ran"]}, "$.after"], "unit": "s"}
    lines = {"a": {"queued": 1.25, "ran": 0.5}, "b": {"after": 3}, "c": {"queued": 1, "ran": "x"}, "d": {}}
    became = land_calls(lines, times={"occurred_at": {**start, "offset": offset}})
    assert (str(became["a"]["occurred_at"]), str(became["b"]["occurred_at"])) == (
        "2026-05-01 00:00:01.750000",
        "2026-05-01 00:00:03",
    )
    rejects = {name: became[name].reject for name in "cd"}
    assert {name: reject and (reject["reason"], reject["found"]) for name, reject in rejects.items()} == {
        "c": ("invalid_occurred_at", "2026-05-01T00:00:00Z + 1 + x s"),
        "d": ("missing_occurred_at", None),
    }


def test_a_sum_of_durations_keeps_their_fractions(land_calls: LandEach) -> None:
    seconds = {"field": {"sum": ["$.a", "$.b"]}, "unit": "s"}
    became = land_calls({"a": {"a": 1.5, "b": 0.7}}, fields={"latency_ms": seconds})["a"]
    assert became["latency_ms"] == 2200


def test_a_time_may_be_an_offset_to_a_start(land_calls: LandEach) -> None:
    start = {"field": ["$.start", {"constant": "2026-05-01 08:00"}], "format": "iso", "zone": "Europe/Berlin"}
    lines = {
        "a": {"after": 90.5},
        "b": {"after": "0.0000019", "start": "2026-05-01T00:00:00Z"},
        "c": {},
        "d": {"after": -1},
        "e": {"after": 1, "start": "x"},
        "f": {"after": 253402300800},
    }
    became = land_calls(lines, times={"occurred_at": {**start, "offset": {"field": "$.after", "unit": "s"}}})
    assert column(became, "occurred_at") == {
        "a": datetime.fromisoformat("2026-05-01T06:01:30.5"),
        "b": datetime.fromisoformat("2026-05-01T00:00:00.000001"),
        "c": ("missing_occurred_at", None),
        "d": ("invalid_occurred_at", "2026-05-01 08:00 + -1 s"),
        "e": ("invalid_occurred_at", "x + 1 s"),
        "f": ("invalid_occurred_at", "2026-05-01 08:00 + 253402300800 s"),
    }


def test_fields_of_every_form_are_taken_out_of_meta(land_calls: LandEach) -> None:
    fields = {
        "tokens_in": {"sum": ["$.in", "$.tool"]},
        "status": {"field": "$.s", "map": {"a": "b"}},
        "duration_ms": {"from": "$.at", "to": "$.done", "format": "iso"},
    }
    became = land_calls({"a": {"in": 1, "tool": 2, "s": "a", "done": TIME, "rest": 1}}, fields=fields)
    assert column(became, "meta") == {"a": '{"rest":1}'}
