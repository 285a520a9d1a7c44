"""Fields within lists, attributes by key, and texts that are JSON; and fields that `meta` leaves out."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import yaml

from usage_pipeline_tests.events.each import CALLS, Became

LandEach = Callable[..., dict[str, Became]]


def column(became: dict[str, Became], name: str) -> dict[str, Any]:
    return {line: found[name] for line, found in became.items()}


def test_an_element_of_a_list_is_a_field(land_calls: LandEach) -> None:
    lines = {
        "a": {"steps": [{"model": {"name": "m1"}}, {"model": {"name": "m2"}}]},
        "b": {"steps": [{"model": {"name": "m1"}}]},
        "c": {"steps": "m"},
        "d": {"steps": [[], "x"]},
        "e": {},
    }
    became = land_calls(lines, fields={"model": "$.steps[1].model.name"})
    assert column(became, "model") == {"a": "m2", "b": None, "c": None, "d": None, "e": None}


def test_a_list_of_which_an_element_is_read_is_not_kept(land_calls: LandEach) -> None:
    line = {"choices": [{"text": "secret"}], "out": {"list": ["a", "b"], "n": 1}}
    keys = {"content": {"response": "$.choices[0].text"}, "fields": {"model": "$.out.list[1]"}}
    became = land_calls({"a": line}, **keys)["a"]
    assert (became["model"], json.loads(became["meta"])) == ("b", {"out": {"n": 1}})


ATTRIBUTES = [
    {"key": "app.model", "value": {"stringValue": "gpt-4o"}},
    {"key": "tokens", "value": {"intValue": "100"}},
    {"key": "cost", "value": {"doubleValue": 0.000165}},
    {"key": "cached", "value": {"boolValue": True}},
    {"key": "plain", "value": 7},
    {"key": "agent", "value": {"name": {"first": "x"}}},
    {"key": "tokens", "value": {"intValue": "200"}},
    {"key": "empty", "value": {"stringValue": ""}},
    "no pair",
]
READ = {
    "model": '$.attributes["app.model"]',
    "tokens_in": '$.attributes["tokens"]',
    "reported_cost": '$.attributes["cost"]',
    "status": '$.attributes["cached"]',
    "tokens_out": '$.attributes["plain"]',
    "agent": '$.attributes["agent"].name.first',
    "project": ['$.attributes["empty"]', '$.attributes["none"]', {"constant": "shop"}],
}


def test_an_attribute_is_found_by_its_key(land_calls: LandEach) -> None:
    became = land_calls({"a": {"attributes": ATTRIBUTES}}, fields=READ)["a"]
    assert {name: became[name] for name in READ} == {
        "model": "gpt-4o",
        "tokens_in": 100,
        "reported_cost": Decimal("0.000165"),
        "status": "true",
        "tokens_out": 7,
        "agent": "x",
        "project": "shop",
    }
    assert became["meta"] is None


@pytest.mark.parametrize("attributes", [None, [], "x", {"key": "tokens"}, [{"key": "tokens"}], [7]])
def test_an_attribute_that_is_not_there_is_absent(land_calls: LandEach, attributes: object) -> None:
    became = land_calls({"a": {"attributes": attributes}}, fields={"tokens_in": '$.attributes["tokens"]'})["a"]
    assert became["tokens_in"] is None


DETAILS = [
    {"modality": "TEXT", "tokenCount": 12},
    "no object",
    {"modality": "IMAGE", "tokenCount": 258, "sizes": {"list": ["s", "l"]}},
    {"modality": "IMAGE", "tokenCount": 7},
    {"modality": "no count"},
    {"modality": "no count", "tokenCount": 9},
]


def test_an_element_is_found_by_the_text_of_a_field_and_the_first_counts(land_calls: LandEach) -> None:
    read = {
        "tokens_in": "$.usage.details[modality=TEXT].tokenCount",
        "api_calls": "$.usage.details[modality=IMAGE].tokenCount",
        "tool_calls": "$.usage.details[modality=AUDIO].tokenCount",
        "tokens_out": '$.usage.details[modality="no count"].tokenCount',
        "model": "$.usage.details[modality=IMAGE].sizes.list[1]",
        "bytes": {"sum": ["$.usage.details[tokenCount=7].tokenCount", "$.usage.more"]},
    }
    became = land_calls({"a": {"usage": {"details": DETAILS, "more": 1, "rest": 2}}}, fields=read)["a"]
    assert {name: became[name] for name in (*read, "meta")} == {
        "tokens_in": 12,
        "api_calls": 258,
        "tool_calls": None,
        "tokens_out": None,
        "model": "l",
        "bytes": 8,
        "meta": '{"usage":{"rest":2}}',
    }


def test_an_element_of_a_list_around_an_event_is_found(land_each: LandEach) -> None:
    keys = {"each": "$.groups[*].calls[*]", "fields": {"model": "$line.groups[*].tags[kind=model].name"}}
    group = {
        "tags": [{"kind": "x", "name": "y"}, {"kind": "model", "name": "m"}],
        "calls": [{"id": "a", "at": "2026-05-01T08:00:00Z"}],
    }
    became = land_each("calls", {"a": {"groups": [group]}}, yaml.safe_dump({**CALLS, **keys}))["a"]
    assert became["model"] == "m"


@pytest.mark.parametrize("details", [None, [], "x", {"modality": "TEXT", "n": 1}, [{"modality": ["TEXT"]}], [7]])
def test_an_element_that_is_not_there_is_absent(land_calls: LandEach, details: object) -> None:
    became = land_calls({"a": {"details": details}}, fields={"tokens_in": "$.details[modality=TEXT].n"})["a"]
    assert became["tokens_in"] is None


def test_an_amount_with_many_digits_is_exact_within_an_attribute(land_each: LandEach) -> None:
    pair = '{"key":"cost","value":{"doubleValue":0.000123456789012345678901}}'
    line = f'{{"id":"a","at":"2026-05-01T08:00:00Z","attributes":[{pair}]}}'
    source_format = yaml.safe_dump({**CALLS, "fields": {"reported_cost": '$.attributes["cost"]'}})
    became = land_each("calls", {"a": line}, source_format)["a"]
    assert became["reported_cost"] == Decimal("0.000123456789012345678901")


def test_a_text_that_is_json_is_read_like_an_object(land_calls: LandEach) -> None:
    lines = {
        "a": {"metadata": json.dumps({"team": "x", "usage": {"in": 5}, "rest": [1]})},
        "b": {"metadata": {"team": "y", "usage": {"in": 6}}},
        "c": {"metadata": '{"team": "z"'},
        "d": {"metadata": '{"team": "z", "n": NaN}'},
        "e": {"metadata": "7"},
        "f": {"metadata": ""},
    }
    fields = {"project": "$.metadata.team", "tokens_in": "$.metadata.usage.in"}
    became = land_calls(lines, parse=["$.metadata"], fields=fields)
    assert column(became, "project") == {"a": "x", "b": "y", "c": None, "d": None, "e": None, "f": None}
    assert column(became, "tokens_in") == {"a": 5, "b": 6, "c": None, "d": None, "e": None, "f": None}
    assert column(became, "meta") == {
        "a": '{"metadata":{"rest":[1]}}',
        **dict.fromkeys("bcdef"),
    }


def test_json_within_json_texts_is_opened_in_the_order_given(land_calls: LandEach) -> None:
    line = {"metadata": json.dumps({"more": json.dumps({"chat": ["c0", "c1"]})})}
    parse = ["$.metadata", "$.metadata.more"]
    became = land_calls({"a": line}, parse=parse, fields={"conversation_id": "$.metadata.more.chat[1]"})["a"]
    assert (became["conversation_id"], became["meta"]) == ("c1", None)


def test_an_amount_with_many_digits_is_exact_within_a_text(land_calls: LandEach) -> None:
    line = {"metadata": '{"cost": 0.000123456789012345678901}'}
    became = land_calls({"a": line}, parse=["$.metadata"], fields={"reported_cost": "$.metadata.cost"})["a"]
    assert became["reported_cost"] == Decimal("0.000123456789012345678901")


def test_ignored_fields_are_not_kept_and_make_no_conflict(land_calls: LandEach) -> None:
    lines = {"a": {"id": "x", "trace": {"a": 1}, "sdk": {"v": 1, "os": "l"}}, "b": {"id": "x", "sdk": {"os": "l"}}}
    became = land_calls(lines, ignore=["$.trace", "$.sdk.v"])
    assert column(became, "meta") == dict.fromkeys("ab", '{"sdk":{"os":"l"}}')
    assert became["a"]["payload_digest"] == became["b"]["payload_digest"]
