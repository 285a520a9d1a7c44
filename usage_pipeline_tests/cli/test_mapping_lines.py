"""`mapping try`: what it says of lines and events, of the fields that no column takes, and of repeated ids."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage


@pytest.fixture(scope="module")
def settings(deploy: Callable[..., Storage]) -> Settings:
    """Those of a deployment without files."""
    return deploy(lambda _: None).settings


@pytest.fixture
def try_lines(call: Callable[..., str], tmp_path: Path) -> Callable[..., str]:
    """Tries a format on lines, and returns what is printed."""

    def print_trial(lines: list[dict[str, Any]], source_format: str, form: str = "json") -> str:
        (tmp_path / "tried.yaml").write_text(source_format)
        (tmp_path / "tried.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        place = (str(tmp_path / "tried.jsonl"), "--mapping", str(tmp_path / "tried.yaml"))
        return call("mapping", "try", *place, "--format", form)

    return print_trial


ANSWERS = """
description: Answers that are written again while they grow.
format: jsonl
identity: [$.id]
type: {constant: request}
repeats: greatest of tokens_out
times: {occurred_at: {field: $.at, format: iso}}
fields: {tokens_out: $.out}
"""
CALLS = """
description: Calls.
format: jsonl
each: $.groups[*].calls[*]
identity: [$.id]
tenant: $line.org.id
type: {constant: request}
times: {occurred_at: {field: {constant: "2026-05-01T08:00:00Z"}, format: iso, offset: {field: $.t, unit: s}}}
fields:
  tokens_in: $.usage.in
  currency: {constant: USD}
  model: [$.model, {constant: m}]
  status: $line.groups[*].state
  reported_cost: $.price.parts[0].cost
"""


def call_of(record_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": record_id, "t": 1, **fields}


def line_of(*calls: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"org": {"id": "acme"}, "groups": [{"calls": list(calls)}], **fields}


def test_unread_fields_are_named_by_paths_that_can_be_copied(try_lines: Callable[..., str]) -> None:
    unread = {"usage": {"in": 5, "total": 9, "by kind": {"a": 1}}, "more": {"b": 2}, "tools": [{"in": 3}]}
    group = {"state": "ok", "retries": 2, "spans": [1], "calls": [call_of("a", **unread), call_of("b", more=1)]}
    line = {"org": {"id": "acme", "name": "A"}, "groups": [group, group], "tools": [{"in": 3}], "trace": {"c": 1}}
    found = json.loads(try_lines([line], CALLS))
    assert {row["field"]: row["records"] for row in found["unmapped"]} == {
        "$.usage.total": 2,
        '$.usage."by kind"': 2,
        "$.more": 4,
        "$.tools[*]": 2,
    }
    assert found["unmapped_around"] == [
        {"field": "$line.groups[*].spans[*]", "lines": 1},
        {"field": "$line.tools[*]", "lines": 1},
        {"field": "$line.org.name", "lines": 1},
        {"field": "$line.groups[*].retries", "lines": 1},
        {"field": "$line.trace", "lines": 1},
    ]


def test_unread_fields_around_events_in_lists_of_lists_are_named(try_lines: Callable[..., str]) -> None:
    calls = CALLS.replace("groups[*]", "groups[*][*]")
    group = {"state": "ok", "retries": 2, "calls": [call_of("a")]}
    found = json.loads(try_lines([{"org": {"id": "acme"}, "groups": [[group], []]}], calls))
    assert found["unmapped_around"] == [{"field": "$line.groups[*][*].retries", "lines": 1}]


def test_constants_are_shown_like_fields(try_lines: Callable[..., str]) -> None:
    found = json.loads(try_lines([line_of(call_of("a"))], CALLS))
    fields = {row["column"]: row["field"] for row in found["columns"]}
    assert {name: fields[name] for name in ("type", "currency", "occurred_at", "model", "tenant_id")} == {
        "type": "{constant: request}",
        "currency": "{constant: USD}",
        "occurred_at": "{constant: 2026-05-01T08:00:00Z} + $.t",
        "model": "$.model or {constant: m}",
        "tenant_id": "$line.org.id",
    }


def test_repeated_ids_are_duplicates_or_conflicts_of_a_line(try_lines: Callable[..., str]) -> None:
    lines = [line_of(call_of("a")), line_of(call_of("b"), call_of("c")), line_of(call_of("c"), call_of("a", t=2))]
    found = json.loads(try_lines(lines, CALLS))
    assert [(record["record_id"], record["landing_event"], record["outcome"]) for record in found["records"]] == [
        ("a", 1, "record"),
        ("b", 1, "record"),
        ("c", 2, "record"),
        ("c", 1, "duplicate of event 2 of line 2"),
        ("a", 2, "conflict with event 1 of line 1"),
    ]
    assert (found["accepted"], found["duplicates"], found["conflicts"]) == (5, 1, 1)


def test_the_tables_say_how_many_rows_they_leave_out(try_lines: Callable[..., str]) -> None:
    lines = [line_of(call_of(f"c{number}"), {"id": f"d{number}"}) for number in range(11)]
    printed = try_lines(lines, CALLS, "table")
    titles = [line.strip() for line in printed.splitlines()]
    assert [title for title in titles if "10 of" in title] == ["Rejected lines, 10 of 11", "Records, 10 of 11"]


def test_the_tables_number_events_within_their_lines(try_lines: Callable[..., str]) -> None:
    printed = try_lines([line_of(call_of("a"), {"id": "b"})], CALLS, "table")
    rejected = printed[printed.index("Rejected lines") :].splitlines()
    assert rejected[2].split()[:3] == ["landing_line", "landing_event", "reason"]
    assert rejected[4].split()[:3] == ["1", "2", "missing_occurred_at"]


def test_a_trial_says_how_many_superseded_lines_could_not_be_compared(try_lines: Callable[..., str]) -> None:
    answers = [{"id": "a", "at": "2024-05-01T08:00:00Z", "out": out} for out in (3, 1, None)]
    printed = try_lines(answers, ANSWERS, "table")
    assert "1 accepted, 0 rejected, 2 superseded, 1 superseded without a number" in printed


def test_skipped_and_superseded_lines_are_shown_with_what_decided(try_lines: Callable[..., str]) -> None:
    calls = CALLS.replace("type: {", "repeats: greatest of tokens_out\ntype: {").replace("usage.in", "x")
    calls = calls.replace("fields:", "fields:\n  tokens_out: $.usage.out")
    lines = [line_of(call_of("a", usage={"out": 3}), call_of("a")), {"id": "b"}]
    rows = json.loads(try_lines(lines, calls))["set_aside"]
    assert [(row["landing_line"], row["landing_event"], row["verdict"], row["decided_by"]) for row in rows] == [
        (1, 2, "superseded", "event 1 of line 1"),
        (2, 1, "skipped", "each: no event at $.groups[*].calls[*]"),
    ]
