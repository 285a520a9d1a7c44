"""Lines that hold several events: each is a record of its own, numbered within its line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.records.tables import EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, files, rows

Land = Callable[[str], None]
TIME = "2026-05-01T08:00:00Z"
SPANS: dict[str, Any] = {
    "description": "Spans.",
    "format": "jsonl",
    "each": "$.scopes[*].spans[*]",
    "identity": ["$.id"],
    "tenant": "$line.tenant",
    "type": {"constant": "request"},
    "times": {"occurred_at": {"field": "$.at", "format": "iso"}},
    "fields": {
        "project": "$line.scopes[*].name",
        "feature": '$line.scopes[*].attributes["feature"]',
        "tokens_in": "$.in",
    },
    "content": {"prompt": "$.text"},
}


@pytest.fixture
def add_spans(add_format: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Adds the format of spans, with these keys changed."""
    return lambda **changes: add_format("spans", yaml.safe_dump({**SPANS, **changes}))


def span(record_id: str, **fields: object) -> dict[str, Any]:
    return {"id": record_id, "at": TIME, "in": 5, **fields}


def line(*scopes: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A line with a scope of these spans each, named a, b and so on."""
    return {"tenant": "acme", "scopes": [scope(*found) for found in zip("abcd", scopes, strict=False)]}


def scope(name: str, spans: list[dict[str, Any]] | None) -> dict[str, Any]:
    attributes = [{"key": "feature", "value": {"stringValue": f"of {name}"}}]
    return {"name": name, "attributes": attributes, "spans": spans}


def tally(storage: Storage) -> tuple[int, int, int, int, int]:
    """Lines, further events, skipped, accepted and rejected of the file, which must come out even."""
    file = files(storage)["events.jsonl"]
    assert file.lines + file.further_events == file.blank + file.skipped + file.accepted + file.rejected
    return file.lines, file.further_events, file.skipped, file.accepted, file.rejected


def test_each_element_is_an_event_with_values_of_what_it_lies_in(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    landing.write("spans", "2026-05-01", [line([span("s1"), span("s2")], [span("s3")]), line([span("s4")])])
    land("2026-05-01")
    names = ("record_id", "tenant_id", "project", "feature", "landing_line", "landing_event")
    assert rows(storage, LANDED_EVENTS, *names) == [
        ("s1", "acme", "a", "of a", 1, 1),
        ("s2", "acme", "a", "of a", 1, 2),
        ("s3", "acme", "b", "of b", 1, 3),
        ("s4", "acme", "a", "of a", 2, 1),
    ]
    assert tally(storage) == (2, 2, 0, 4, 0)


def test_events_lie_in_lists_that_lie_directly_in_lists(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    fields = {"project": "$line.rounds[*][*].name", "feature": "$line.app", "tokens_in": "$.in"}
    add_spans(each="$.rounds[*][*].spans[*]", fields=fields)
    two = [scope("a", [span("s1")]), scope("b", [span("s2"), span("s3")])]
    rounds: list[Any] = [two, [], None, scope("c", [])]
    landing.write("spans", "2026-05-01", [{"tenant": "acme", "app": "shop", "rounds": rounds}, {"rounds": [[]]}])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "project", "feature", "landing_event") == [
        ("s1", "a", "shop", 1),
        ("s2", "b", "shop", 2),
        ("s3", "b", "shop", 3),
    ]
    assert rows(storage, REJECTED_LINES, "landing_line", "landing_event", "reason") == [(1, 4, "not_a_list")]
    assert tally(storage) == (2, 3, 1, 3, 1)


def test_a_line_without_an_event_is_skipped(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    lines = [line([], None), {"scopes": []}, {"tenant": "acme"}, {"scopes": ""}, line([], [span("s1")])]
    landing.write("spans", "2026-05-01", lines)
    land("2026-05-01")
    assert tally(storage) == (5, 0, 4, 1, 0)


@pytest.mark.parametrize("scopes", [{"spans": []}, {}, 7, "spans", "[", True])
def test_what_is_there_and_is_no_list_is_rejected(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path], scopes: object
) -> None:
    add_spans()
    bad = {"tenant": "acme", "scopes": scopes}
    landing.write("spans", "2026-05-01", [bad, line([span("s1")])])
    land("2026-05-01")
    names = ("landing_line", "reason", "field", "expected", "raw")
    assert rows(storage, REJECTED_LINES, *names) == [
        (1, "not_a_list", "$.scopes[*].spans[*]", "a list", json.dumps(bad))
    ]
    assert tally(storage) == (2, 0, 0, 1, 1)


def test_a_list_that_is_none_costs_no_event_of_another(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    broken: Any = {"s2": span("s2")}
    landing.write("spans", "2026-05-01", [line([span("s1")], broken, [], [span("s3")])])
    land("2026-05-01")
    assert rows(storage, REJECTED_LINES, "landing_event", "reason") == [(2, "not_a_list")]
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_event") == [("s1", 1), ("s3", 3)]
    assert tally(storage) == (1, 2, 0, 2, 1)


@pytest.mark.parametrize("each", ["$.scopez[*].spans[*]", "$.scopes[*].spanz[*]"])
def test_a_file_in_which_each_leads_nowhere_is_quarantined(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path], each: str
) -> None:
    add_spans(each=each, fields={"tokens_in": "$.in"}, skip=[{"field": "$line.kind", "is": ["heading"]}])
    landing.write("spans", "2026-05-01", [{"kind": "heading"}, line([span("s1")]), line([span("s2")])])
    land("2026-05-01")
    file = files(storage)["events.jsonl"]
    told = f"`each` leads nowhere: none of its lines has a list at {each}. "
    told += "Correct the format, or release the file if it has no usage"
    assert (file.state, file.skipped, file.error) == ("quarantined", 3, told)


@pytest.mark.parametrize(
    "lines",
    [
        [{"kind": "heading"}],
        [line([])],
        [{"scopes": None}],
        [{"scopes": ""}],
        [line(None)],
        [{"kind": "other"}, {"scopes": []}],
        [{"kind": "other"}, line([span("s1")])],
        [line([span("s1", kind="heading")])],
        ["{"],
    ],
)
def test_a_file_counts_whose_lines_have_no_event_for_another_reason(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path], lines: list[Any]
) -> None:
    add_spans(skip=[{"field": "$line.kind", "is": ["heading"]}, {"field": "$.kind", "is": ["heading"]}])
    landing.write("spans", "2026-05-01", lines)
    land("2026-05-01")
    assert files(storage)["events.jsonl"].state == "landed"


def test_a_rejected_event_costs_no_other_and_is_shown_alone(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    bad = span("s2", at="yesterday")
    landing.write("spans", "2026-05-01", [line([span("s1"), bad, span("s3")]), "{", line([span("s4")])])
    land("2026-05-01")
    assert rows(storage, REJECTED_LINES, "landing_line", "landing_event", "reason", "raw") == [
        (1, 2, "invalid_occurred_at", json.dumps(bad, separators=(",", ":"))),
        (2, 1, "malformed_json", "{"),
    ]
    assert tally(storage) == (3, 2, 0, 3, 2)


def test_an_element_that_is_no_object_is_rejected(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    landing.write("spans", "2026-05-01", [json.dumps(line([span("s1")])).replace('[{"id"', '[7,null,{"id"')])
    land("2026-05-01")
    assert rows(storage, REJECTED_LINES, "landing_event", "reason") == [(1, "not_an_object"), (2, "not_an_object")]
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_event") == [("s1", 3)]


def test_an_event_is_skipped_by_its_own_fields(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans(skip=[{"field": "$.kind", "is": ["tool"]}])
    landing.write("spans", "2026-05-01", [line([span("s1", kind="tool"), span("s2")]), line([])])
    land("2026-05-01")
    assert tally(storage) == (2, 1, 2, 1, 0)


def test_meta_and_content_are_those_of_the_event(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    landing.write("spans", "2026-05-01", [line([span("s1", text="Why?", more=1), span("s2", text="How?")])])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id", "meta") == [("s1", '{"more":1}'), ("s2", None)]
    assert rows(storage, CONTENT, "landing_event", "prompt") == [(1, "Why?"), (2, "How?")]


def test_without_ids_each_event_is_a_record_by_its_position(
    storage: Storage, landing: Landing, run: Callable[[], object], add_spans: Callable[..., Path]
) -> None:
    add_spans(identity="position")
    landing.write("spans", "2026-05-01", [line([span("s"), span("s")]), line([span("s")])])
    run()
    places = [record_id.partition(":")[2] for (record_id,) in rows(storage, USAGE_RECORDS.spec, "record_id")]
    assert places == ["1:1", "1:2", "2:1"]


def test_of_events_of_one_line_with_one_id_the_first_counts(
    storage: Storage, landing: Landing, run: Callable[[], object], add_spans: Callable[..., Path]
) -> None:
    add_spans()
    spans = [span("s1", **{"in": tokens}) for tokens in (1, 2, 1)]
    landing.write("spans", "2026-05-01", [line([*spans, span("s2")])])
    run()
    assert rows(storage, USAGE_RECORDS.spec, "record_id", "tokens_in") == [("s1", 1), ("s2", 5)]
    assert rows(storage, EXCLUDED_EVENTS.spec, "landing_event", "verdict") == [(2, "conflict"), (3, "duplicate")]


def test_a_line_of_many_events_is_not_copied_for_each(
    storage: Storage, landing: Landing, land: Land, add_spans: Callable[..., Path]
) -> None:
    add_spans()
    landing.write("spans", "2026-05-01", [line([span(f"s{n}", text="x" * 1000) for n in range(5000)])])
    land("2026-05-01")
    assert tally(storage) == (1, 4999, 0, 5000, 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"each": "$.spans"}, "each: '$.spans' is no path to the elements of lists; expected `$.spans[*]`"),
        ({"each": None}, "tenant: '$line.tenant' leads through other lists than `each`"),
        (
            {"fields": {"project": "$line.other[*].name"}},
            "fields.project: '$line.other[*].name' leads through other lists than `each`; expected `$line.name`",
        ),
        ({"fields": {"project": "$.scopes[*].name"}}, "fields.project: '$.scopes[*].name' is not a JSON path"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(
    add_spans: Callable[..., Path], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(FormatError) as error:
        load_format(add_spans(**changes))
    assert told in str(error.value)
